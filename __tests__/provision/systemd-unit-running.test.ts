import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, type Sandbox } from "../support/sandbox";
import { calls, type Entry, guest, SYSTEMCTL, units } from "./support/systemd-unit";

/**
 * As systemd does, forgets jobs that have ended, and starts no socket whose service runs; stops what requires a unit along
 * with it: echo.service is required by near.service, that one by far.service, the three in a circle; and by job.service,
 * which has ended, that one by lone.service. Jobs are called job or d@….
 */
const REAL = `
for unit; do :; done
case "$1 $*" in
  is-active*) [ -f "/var/sd/$unit.active" ] && echo active || { echo inactive; exit 3; }; exit ;;
  is-enabled*static.service) echo static; exit ;;
  show*TriggeredBy*) echo static.timer; exit ;;
  show*RequiredBy*)
    case $unit in
      echo.service) printf 'job.service\\n\\n\\nnear.service\\n' ;;
      near.service) printf 'far.service\\necho.service\\n' ;;
      job.service) echo lone.service ;;
    esac
    exit ;;
  show*Triggers*) [ "$unit" != echo.socket ] || echo echo.service; exit ;;
  show*Accept*) echo no; exit ;;
  show*ExecMainStart*)
    case $unit in
      job.service | d@?.service)
        [ ! -f /var/fails ] && result=success || result=exit-code
        printf 'Type=oneshot\\nRemainAfterExit=no\\nResult=%s\\nExecMainStartTimestampMonotonic=0\\n' "$result"
        exit ;;
    esac ;;
  start*echo.socket | restart*echo.socket) [ ! -f /var/sd/echo.service.active ] || { echo "already active, refusing"; exit 1; } ;;
  start*job.service | restart*job.service | start*d@?.service | restart*d@?.service)
    echo "$1 $unit" >>/var/calls
    [ ! -f /var/fails ]
    exit ;;
  stop*)
    shift
    echo "stop $*" >>/var/calls
    for unit; do
      rm -f "/var/sd/$unit.active"
      [ "$unit" != echo.service ] || rm -f /var/sd/far.service.active /var/sd/near.service.active
    done
    [ ! -f /var/killed ] || kill -9 $PPID
    exit ;;
esac
${SYSTEMCTL}`;
const real = () => guest({ systemctl: REAL, journalctl: "echo the reason" });
const at = (sandbox: Sandbox, path: string) => join(sandbox.root, "var", path);
const starts = (sandbox: Sandbox) => calls(sandbox).filter((call) => /^(re)?start|^stop/.test(call));

const job = (text: string) => `[Service]\nType=oneshot\nExecStart=/bin/echo ${text}\n`;
const jobs = (text: string) =>
  units(
    { name: "job.service", content: job(text), started: true },
    { name: "d@.service", content: job(text) },
    { name: "d@1.service", started: true },
  );

describeInSandbox("a job that is to be started, and that systemd forgets when it has ended", () => {
  it("runs once after each boot, and again when its unit or its template changes; a check agrees", () => {
    const sandbox = real();
    const RUNS = ["job.service", "d@1.service"];
    sandbox.apply("systemd-unit", jobs("1"));
    expect(starts(sandbox)).toEqual(RUNS.map((unit) => `start ${unit}`));
    expect(sandbox.check("systemd-unit", jobs("1")).status).toBe(0);
    expect(sandbox.apply("systemd-unit", jobs("1")).output).toContain("done: 0 changed");
    expect(sandbox.check("systemd-unit", jobs("2")).output).toContain("would change: d@1.service restarted");
    sandbox.apply("systemd-unit", jobs("2"));
    expect(starts(sandbox).sort()).toEqual(RUNS.map((unit) => `restart ${unit}`).sort());
    expect(sandbox.apply("systemd-unit", jobs("2")).output).toContain("done: 0 changed");
    rmSync(join(sandbox.root, "run/proxmox-lab-started"));
    expect(sandbox.check("systemd-unit", jobs("2")).status).toBe(2);
    sandbox.apply("systemd-unit", jobs("2"));
    expect(starts(sandbox)).toEqual(RUNS.map((unit) => `start ${unit}`));
  });

  it("runs again after it has failed, and when it comes back", () => {
    const sandbox = real();
    writeFileSync(at(sandbox, "fails"), "");
    expect(sandbox.apply("systemd-unit", jobs("1")).status).toBe(1);
    expect(sandbox.check("systemd-unit", jobs("1")).status).toBe(2);
    rmSync(at(sandbox, "fails"));
    expect(sandbox.apply("systemd-unit", jobs("1")).status).toBe(0);
    expect(starts(sandbox)).toEqual(["start job.service", "start job.service", "start d@1.service"]);
    writeFileSync(at(sandbox, "fails"), "");
    expect(sandbox.apply("systemd-unit", jobs("2")).status).toBe(1);
    rmSync(at(sandbox, "fails"));
    expect(sandbox.apply("systemd-unit", jobs("2")).status).toBe(0);
    sandbox.apply("systemd-unit", units());
    expect(sandbox.read("run/proxmox-lab-started")).toBe("");
    calls(sandbox);
    sandbox.apply("systemd-unit", jobs("2"));
    expect(starts(sandbox)).toEqual(["start job.service", "start d@1.service"]);
  });
});

