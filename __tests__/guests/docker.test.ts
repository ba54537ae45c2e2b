import { readFileSync } from "node:fs";
import { HOSTILE, LONG } from "../support/hostile";
import { composeFrom13 } from "./support/compose-from-13";
import type { Guest } from "./support/guest";
import { describeInGuests, proveRole } from "./support/proof";
import type { Release } from "./support/world";

/** Images come from nowhere here: one program, which can be a web server and a client. */
const BUSYBOX = readFileSync("/usr/bin/busybox").toString("base64");
/** Ends when it is told to, as the first process of a container must say for itself. */
const command = (program: string) => JSON.stringify(["sh", "-c", `trap exit TERM; ${program} & wait`]);
const importImages = (guest: Guest): Promise<string> =>
  guest.sh(`
    mkdir -p /tmp/image/bin /tmp/image/www /tmp/image/tmp
    base64 -d >/tmp/image/bin/busybox <<'END'\n${BUSYBOX}\nEND
    chmod 755 /tmp/image/bin/busybox
    for name in sh httpd wget sleep cat ls; do ln -s busybox /tmp/image/bin/$name; done
    echo ok >/tmp/image/www/_ping
    image() { tar -C /tmp/image -c . | docker import --change "CMD $2" - "$1" >/dev/null; }
    image local/sleep:1 '${command("sleep 1000000")}'
    image local/web:1 '${command("httpd -f -p 80 -h /www")}'
    image local/proxy:1 '${command("httpd -f -p 2375 -h /www")}'
    tar -C /tmp/image -c . | docker import --change 'CMD ${command("sleep 1000000")}' --change 'VOLUME /data' - local/db:1 >/dev/null`);

