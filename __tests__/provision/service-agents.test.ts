import { spawnSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import role from "../../provision/service-agents/role";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { itUnless } from "../support/skip";

/** Plays Docker: what is up runs, and is as healthy as it can say. */
const DOCKER = `
echo "docker $*" >>/run/calls
services() { sed -n 's/^  \\(socket-proxy\\|traefik-kop\\|dockwatch\\):$/\\1/p' /opt/service-agents/compose.yaml; }
case "$*" in
  *" up "*) services | sed 's/$/ running 1 : Up 2 minutes/' >/run/state ;;
  *" down "*) rm -f /run/state ;;
  ps*) [ ! -f /run/state ] || cat /run/state ;;
esac
`;
const CANARY = "canary $(touch /run/pwned) 'é\"";
const SECRETS = { traefik_kop_redis_password: CANARY };
const KOP = { redis_address: "192.168.1.50:6379", bind_ip: "192.168.1.51", namespaces: ["lab", "public"] };
const ALL = { traefik_kop: KOP, socket_proxy: {}, dockwatch: {} };
const guestWithDocker = () =>
  new Sandbox({
    commands: { docker: DOCKER, uname: "echo media", ip: "echo '192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.7 uid 0'" },
  });

interface Service {
  readonly environment: { readonly [name: string]: string };
  readonly image: string;
  readonly volumes?: readonly { readonly source: string; readonly read_only?: boolean }[];
  readonly [key: string]: unknown;
}
type Project = {
  readonly services: { readonly [name: string]: Service };
  readonly networks: { readonly [name: string]: object };
};

const hasCompose = spawnSync("docker", ["compose", "version"]).status === 0;
const lack = hasCompose ? "" : "no docker compose to read the project with";

/** The project as the real compose reads what the role wrote. */
function composed(guest: Sandbox): Project {
  const { stderr, stdout } = spawnSync(
    "docker",
    ["compose", "--project-directory", join(guest.root, "opt/service-agents"), "config", "--format", "json"],
    { encoding: "utf8" },
  );
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout);
}

