import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { apply, calls, guestWithDocker, SHOP, settings } from "./support/compose-app";

const mode = (guest: Sandbox, path: string) => (statSync(join(guest.root, path)).mode & 0o777).toString(8);

describeInSandbox("the compose-app role", () => {
  it("puts the project into a folder for root alone, starts it and says how its services are", () => {
    const guest = guestWithDocker();
    const { output, status } = apply(guest, { shop: SHOP });
    expect({ output, status }).toMatchObject({ status: 0 });
    expect(output).toContain("note: shop: web running (healthy)");
    const folder = "opt/compose-apps/shop";
    expect(
      ["", "/compose.yaml", "/.env", "/conf", "/conf/web.ini", "/tls.key"].map((path) => mode(guest, folder + path)),
    ).toEqual(["700", "600", "600", "755", "644", "440"]);
    expect(JSON.parse(guest.read(`${folder}/compose.yaml`))).toEqual(SHOP.compose);
    expect(guest.read(`${folder}/.env`)).toBe(`TOKEN="canary \\$(touch /run/pwned) 'é\\""\nLEVEL="3"\n`);
    expect(calls(guest)).toMatch(/up --detach --remove-orphans --wait --wait-timeout 120 --build\n/);
  });

  it("changes no file the second time; a check agrees before and after, and sees a container that stopped", () => {
    const guest = guestWithDocker();
    const untouched = guest.digest();
    expect(apply(guest, { shop: SHOP }, "check").status).toBe(2);
    expect(guest.digest()).toBe(untouched);
    apply(guest, { shop: SHOP });
    const applied = guest.digest();
    expect(apply(guest, { shop: SHOP }).output).toContain("done: 0 changed");
    expect(apply(guest, { shop: SHOP }, "check").status).toBe(0);
    expect(guest.digest()).toBe(applied);
    writeFileSync(join(guest.root, "run/state-shop"), "web exited 1 : Exited (1) 3 hours ago\n");
    expect(apply(guest, { shop: SHOP }, "check")).toMatchObject({
      status: 2,
      output: expect.stringContaining("shop up"),
    });
  });

  it("stops and removes an app that is no longer named, and leaves its data", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    writeFileSync(join(guest.root, "opt/compose-apps/shop/orders.db"), "");
    const { output, status } = apply(guest, {});
    expect({ output, status }).toMatchObject({ status: 0 });
    expect(calls(guest)).toContain("--project-name shop down --remove-orphans --rmi all");
    expect(output).toContain("note: shop: its own data stays in /opt/compose-apps/shop");
    expect(output).toContain("these volumes stay: shop_data");
    expect(() => guest.read("opt/compose-apps/shop/.env")).toThrow();
    expect(apply(guest, {}).output).toContain("done: 0 changed");
  });

  it("touches nothing when compose refuses the project, and says what it says of it without the secrets", () => {
    const guest = guestWithDocker();
    writeFileSync(join(guest.root, "run/refuse"), "services.web: additional property imige\n");
    const open = apply(guest, { shop: { ...SHOP, env: {} } });
    expect(open.output).toContain("nothing was changed: services.web: additional property imige");
    // Of a value compose shows as much as it likes: a part, another spelling.
    const part = "canary";
    writeFileSync(join(guest.root, "run/refuse"), `Invalid containerPort: ${part}\n`);
    const { output, status } = apply(guest, { shop: SHOP });
    expect(status).toBe(1);
    expect(output).toContain("it accepts it with other values for variable TOKEN: one of them does not fit its place");
    expect(output).not.toContain(part);
    writeFileSync(join(guest.root, "run/refuse-plain"), "services.web.environment.A: required variable A is missing\n");
    expect(apply(guest, { shop: SHOP }).output).toContain(
      "nothing was changed: services.web.environment.A: required variable A is missing",
    );
    expect(() => guest.read("opt/compose-apps/shop/.managed")).toThrow();
  });

  it("shows of what compose says while it starts a project with secrets no more than words of Docker's own", () => {
    const guest = guestWithDocker();
    const said = "Bind for 0.0.0.0:canary failed: port is already allocated\n";
    writeFileSync(join(guest.root, "run/fail"), said);
    const { output } = apply(guest, { shop: SHOP });
    expect(output).toContain(
      "error: shop did not come up: port is already allocated (what else compose says is not shown",
    );
    expect(output).not.toContain("canary");
    expect(apply(guest, { shop: { ...SHOP, env: {} } }).output).toContain(said.trim());
    writeFileSync(join(guest.root, "stand-ins/sleep"), "#!/bin/sh\n", { mode: 0o755 });
    writeFileSync(join(guest.root, "run/fail-pull"), "pull access denied for canary, repository does not exist\n");
    const pulled = apply(guest, { shop: SHOP });
    expect(pulled.output).toContain("pull access denied (what else");
    expect(pulled.output).not.toContain("canary");
  });

  const state = (guest: Sandbox, ...lines: string[]) =>
    writeFileSync(join(guest.root, "run/comes-up"), `${lines.join("\n")}\n`);

  it("fails when a container ends again and again, though to compose it runs; a check sees the same", () => {
    const guest = guestWithDocker();
    state(guest, "web restarting 1 : Restarting (3) 2 seconds ago");
    writeFileSync(
      join(guest.root, "stand-ins/date"),
      "#!/bin/sh\necho $(($(cat /run/now || echo 0) + 60)) | tee /run/now\n",
      {
        mode: 0o755,
      },
    );
    const { output, status } = apply(guest, { shop: { ...SHOP, timeout: 5 } });
    expect({ output, status }).toMatchObject({ status: 1 });
    expect(output).toContain(
      "error: shop did not stay up; now: web restarting (3); look in the guest: docker compose -p shop",
    );
    const check = apply(guest, { shop: { ...SHOP, timeout: 5 } }, "check");
    expect(check.status).toBe(2);
    expect(check.output).toContain("note: shop: web restarting (3)");
  });

  it("waits for a container that ended once and then stays up", () => {
    const guest = guestWithDocker();
    state(guest, "web running 1 : Up Less than a second");
    writeFileSync(join(guest.root, "run/again"), "1\n");
    const { output, status } = apply(guest, { shop: SHOP });
    expect({ output, status }).toMatchObject({ status: 0, output: expect.stringContaining("note: shop: web running") });
    expect(calls(guest).match(/docker inspect/g)).toHaveLength(2);
  });

  it("looks once at what runs well, and asks nothing about a container that has run for a while", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    rmSync(join(guest.root, "run/calls"));
    expect(apply(guest, { shop: SHOP }, "check").status).toBe(0);
    expect(calls(guest).match(/^docker .*/gm)).toEqual([expect.stringMatching(/^docker ps /)]);
  });

  it("takes a service without containers for wanted that came up so, and a job that is done, even when it was cleared away", () => {
    const guest = guestWithDocker();
    const web = "web running 1 :job:service_completed_successfully:false Up 2 minutes";
    state(guest, "job exited 2 : Exited (0) 2 minutes ago", web);
    expect(apply(guest, { shop: SHOP }).output).toContain("note: shop: job exited (0), web running");
    expect(apply(guest, { shop: SHOP }).output).toContain("done: 0 changed");
    expect(apply(guest, { shop: SHOP }, "check").status).toBe(0);
    const now = (...lines: string[]) => writeFileSync(join(guest.root, "run/state-shop"), `${lines.join("\n")}\n`);
    now(web);
    expect(apply(guest, { shop: SHOP }, "check").status).toBe(0);
    now("job exited 2 : Exited (4) 2 minutes ago", web);
    expect(apply(guest, { shop: SHOP }, "check").output).toContain("note: shop: job exited (4)");
    now("more running 3 : Up 2 minutes", web);
    expect(apply(guest, { shop: SHOP }, "check").status).toBe(2);
  });

  it("does not take a service for done that nobody waits for, and says how it would be", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    writeFileSync(join(guest.root, "run/state-shop"), "web exited 1 : Exited (0) 3 hours ago\n");
    const { output, status } = apply(guest, { shop: SHOP }, "check");
    expect(status).toBe(2);
    expect(output).toContain(
      "note: shop: web exited (0); a service that ends by itself is done where another depends_on it",
    );
  });

  it("puts a file where an empty folder was, and leaves one in which something lies", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: { ...SHOP, files: { "conf/sub/a.ini": "" } } });
    expect(apply(guest, { shop: { ...SHOP, files: { conf: "x" } } }).status).toBe(0);
    expect(guest.read("opt/compose-apps/shop/conf")).toBe("x");
    apply(guest, { shop: { ...SHOP, files: { "conf/a.ini": "" } } });
    writeFileSync(join(guest.root, "opt/compose-apps/shop/conf/own"), "");
    const { output, status } = apply(guest, { shop: { ...SHOP, files: { conf: "x" } } });
    expect({ output, status }).toMatchObject({ status: 1, output: expect.stringContaining("in which something lies") });
  });

  it("tries again what did not come up", () => {
    const guest = guestWithDocker();
    writeFileSync(join(guest.root, "run/fail"), "container shop-web-1 is unhealthy\n");
    const failed = apply(guest, { shop: SHOP });
    expect(failed.status).toBe(1);
    expect(failed.output).toContain("shop did not come up: is unhealthy");
    rmSync(join(guest.root, "run/fail"));
    expect(apply(guest, { shop: SHOP }).output).toContain("changed: shop up");
  });

  it("gives no program a secret, neither as an argument nor in its environment", () => {
    const guest = guestWithDocker();
    const { output } = apply(guest, { shop: SHOP });
    expect(output + calls(guest) + guest.read("run/env")).not.toContain("canary");
    expect(() => guest.read("run/pwned")).toThrow();
  });

  it("says what is missing where Docker is not, and that it does not know Alpine", () => {
    expect(
      new Sandbox({ commands: { docker: "exit 1" } }).apply("compose-app", settings({ shop: SHOP })).output,
    ).toContain("put this host into the group docker_hosts");
    expect(new Sandbox({ osRelease: 'PRETTY_NAME="Alpine 3.22"\nID=alpine\n' }).apply("compose-app").output).toContain(
      "this is Alpine",
    );
  });
});
