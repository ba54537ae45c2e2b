import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox } from "../support/sandbox";
import { apply, calls, DOCKER, guestWithDocker, SHOP } from "./support/compose-app";

describeInSandbox("compose projects that change", () => {
  it("starts anew what a changed variable concerns, and everything when a file beside the project changed", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    rmSync(join(guest.root, "run/calls"));
    apply(guest, { shop: { ...SHOP, env: { ...SHOP.env, LEVEL: 4 } } });
    expect(calls(guest)).toMatch(/ up .*--wait-timeout 120 --build\n/);
    const { output } = apply(guest, { shop: { ...SHOP, files: { "conf/web.ini": "a=2\n" } } });
    expect(calls(guest)).toMatch(/ up .* --force-recreate --build\n/);
    expect(output).toContain("changed: /opt/compose-apps/shop/tls.key removed");
  });

  it("takes what a killed run made half out of the way, and never a container that has volumes to hand on", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    rmSync(join(guest.root, "opt/compose-apps/shop/.applied"));
    rmSync(join(guest.root, "run/calls"));
    writeFileSync(
      join(guest.root, "run/twins"),
      "web/1 created n2\ndb/2 created n3\nweb/1 exited o1\ndb/1 created n4\n",
    );
    const said = "the container name /abc_shop-web-1 is already in use by container";
    const docker = DOCKER.replace("up*) ", `up*) [ -e /run/removed ] || { echo "${said}"; exit 1; }; `);
    writeFileSync(join(guest.root, "stand-ins/docker"), `#!/bin/sh\n${docker}\n`, { mode: 0o755 });
    expect(apply(guest, { shop: SHOP }).status).toBe(0);
    expect(calls(guest)).toMatch(/ up (.*\n)+docker rm n2\n(.*\n)*.* up /);
  });

  it("tries again where compose itself has just removed what was in the way", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    rmSync(join(guest.root, "opt/compose-apps/shop/.applied"));
    writeFileSync(join(guest.root, "run/twins"), "web/1 running o1\n");
    const said = "the container name /abc_shop-web-1 is already in use by container";
    const docker = DOCKER.replace("up*) ", `up*) [ -e /run/tried ] || { >/run/tried; echo "${said}"; exit 1; }; `);
    writeFileSync(join(guest.root, "stand-ins/docker"), `#!/bin/sh\n${docker}\n`, { mode: 0o755 });
    expect(apply(guest, { shop: SHOP }).status).toBe(0);
    expect(calls(guest)).not.toMatch(/ rm | down /);
  });

  it.each(["container shop-web-1 exited (3)", "Bind for 0.0.0.0:80 failed: port is already allocated"])(
    "does not take down what fails again and again: %s",
    (said) => {
      const guest = guestWithDocker();
      apply(guest, { shop: SHOP });
      writeFileSync(join(guest.root, "run/fail"), `${said}\n`);
      writeFileSync(join(guest.root, "run/state-shop"), "web created 1 : Created\n");
      const broken = { ...SHOP, env: { LEVEL: "9" } };
      for (const _ of [1, 2, 3]) expect(apply(guest, { shop: broken }).status).toBe(1);
      expect(calls(guest)).not.toMatch(/ down | rm /);
    },
  );

  it("starts everything anew when a file was put back, or has another mode; a check sees that", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    writeFileSync(join(guest.root, "opt/compose-apps/shop/conf/web.ini"), "a=9\n");
    expect(apply(guest, { shop: SHOP }, "check").output).toContain("would change: shop up");
    rmSync(join(guest.root, "run/calls"));
    expect(apply(guest, { shop: SHOP }).output).toContain("changed: shop up");
    expect(calls(guest)).toMatch(/ up .* --force-recreate/);
    rmSync(join(guest.root, "run/calls"));
    const readable = { ...SHOP, files: { ...SHOP.files, "tls.key": { content: "key", mode: "444" } } };
    expect(apply(guest, { shop: readable }).output).toContain("changed: shop up");
    expect(calls(guest)).toMatch(/ up .* --force-recreate/);
    expect(apply(guest, { shop: readable }).output).toContain("done: 0 changed");
  });

  it.each(["secrets", "configs"])("starts everything anew when a project with %s changes", (section) => {
    const guest = guestWithDocker();
    writeFileSync(join(guest.root, "run/config"), `name: shop\n${section}:\n  one: {}\n`);
    apply(guest, { shop: SHOP });
    apply(guest, { shop: { ...SHOP, env: { ...SHOP.env, LEVEL: 4 } } });
    expect(calls(guest)).toMatch(/ up .* --force-recreate/);
  });

  it("does not take an open network for the internal one that was asked for", () => {
    const guest = guestWithDocker();
    const networks = "  back:\n    name: shop_back\n    internal: true\n  default:\n    name: shop_default\n";
    writeFileSync(join(guest.root, "run/config"), `name: shop\nnetworks:\n${networks}services:\n  back: {}\n`);
    apply(guest, { shop: SHOP });
    writeFileSync(join(guest.root, "run/networks"), "back false\ndefault false\n");
    const changed = { ...SHOP, env: { ...SHOP.env, LEVEL: 4 } };
    for (const _ of [1, 2]) {
      const { output, status } = apply(guest, { shop: changed });
      expect(status).toBe(1);
      expect(output).toContain(
        "error: shop runs, and has the network back with internal: false instead of true. Compose before",
      );
    }
    writeFileSync(join(guest.root, "run/networks"), "back true\ndefault false\n");
    expect(apply(guest, { shop: changed }).status).toBe(0);
  });

  it("builds when something has changed, and not to repair what stopped", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    expect(calls(guest)).toMatch(/ up .* --build\n/);
    rmSync(join(guest.root, "run/calls"));
    writeFileSync(join(guest.root, "run/state-shop"), "web exited 1 : Exited (1) 3 hours ago\n");
    apply(guest, { shop: SHOP });
    expect(calls(guest)).toMatch(/ up --detach .*\d\n/);
  });

  it("asks no registry for images that are there", () => {
    const guest = guestWithDocker();
    writeFileSync(join(guest.root, "run/images"), "");
    writeFileSync(join(guest.root, "run/fail-pull"), "connection refused\n");
    expect(apply(guest, { shop: SHOP }).status).toBe(0);
    expect(calls(guest)).toContain("docker image inspect web:1\n");
    expect(calls(guest)).not.toContain(" pull ");
  });

  it("stops and removes a service whose profile is switched off", () => {
    const guest = guestWithDocker();
    apply(guest, { shop: SHOP });
    writeFileSync(
      join(guest.root, "run/state-shop"),
      "debug running 7 : Up 2 minutes\nweb running 1 : Up 2 minutes (healthy)\n",
    );
    expect(apply(guest, { shop: SHOP }).status).toBe(0);
    expect(calls(guest)).toMatch(/docker stop 7\ndocker rm --force 7\n(.*\n)*.* up /);
  });

  const two = { aa: { ...SHOP, files: {} }, bb: { ...SHOP, files: {} } };
  const failing = (when: string) => `if [ "$name" = aa ] && ${when}; then echo "port is already allocated"; exit 1; fi`;
  const guestWhere = (aaFails: string) => {
    const guest = guestWithDocker();
    const docker = DOCKER.replace("up*) ", `up*) ${failing(aaFails)}; `);
    writeFileSync(join(guest.root, "stand-ins/docker"), `#!/bin/sh\n${docker}\n`, { mode: 0o755 });
    return guest;
  };

  it("does every other app when one fails, names those that failed, and a check agrees", () => {
    const guest = guestWhere("true");
    const { output, status } = apply(guest, two);
    expect(status).toBe(1);
    expect(output).toContain("changed: bb up");
    expect(output).toContain("error: aa did not come up: port is already allocated");
    expect(output).toContain("error: compose-app: failed: aa; what each of them says is above");
    const check = apply(guest, two, "check");
    expect(check.status).toBe(2);
    expect(check.output).toContain("would change: aa up");
    expect(check.output).not.toContain("would change: bb up");
  });

  it("does once more what failed before another app changed, which had its port", () => {
    const guest = guestWhere("[ ! -e /run/state-bb ]");
    const { output, status } = apply(guest, two);
    expect({ output, status }).toMatchObject({ status: 0 });
    expect(output).toMatch(/changed: bb up\n(.*\n)*.*changed: aa up\n(.*\n)*.*note: aa: failed at first/);
    expect(apply(guest, two).output).toContain("done: 0 changed");
  });

  it("does nothing twice of what fails while nothing else changes, and says what ended a command", () => {
    const guest = guestWhere("true");
    apply(guest, two);
    rmSync(join(guest.root, "run/calls"));
    expect(apply(guest, two).status).toBe(1);
    expect(calls(guest).match(/--project-name aa .* up /g)).toHaveLength(1);
    writeFileSync(join(guest.root, "stand-ins/install"), "#!/bin/sh\nexit 5\n", { mode: 0o755 });
    const broken = apply(guest, { aa: { ...SHOP, files: { x: "1" } } });
    expect(broken).toMatchObject({
      status: 1,
      output: expect.stringMatching(/error: .*\/.managed: put_file .* ended with status 5/),
    });
  });
});