const ECHO = { name: "echo.service", content: "[Service]\nExecStart=/bin/sleep 9\n" };
const socket = (port: number, service: Entry = ECHO) =>
  units(
    { name: "echo.socket", content: `[Socket]\nListenStream=${port}\n[Install]\nWantedBy=sockets.target\n` },
    service,
  );

describeInSandbox("a socket that changes while its service runs", () => {
  const running = () => {
    const sandbox = real();
    sandbox.apply("systemd-unit", socket(1));
    writeFileSync(at(sandbox, "sd/echo.service.active"), "");
    calls(sandbox);
    return sandbox;
  };

  it("is restarted between the service's end and its start", () => {
    const sandbox = running();
    expect(sandbox.check("systemd-unit", socket(2)).output).toContain("would change: echo.socket restarted");
    const { output, status } = sandbox.apply("systemd-unit", socket(2));
    expect({ output, status }).toMatchObject({ status: 0, output: expect.stringContaining("note: echo.service was") });
    expect(starts(sandbox)).toEqual(["stop echo.socket echo.service", "restart echo.socket", "start echo.service"]);
    expect(sandbox.apply("systemd-unit", socket(2)).output).toContain("done: 0 changed");
    expect(sandbox.check("systemd-unit", socket(2)).status).toBe(0);
  });

  const ALONG = ["near", "far"];

  it("brings back what stops along with the service, and only what had run", () => {
    const sandbox = running();
    for (const name of [...ALONG, "lone"]) writeFileSync(at(sandbox, `sd/${name}.service.active`), "");
    const { output, status } = sandbox.apply("systemd-unit", socket(2));
    expect({ output, status }).toMatchObject({
      status: 0,
      output: expect.stringContaining(
        "note: near.service was stopped and started again, for it stops together with echo.service",
      ),
    });
    const [, , ...back] = starts(sandbox);
    expect(back).toEqual(["start echo.service", "start near.service", "start far.service"]);
    expect(sandbox.apply("systemd-unit", socket(2)).output).toContain("done: 0 changed");
  });

  it("brings it back after a run that was killed in between, too", () => {
    const sandbox = running();
    for (const name of ALONG) writeFileSync(at(sandbox, `sd/${name}.service.active`), "");
    writeFileSync(at(sandbox, "killed"), "");
    expect(sandbox.apply("systemd-unit", socket(2)).status).not.toBe(0);
    rmSync(at(sandbox, "killed"));
    calls(sandbox);
    for (const name of ALONG) {
      expect(sandbox.check("systemd-unit", socket(2)).output).toContain(`would change: ${name}.service started`);
    }
    expect(sandbox.apply("systemd-unit", socket(2)).status).toBe(0);
    expect(starts(sandbox)).toEqual(
      ["echo.socket", "echo.service", "near.service", "far.service"].map((unit) => `start ${unit}`),
    );
    expect(sandbox.apply("systemd-unit", socket(2)).output).toContain("done: 0 changed");
  });

  it("is started so, too, when it does not run", () => {
    const sandbox = running();
    rmSync(at(sandbox, "sd/echo.socket.active"));
    expect(sandbox.apply("systemd-unit", socket(1)).status).toBe(0);
    expect(starts(sandbox)).toEqual(["stop echo.socket echo.service", "start echo.socket", "start echo.service"]);
  });

  it.each([
    ["is left as it is", ECHO, ["start echo.socket", "start echo.service"]],
    ["is not to run", { ...ECHO, started: false }, ["start echo.socket"]],
  ])("brings the service back after a run that was killed in between, when that %s", (_, service, back) => {
    const sandbox = running();
    writeFileSync(at(sandbox, "killed"), "");
    expect(sandbox.apply("systemd-unit", socket(2)).status).not.toBe(0);
    rmSync(at(sandbox, "killed"));
    calls(sandbox);
    const settings = socket(2, service);
    const { output } = sandbox.check("systemd-unit", settings);
    expect(output.match(/would change: echo.socket started/g)).toHaveLength(1);
    expect(sandbox.apply("systemd-unit", settings).status).toBe(0);
    expect(starts(sandbox)).toEqual(back);
    expect(sandbox.apply("systemd-unit", settings).output).toContain("done: 0 changed");
  });
});

describeInSandbox("enabled: true for a unit without an [Install] section", () => {
  const wanted = (more: object = {}) => units({ name: "static.service", enabled: true, ...more });

  it("is an error that names what starts the unit", () => {
    const sandbox = real();
    for (const run of [sandbox.apply("systemd-unit", wanted()), sandbox.check("systemd-unit", wanted())]) {
      expect(run.status).toBe(1);
      expect(run.output).toMatch(/error: systemd_units: static\.service: enabled: true has no effect.*static\.timer/);
    }
  });

  it("is none yet in a check while a drop-in is still to be written", () => {
    const sandbox = real();
    const settings = wanted({ drop_in: "[Install]\nWantedBy=multi-user.target\n" });
    expect(sandbox.check("systemd-unit", settings).status).toBe(2);
  });
});