describeInSandbox("the service-agents role", () => {
  itUnless(lack, "writes a project that compose accepts, in which settings and secrets are values", () => {
    const guest = guestWithDocker();
    expect(guest.apply("service-agents", ALL, "apply", SECRETS)).toMatchObject({ status: 0 });
    expect((statSync(join(guest.root, "opt/service-agents/.env")).mode & 0o777).toString(8)).toBe("600");
    const project = composed(guest);
    expect(project.services["traefik-kop"]?.environment).toEqual({
      DOCKER_ADDR: "tcp://socket-proxy:2375",
      REDIS_ADDR: "192.168.1.50:6379",
      REDIS_USER: "default",
      REDIS_PASS: CANARY.replaceAll("$", "$$$$"),
      REDIS_DB: "0",
      BIND_IP: "192.168.1.51",
      KOP_HOSTNAME: "media",
      NAMESPACE: "lab,public",
      KOP_POLL_INTERVAL: "60",
    });
    expect(project.services.dockwatch).toMatchObject({
      environment: { DOCKER_HOST: "tcp://socket-proxy:2375", TZ: "Etc/UTC" },
      ports: [{ host_ip: "0.0.0.0", published: "9999", target: 80 }],
    });
  });

  itUnless(lack, "gives Docker's socket to the proxy alone, which opens what the agents read and nothing else", () => {
    const guest = guestWithDocker();
    guest.apply("service-agents", ALL, "apply", SECRETS);
    const project = composed(guest);
    const withSocket = Object.entries(project.services).filter(([, { volumes = [] }]) =>
      volumes.some(({ source }) => source.endsWith("docker.sock")),
    );
    expect(withSocket.map(([name]) => name)).toEqual(["socket-proxy"]);
    const open = { CONTAINERS: "1", IMAGES: "1", NETWORKS: "1", VOLUMES: "1" };
    expect(project.services["socket-proxy"]).toMatchObject({ read_only: true, networks: { socket: null } });
    expect(project.services["socket-proxy"]?.environment).toEqual({ LOG_LEVEL: "warning", ...open });
    expect(project.networks.socket).toMatchObject({ internal: true });
    for (const service of Object.values(project.services)) {
      expect(service).toMatchObject({ cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
      expect(service.image).toMatch(/:v?[\d.]+(@sha256:[0-9a-f]{64})?$/);
      expect(service).not.toHaveProperty("privileged");
    }
  });

  it("opens less for traefik-kop alone, and more only when told", () => {
    const sections = (settings: object) => {
      const guest = guestWithDocker();
      guest.apply("service-agents", { ...ALL, ...settings }, "apply", SECRETS);
      return guest
        .read("opt/service-agents/compose.yaml")
        .match(/^ {6}[A-Z_]+(?=: "1"$)/gm)
        ?.map((line) => line.trim());
    };
    expect(sections({ dockwatch: { enabled: false } })).toEqual(["CONTAINERS"]);
    expect(sections({ dockwatch: { control: true } })).toContain("POST");
    expect(sections({ dockwatch: { enabled: false }, socket_proxy: { sections: ["INFO"] } })).toEqual([
      "CONTAINERS",
      "INFO",
    ]);
  });

  it("changes nothing the second time, and a check agrees", () => {
    const guest = guestWithDocker();
    const untouched = guest.digest();
    expect(guest.apply("service-agents", ALL, "check", SECRETS).status).toBe(2);
    expect(guest.digest()).toBe(untouched);
    guest.apply("service-agents", ALL, "apply", SECRETS);
    const applied = guest.digest();
    expect(guest.apply("service-agents", ALL, "apply", SECRETS).output).toContain("done: 0 changed");
    expect(guest.apply("service-agents", ALL, "check", SECRETS).status).toBe(0);
    expect(guest.digest()).toBe(applied);
    writeFileSync(join(guest.root, "run/state"), "socket-proxy running 1 : Up 3 hours (unhealthy)\n");
    expect(guest.apply("service-agents", ALL, "check", SECRETS).status).toBe(2);
  });

  it("shows the Redis password to no one", () => {
    const guest = guestWithDocker();
    const { output } = guest.apply("service-agents", ALL, "apply", SECRETS);
    expect(output + guest.read("run/calls") + guest.read("opt/service-agents/compose.yaml")).not.toContain("canary");
    expect(() => guest.read("run/pwned")).toThrow();
  });

  it("uses the guest's own address, and asks for one where there is none", () => {
    const settings = { ...ALL, traefik_kop: { redis_address: "redis:6379" } };
    const guest = guestWithDocker();
    guest.apply("service-agents", settings);
    expect(guest.read("opt/service-agents/.env")).toContain('KOP_BIND_IP="10.0.0.7"');
    const { output, status } = new Sandbox({ commands: { docker: DOCKER, ip: "exit 2" } }).apply(
      "service-agents",
      settings,
    );
    expect({ output, status }).toMatchObject({ status: 1, output: expect.stringContaining("set traefik_kop.bind_ip") });
  });

  it("leaves traefik-kop out without a Redis, and takes everything away when nothing is enabled", () => {
    const guest = guestWithDocker();
    expect(guest.apply("service-agents", { traefik_kop: {}, dockwatch: {} }).output).toContain(
      "skipped: traefik-kop: traefik_kop.redis_address says no Redis",
    );
    expect(guest.read("opt/service-agents/compose.yaml")).not.toContain("traefik-kop");
    const { output } = guest.apply("service-agents", { dockwatch: { enabled: false } });
    expect(output).toContain("changed: service-agents removed");
    expect(() => guest.read("opt/service-agents/compose.yaml")).toThrow();
  });
});

describe("settings of service-agents", () => {
  const accepts = (value: object) => role.variables.safeParse(value).success;

  it.each([
    { traefik_kop: {}, socket_proxy: {}, dockwatch: {} },
    { traefik_kop: { redis_password: { secret: "redis_password" } } },
    { dockwatch: { image: `ghcr.io/notifiarr/dockwatch@sha256:${"a".repeat(64)}` } },
    { dockwatch: { image: "localhost:5000/dockwatch:1.2" } },
  ])("accept %j", (value) => expect(accepts(value)).toBe(true));

  it.each([
    { traefik_kop: { redis_password: "plain" } },
    { traefik_kop: { redis_address: "redis" } },
    { traefik_kop: { bind_ip: "$(id)" } },
    { traefik_kop: { bind_ip: "1.2.3" } },
    { traefik_kop: { redis_adress: "a:1" } },
    { dockwatch: { image: "ghcr.io/notifiarr/dockwatch" } },
    { dockwatch: { image: "ghcr.io/notifiarr/dockwatch:latest" } },
    { dockwatch: { image: "-v:1" } },
    { dockwatch: { port: 0 } },
    { socket_proxy: { sections: ["EVERYTHING"] } },
  ])("refuse %j", (value) => expect(accepts(value)).toBe(false));
});
