import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { describeUnless } from "../support/skip";
import { APP, calls, FILES, guest, SYSTEMCTL, units } from "./support/systemd-unit";

const ALL = units(
  APP,
  { name: "job.service", content: "[Service]\nType=oneshot\nExecStart=/bin/true\n" },
  { name: "job.timer", content: "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n" },
  { name: "cron.service", drop_in: "[Service]\nNice=5\n" },
  { name: "fstrim.timer", enabled: false, started: false },
);
describeInSandbox("the systemd-unit role", () => {
  it("installs units and drop-ins, and runs what has an [Install] section", () => {
    const sandbox = guest();
    expect(sandbox.apply("systemd-unit", ALL)).toMatchObject({ status: 0 });
    expect(sandbox.read("etc/systemd/system/app.service")).toBe(APP.content);
    expect(sandbox.read("etc/systemd/system/cron.service.d/60-proxmox-lab.conf")).toBe("[Service]\nNice=5\n");
    expect(calls(sandbox).filter((call) => !call.startsWith("reset-failed"))).toEqual([
      "daemon-reload",
      "enable app.service",
      "start app.service",
      "enable job.timer",
      "start job.timer",
      "restart cron.service",
    ]);
  });

  it("changes no file the second time, and says so; a check agrees before and after", () => {
    const sandbox = guest();
    const untouched = sandbox.digest();
    expect(sandbox.check("systemd-unit", ALL).status).toBe(2);
    expect(sandbox.digest()).toBe(untouched);
    sandbox.apply("systemd-unit", ALL);
    const applied = sandbox.digest();
    expect(sandbox.apply("systemd-unit", ALL).output).toContain("done: 0 changed");
    expect(sandbox.check("systemd-unit", ALL)).toMatchObject({ status: 0 });
    expect(sandbox.digest()).toBe(applied);
  });

  it.each([
    ["restart", "restart app.service"],
    ["reload", "reload-or-restart app.service"],
    ["nothing", undefined],
  ])("does on change what the unit says: %s", (on_change, expected) => {
    const sandbox = guest();
    sandbox.apply("systemd-unit", units({ ...APP, on_change }));
    calls(sandbox);
    sandbox.apply("systemd-unit", units({ ...APP, on_change, content: APP.content.replace("9", "10") }));
    const done = calls(sandbox).filter((call) => !call.startsWith("reset-failed"));
    expect(done).toEqual(expected ? ["daemon-reload", expected] : ["daemon-reload"]);
  });

  it("enables anew when the [Install] section has changed", () => {
    const sandbox = guest();
    sandbox.apply("systemd-unit", units(APP));
    const content = APP.content.replace("multi-user", "graphical");
    expect(sandbox.apply("systemd-unit", units({ ...APP, content })).output).toContain("app.service enabled anew");
  });

  it("owes a restart when the run was killed in between", () => {
    const sandbox = guest();
    sandbox.apply("systemd-unit", units(APP));
    const changed = units({ ...APP, content: APP.content.replace("9", "10") });
    const systemctl = join(sandbox.root, "stand-ins/systemctl");
    writeFileSync(systemctl, "#!/bin/sh\nexit 1\n");
    expect(sandbox.apply("systemd-unit", changed).status).toBe(1);
    writeFileSync(systemctl, `#!/bin/sh\n${SYSTEMCTL}\n`);
    calls(sandbox);
    sandbox.apply("systemd-unit", changed);
    expect(calls(sandbox)).toEqual(expect.arrayContaining(["daemon-reload", "restart app.service"]));
    expect(sandbox.apply("systemd-unit", changed).output).toContain("done: 0 changed");
  });

  it("stops and removes what leaves the inventory", () => {
    const sandbox = guest();
    sandbox.apply("systemd-unit", ALL);
    calls(sandbox);
    expect(sandbox.apply("systemd-unit", units())).toMatchObject({ status: 0 });
    expect(calls(sandbox)).toEqual(
      expect.arrayContaining(["stop app.service", "disable app.service", "stop job.timer", "restart cron.service"]),
    );
    expect(readdirSync(join(sandbox.root, "etc/systemd/system"))).toEqual([]);
    expect(readdirSync(join(sandbox.root, "var/lib/proxmox-lab"))).toEqual([]);
  });

  it("says when what it started has failed a second later", () => {
    const sandbox = guest({ journalctl: "echo the reason" });
    writeFileSync(join(sandbox.root, "var/sd/app.service.state"), "ActiveState=activating\nNRestarts=3\n");
    const { output, status } = sandbox.apply("systemd-unit", units(APP));
    expect(status).toBe(1);
    expect(output).toContain("the reason");
    expect(output).toContain("app.service was started, and has failed");
  });

  const state = (sandbox: Sandbox, unit: string, text: string) =>
    writeFileSync(join(sandbox.root, `var/sd/${unit}.state`), text);
  const nice = (value: string) => units({ name: "cron.service", drop_in: `[Service]\nNice=${value}\n` });

  it("says so of one that is between two tries, and tries again at the next run", () => {
    const sandbox = guest();
    state(sandbox, "cron.service", "ActiveState=activating\nSubState=auto-restart\nNRestarts=0\nType=simple\n");
    for (const run of [1, 2]) {
      const { output, status } = sandbox.apply("systemd-unit", nice("5"));
      expect({ run, status }).toEqual({ run, status: 1 });
      expect(output).toContain("cron.service was started, and has failed");
    }
    expect(sandbox.check("systemd-unit", nice("5")).status).toBe(2);
    state(sandbox, "cron.service", "ActiveState=active\nSubState=running\nNRestarts=0\n");
    expect(sandbox.apply("systemd-unit", nice("5")).status).toBe(0);
    expect(sandbox.apply("systemd-unit", nice("5")).output).toContain("done: 0 changed");
  });

  it.each([
    ["another drop-in", nice("6")],
    ["none", units()],
  ])("starts a unit anew that has failed, with %s", (_, settings) => {
    const sandbox = guest();
    sandbox.apply("systemd-unit", nice("5"));
    calls(sandbox);
    rmSync(join(sandbox.root, "var/sd/cron.service.active"));
    state(sandbox, "cron.service", "ActiveState=failed\nType=simple\nRemainAfterExit=no\n");
    sandbox.apply("systemd-unit", settings);
    expect(calls(sandbox)).toEqual(expect.arrayContaining(["reset-failed cron.service", "restart cron.service"]));
  });

  it.each([
    ["was stopped", "ActiveState=inactive\nType=simple\nRemainAfterExit=no\n", nice("6")],
    ["is a job that ends", "ActiveState=failed\nType=oneshot\nRemainAfterExit=no\n", nice("6")],
    [
      "is not to run",
      "ActiveState=failed\nType=simple\nRemainAfterExit=no\n",
      units({ name: "cron.service", drop_in: "[Service]\nNice=6\n", started: false }),
    ],
  ])("leaves a unit as it is that %s", (_, text, settings) => {
    const sandbox = guest();
    rmSync(join(sandbox.root, "var/sd/cron.service.active"));
    state(sandbox, "cron.service", text);
    expect(sandbox.apply("systemd-unit", settings).status).toBe(0);
    expect(calls(sandbox)).toEqual(["daemon-reload"]);
  });

  it("restarts the running instances of a changed template, each once, as their entries say", () => {
    const sandbox = guest();
    const template = (seconds: number) =>
      units(
        { name: "app@.service", content: `[Service]\nExecStart=/bin/sleep ${seconds}\n` },
        { name: "app@1.service", started: true },
        { name: "app@3.service", started: true, on_change: "nothing" },
      );
    const listed = ["app@1", "app@2", "app@3", "app@4", "apple"].map(
      (name) => `${name}.service loaded ${name === "app@4" ? "inactive dead" : "active running"} Apps`,
    );
    const running = () => writeFileSync(join(sandbox.root, "var/sd/listed"), `${listed.join("\n")}\n`);
    sandbox.apply("systemd-unit", template(1));
    expect(calls(sandbox)).not.toContain("restart app@1.service");
    running();
    writeFileSync(join(sandbox.root, "var/sd/app@2.service.active"), "");
    expect(sandbox.check("systemd-unit", template(2)).output).toContain("would change: app@1.service restarted");
    // A run that ends between the file and its instances owes them the restart.
    const systemctl = join(sandbox.root, "stand-ins/systemctl");
    writeFileSync(systemctl, "#!/bin/sh\nexit 1\n");
    expect(sandbox.apply("systemd-unit", template(2)).status).toBe(1);
    writeFileSync(systemctl, `#!/bin/sh\n${SYSTEMCTL}\n`);
    sandbox.apply("systemd-unit", template(2));
    expect(calls(sandbox).filter((call) => call.startsWith("restart"))).toEqual([
      "restart app@1.service",
      "restart app@2.service",
    ]);
    expect(sandbox.apply("systemd-unit", template(2)).output).toContain("done: 0 changed");
  });

  it("leaves a unit that somebody else has written where it was, and says so", () => {
    const sandbox = guest({}, { "etc/systemd/system/app.service": "[Service]\nExecStart=/bin/true\n" });
    const said = "/etc/systemd/system/app.service was there before, and is written anew";
    expect(sandbox.apply("systemd-unit", units(APP)).output).toContain(said);
    expect(sandbox.apply("systemd-unit", units({ ...APP, content: `${APP.content}#\n` })).output).not.toContain(said);
    calls(sandbox);
    expect(sandbox.apply("systemd-unit", units()).output).toContain(
      "note: app.service is no longer in the inventory; it was there before, and stays as it is",
    );
    expect(calls(sandbox)).toEqual([""]);
    expect(sandbox.read("etc/systemd/system/app.service")).toBe(`${APP.content}#\n`);
    expect(readdirSync(join(sandbox.root, "var/lib/proxmox-lab"))).toEqual([]);
  });

  it("refuses a drop-in for what is no unit, before anything is installed", () => {
    const sandbox = guest();
    const drop_in = "[Service]\nNice=5\n";
    const names = ["crn.service", "getty@.service", "cron-.service", "app@1.service"];
    const settings = units(
      APP,
      { name: "app@.service", content: APP.content },
      ...names.map((name) => ({ name, drop_in })),
    );
    const { output, status } = sandbox.apply("systemd-unit", settings);
    expect(status).toBe(1);
    expect(output).toContain("a drop_in is for what is no unit here: crn.service. Nothing was installed");
    expect(readdirSync(join(sandbox.root, "etc"))).not.toContain("systemd");
    expect(sandbox.check("systemd-unit", settings).status).toBe(2);
  });

  it("writes any text byte for byte, and runs nothing of it", () => {
    const sandbox = guest();
    const nasty = fc.constantFrom(
      "'",
      '"',
      "$(touch /etc/pwned)",
      "`id`",
      "\\",
      "\n",
      "${IFS}",
      "-n",
      "é🦆",
      "%n",
      "\t",
    );
    const content = fc
      .array(fc.oneof(nasty, fc.string()), { minLength: 1, maxLength: 20 })
      .map((parts) => `#${parts.join("").replaceAll("\0", "")}`);
    const list = [...fc.sample(content, 30), `# $(touch /etc/pwned)'\n`.repeat(3000)].map((text, index) => ({
      name: `u${index}.service`,
      content: text.replaceAll("[Install]", ""),
    }));
    expect(sandbox.apply("systemd-unit", units(...list))).toMatchObject({ status: 0 });
    for (const { content, name } of list) expect(sandbox.read(`etc/systemd/system/${name}`)).toBe(content);
    expect(readdirSync(join(sandbox.root, "etc"))).not.toContain("pwned");
  });

  it("gives a package's unit its place back, which is neither stopped nor disabled", () => {
    const unit = "var/sd/systemd-journald.service";
    const sandbox = guest({}, { [`${unit}.active`]: "", [`${unit}.enabled`]: "" });
    sandbox.apply("systemd-unit", units({ ...APP, name: "systemd-journald.service" }));
    calls(sandbox);
    expect(sandbox.apply("systemd-unit", units()).status).toBe(0);
    expect(calls(sandbox)).toEqual([
      "daemon-reload",
      "reset-failed systemd-journald.service",
      "restart systemd-journald.service",
      "reenable systemd-journald.service",
    ]);
    expect(readdirSync(join(sandbox.root, "etc/systemd/system"))).toEqual([]);
  });

  const missing = spawnSync("systemd-analyze", ["--version"]).error ? "no systemd-analyze to read units with" : "";
  describeUnless(missing, "units as systemd-analyze reads them", () => {
    const real = () => new Sandbox({ commands: { systemctl: SYSTEMCTL, sleep: ":" }, files: FILES });

    it.each([
      ["a key that it does not know", { ...APP, content: APP.content.replace("ExecStart", "MemorMax=1\nExecStart") }],
      ["a program that is not there", { ...APP, content: APP.content.replace("/bin/sleep", "/no/such") }],
      ["a time that never comes", { name: "x.timer", content: "[Timer]\nOnCalendar=never ever\n" }],
      ["a service that does nothing", { name: "x.service", content: "[Unit]\nDescription=x\n" }],
    ])("are refused, and none is installed, for %s", (_, bad) => {
      const sandbox = real();
      const good = { name: "good.service", content: "[Service]\nExecStart=/bin/true\n" };
      const { output, status } = sandbox.apply("systemd-unit", units(good, bad));
      expect(status).toBe(1);
      expect(output).toContain("systemd refuses units, so none was installed");
      expect(() => sandbox.read("etc/systemd/system/good.service")).toThrow();
      expect(sandbox.check("systemd-unit", units(good, bad)).status).toBe(2);
    });

    it("are taken when they are right", () => {
      const { output, status } = real().apply("systemd-unit", units(APP));
      expect({ output, status }).toMatchObject({ status: 0 });
    });
  });
});