describeInGuests("Docker and what runs in it", (world) => {
  /** Guests with Docker and images, which the others begin with. */
  const engines = new Map<Release, Guest>();
  const from = async (release: Release): Promise<Guest> => {
    const engine = engines.get(release);
    if (!engine) throw new Error("the role docker has left no guest");
    return engine;
  };

  const DOCKER = { docker_source: "distribution", docker_user: "ann" };
  proveRole(world, "docker", {
    prepare: async (guest) => void (await composeFrom13(guest)),
    own: /^\/etc\/docker\/key\.json$/,
    variables: DOCKER,
    works: async (guest) => {
      const script =
        "docker version --format '{{.Server.Os}}'; docker compose version | cut -d ' ' -f 1-3; systemctl is-active docker; systemctl is-enabled docker; docker info --format '{{.LoggingDriver}} {{.Driver}}'; su ann -c 'docker ps --quiet'; cat /etc/docker/daemon.json";
      expect(await guest.sh(script)).toMatch(
        /^linux\nDocker Compose version\nactive\nenabled\njson-file overlay2\n\{(.*\n)+.*"max-size": "10m", "max-file": "3"/,
      );
    },
    changed: {
      variables: { ...DOCKER, docker_log_max_size: "20m" },
      says: ["/etc/docker/daemon.json", "docker restarted"],
      works: async (guest) => expect(await guest.sh("grep -c 20m /etc/docker/daemon.json")).toBe("1"),
    },
    failed: {
      variables: { ...DOCKER, docker_version: "0.0-nowhere" },
      says: /error: package docker\.io=0\.0-nowhere: .* apt-cache policy docker\.io/,
    },
    removed: {
      variables: { docker_source: "distribution" },
      says: [/changed: ann no longer in group docker/, /note: the account ann stays/],
      works: async (guest) => expect(await guest.sh("id -nG ann; systemctl is-active docker")).toBe("ann\nactive"),
    },
    keep: async (guest) => {
      await importImages(guest);
      engines.set(guest.release, guest);
    },
  });

  it("starts again what its restart has stopped, and not what somebody has stopped since", async () => {
    const guest = await world().copy(await from("13"));
    await guest.sh("docker run --detach --name job local/sleep:1");
    const restarted = { ...DOCKER, docker_log_max_size: "30m" };
    expect((await guest.apply("docker", restarted)).output).toContain(
      "changed: container job, which the restart has stopped, started",
    );
    expect(await guest.apply("docker", { ...restarted, docker_version: "0.0-nowhere" })).toMatchObject({ status: 1 });
    expect(await guest.sh("cat /var/lib/proxmox-lab/docker-owed")).toMatch(/^start [0-9a-f]{64} [0-9a-f]{32}$/);
    await guest.sh("docker stop job");
    const { output, status } = await guest.apply("docker", restarted);
    expect({ output, status }).toMatchObject({ status: 0, output: expect.stringContaining("done: 0 changed") });
    expect(await guest.sh("docker ps --quiet")).toBe("");
    await world().remove(guest);
  }, 300_000);

  const CANARY = "canary-compose-77ab";
  const shop = (more: object = {}, page = "hello\n") => ({
    compose_apps: {
      shop: {
        compose: {
          services: {
            web: {
              image: "local/web:1",
              environment: { TOKEN: "${TOKEN}" },
              volumes: ["./page.txt:/www/page.txt:ro"],
              healthcheck: {
                test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/page.txt"],
                interval: "1s",
              },
            },
            idle: { image: "local/sleep:1", environment: { LEVEL: "${LEVEL}" } },
          },
        },
        env: { TOKEN: { secret: "shop_token" }, LEVEL: "1" },
        files: { "page.txt": page },
        timeout: 60,
        ...more,
      },
    },
  });
  const SHOP = { shop_token: CANARY };
  const running = "docker ps --format '{{.Names}} {{.State}}' | sort";
  proveRole(world, "compose-app", {
    from,
    variables: shop(),
    secrets: SHOP,
    works: async (guest) => {
      const script = `${running}; docker inspect --format '{{.State.Health.Status}}' shop-web-1; docker exec shop-web-1 sh -c 'echo $TOKEN; wget -q -O - http://127.0.0.1/page.txt'; stat -c '%a %U' /opt/compose-apps/shop /opt/compose-apps/shop/.env`;
      expect(await guest.sh(script)).toBe(
        `shop-idle-1 running\nshop-web-1 running\nhealthy\n${CANARY}\nhello\n700 root\n600 root`,
      );
    },
    changed: {
      variables: shop({}, "bye\n"),
      secrets: SHOP,
      says: ["/opt/compose-apps/shop/page.txt", "shop up"],
      works: async (guest) =>
        expect(await guest.sh("docker exec shop-web-1 wget -q -O - http://127.0.0.1/page.txt")).toBe("bye"),
    },
    failed: {
      variables: shop({ compose: { services: { web: { image: "local/sleep:1", command: ["sh", "-c", "exit 3"] } } } }),
      secrets: SHOP,
      says: /error: shop did not come up: .* look in the guest: docker compose -p shop logs/s,
    },
    removed: {
      variables: { compose_apps: {} },
      says: [/changed: shop removed/],
      works: async (guest) => expect(await guest.sh(`${running}; ls /opt/compose-apps`)).toBe(""),
    },
  });

  it("hands variables and files to containers byte for byte, and runs nothing of them", async () => {
    const guest = await world().copy(await from("13"));
    const texts = [...HOSTILE, LONG];
    const named = (of: (text: string, index: number) => string) =>
      Object.fromEntries(texts.map((text, index) => [`V${index}`, of(text, index)]));
    const web = {
      image: "local/sleep:1",
      environment: named((_, index) => `\${V${index}}`),
      volumes: ["./files:/files:ro"],
    };
    const files = Object.fromEntries(texts.map((text, index) => [`files/${index}`, text]));
    const app = { compose: { services: { web } }, env: named((text) => text), files };
    expect(await guest.apply("compose-app", { compose_apps: { hostile: app } })).toMatchObject({ status: 0 });
    const environment = await guest.sh("docker exec hostile-web-1 cat /proc/1/environ | base64 -w 0");
    const seen = Buffer.from(environment, "base64").toString().split("\0");
    expect(seen).toEqual(expect.arrayContaining(Object.entries(app.env).map(([name, text]) => `${name}=${text}`)));
    const read = texts.map((_, index) => `docker exec hostile-web-1 cat /files/${index} | base64 -w 0; echo`);
    const contents = (await guest.sh(read.join("\n")))
      .split("\n")
      .map((line) => Buffer.from(line, "base64").toString());
    expect(contents).toEqual(texts);
    const script = "find / -xdev -name 'pwned*' ! -path '/proc/*'; docker exec hostile-web-1 ls / /www";
    expect(await guest.sh(script)).not.toContain("pwned");
    await world().remove(guest);
  }, 300_000);

  it("tells what stays up, or is done, from what does not, and shows no part of a secret", async () => {
    const guest = await world().copy(await from("13"));
    const [first, second] = ["canary-part1", "canary-part2"];
    const on = (action: "apply" | "check", services: object) =>
      guest[action](
        "compose-app",
        { compose_apps: { x: { compose: { services }, env: { P: { secret: "p" } }, timeout: 1 } } },
        { p: `${first}:${second}` },
      );
    const sleeps = { image: "local/sleep:1" };
    const exits = (status: number) => ({ ...sleeps, command: ["sh", "-c", `exit ${status}`] });
    const waits = { ...sleeps, depends_on: { job: { condition: "service_completed_successfully" } } };

    const done = { job: exits(0), web: waits, none: { ...sleeps, scale: 0 }, pair: { ...sleeps, scale: 2 } };
    expect((await on("apply", done)).output).toContain(
      "note: x: job exited (0), pair running, pair running, web running",
    );
    expect((await on("apply", done)).output).toContain("done: 0 changed");
    await guest.sh("docker container prune --force");
    expect(await on("check", done)).toMatchObject({ status: 0 });
    await guest.sh("docker stop --time 1 x-pair-2");
    expect((await on("check", done)).output).toMatch(/note: x: pair exited .*\n.*would change: x up/);

    const again = { web: { ...exits(3), restart: "always" } };
    const loop = await on("apply", again);
    expect(loop).toMatchObject({ status: 1 });
    // Compose itself sees it when it looks between two starts.
    expect(loop.output).toMatch(/error: x did not (stay|come) up.* now: web restarting/);
    expect(await on("check", again)).toMatchObject({ status: 2 });

    const refused = await on("apply", { web: { ...sleeps, ports: ["${P}"] } });
    const failed = await on("apply", { web: { ...sleeps, command: ["/${P}"] } });
    expect(refused.output).toContain("it accepts it with other values for variable P");
    expect(failed.output).toContain("error: x did not come up: no such file or directory");
    for (const part of [first, second]) expect(refused.output + failed.output).not.toContain(part);
    await world().remove(guest);
  }, 300_000);

  it("keeps volumes without a name when a change fails again, hands on what changes, and passes a port on", async () => {
    const guest = await world().copy(await from("13"));
    const apps = (token: string, port: number, db: object = {}) => ({
      compose_apps: {
        shop: {
          compose: {
            services: {
              db: { image: "local/db:1", ...db },
              web: { build: ".", secrets: ["token"], ports: [`${port}:80`], volumes: ["./page:/www/page:ro"] },
            },
            secrets: { token: { environment: "TOKEN" } },
          },
          env: { TOKEN: token },
          files: { page: "page", Dockerfile: `FROM local/web:1\nRUN echo ${token} >/www/built\n` },
          timeout: 20,
        },
        other: { compose: { services: { web: { image: "local/web:1", ports: [`${port + 1}:80`] } } }, timeout: 20 },
      },
    });
    const apply = async (...of: Parameters<typeof apps>) => guest.apply("compose-app", apps(...of));
    expect(await apply("one", 8001)).toMatchObject({ status: 0 });
    await guest.sh("docker exec shop-db-1 sh -c 'echo precious >/data/x'");
    const broken = { command: ["sh", "-c", "exit 3"] };
    for (const _ of [1, 2, 3]) expect(await apply("two", 8001, broken)).toMatchObject({ status: 1 });
    await guest.sh("echo other >/opt/compose-apps/shop/page; chmod 600 /opt/compose-apps/shop/page");
    expect(await apply("two", 8002)).toMatchObject({ status: 0 });
    expect(await guest.check("compose-app", apps("two", 8002))).toMatchObject({ status: 0 });
    const script = `docker exec shop-db-1 cat /data/x
      docker exec shop-web-1 cat /run/secrets/token /www/built /www/page`;
    expect(await guest.sh(script)).toBe("precious\ntwotwo\npage");
    await world().remove(guest);
  }, 300_000);

  const PASSWORD = "canary-redis-20f8";
  const AGENTS = {
    traefik_kop: {
      redis_address: "10.77.0.1:6379",
      redis_password: { secret: "redis_password" },
      bind_ip: "192.0.2.7",
      image: "local/sleep:1",
    },
    socket_proxy: { image: "local/proxy:1" },
    dockwatch: { image: "local/web:1" },
  };
  const REDIS = { redis_password: PASSWORD };
  proveRole(world, "service-agents", {
    from,
    variables: AGENTS,
    secrets: REDIS,
    works: async (guest) => {
      const script = `${running}; docker inspect --format '{{.State.Health.Status}}' service-agents-socket-proxy-1
        docker exec service-agents-dockwatch-1 wget -q -O - http://socket-proxy:2375/_ping
        docker exec service-agents-traefik-kop-1 sh -c 'echo $REDIS_PASS $BIND_IP $KOP_HOSTNAME'
        docker inspect --format '{{.HostConfig.CapDrop}} {{.HostConfig.ReadonlyRootfs}}' service-agents-socket-proxy-1
        ss -Hltn 'sport = :9999' | wc -l`;
      expect(await guest.sh(script)).toMatch(
        new RegExp(
          `^service-agents-dockwatch-1 running\nservice-agents-socket-proxy-1 running\nservice-agents-traefik-kop-1 running\nhealthy\nok\n${PASSWORD} 192\\.0\\.2\\.7 guest\n\\[ALL\\] true\n[12]$`,
        ),
      );
    },
    changed: {
      variables: { ...AGENTS, dockwatch: { ...AGENTS.dockwatch, port: 9998 } },
      secrets: REDIS,
      says: ["/opt/service-agents/.env", "service-agents up"],
      works: async (guest) => expect(await guest.sh("ss -Hltn 'sport = :9998' | wc -l")).toMatch(/^[12]$/),
    },
    failed: {
      variables: { ...AGENTS, dockwatch: { ...AGENTS.dockwatch, listen: "192.0.2.1" } },
      secrets: REDIS,
      says: /error: service-agents did not come up: /,
    },
    removed: {
      variables: { traefik_kop: { enabled: false }, dockwatch: { enabled: false } },
      says: [/changed: service-agents removed/, /these volumes stay: service-agents_dockwatch/],
      works: async (guest) => expect(await guest.sh(`${running}; ls -d /opt/service-agents 2>/dev/null || :`)).toBe(""),
    },
  });
});
