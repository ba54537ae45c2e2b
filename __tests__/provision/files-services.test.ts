import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";

const CONF = "/etc/app/app.conf";
const PART = "/etc/app/parts/b /c app  ";

/** One service, app, whose state is kept in a file; it does not start while its configuration says "bad", or is needed and gone. */
const SYSTEMCTL = `
case $1 in
  is-active) [ "$(cat /var/state)" = active ] ;;
  show)
    case "$*" in
      *LoadState*) cat /var/load ;;
      *) echo "ActiveState=$(cat /var/state)"; echo Type=notify; echo RemainAfterExit=no ;;
    esac ;;
  restart | reload-or-restart)
    [ "$(cat /var/load)" = loaded ] || { echo "Unit $2.service not found."; exit 5; }
    echo "$1 $2" >>/var/calls
    { grep -qsr bad /etc/app || { [ -e /var/needed ] && [ ! -e ${CONF} ]; }; } && { echo failed >/var/state; exit 1; }
    echo active >/var/state ;;
esac`;

/** Takes the run along with the file. */
const RM = `/bin/rm "$@"
[ ! -e /var/killed ] || [ -e "${PART}" ] || kill -9 $PPID`;

const guest = () =>
  new Sandbox({
    commands: { systemctl: SYSTEMCTL, journalctl: "echo the reason", rm: RM },
    files: { "run/systemd/system/x": "", "var/calls": "", "var/state": "active\n", "var/load": "loaded\n" },
  });
const put = (sandbox: Sandbox, name: string, text: string) => writeFileSync(join(sandbox.root, "var", name), text);
const calls = (sandbox: Sandbox) => {
  const made = sandbox.read("var/calls").split("\n").filter(Boolean);
  put(sandbox, "calls", "");
  return made;
};
const conf = (content: string, more: object = { restart: "app" }) => ({
  files_present: [{ path: CONF, content, ...more }],
});
const part = { files_present: [{ path: PART, content: "b\n", restart: "app" }] };
const NONE = { files_present: [] };

describeInSandbox("a service of the files role, when a file goes", () => {
  it.each([
    ["with its entry", NONE],
    ["by files_absent", { files_present: [], files_absent: [PART] }],
  ])("%s, takes notice of that once, and a check agrees", (_, without) => {
    const sandbox = guest();
    sandbox.apply("files", part);
    expect(calls(sandbox)).toEqual(["restart app"]);
    expect(sandbox.check("files", without)).toMatchObject({
      status: 2,
      output: expect.stringContaining("would change: app restarted"),
    });
    expect(sandbox.apply("files", without).output).toContain("changed: app restarted");
    expect(calls(sandbox)).toEqual(["restart app"]);
    expect(sandbox.apply("files", without).output).toContain("done: 0 changed");
    expect(sandbox.check("files", without).status).toBe(0);
    expect(readdirSync(join(sandbox.root, "var/lib/proxmox-lab"))).toEqual([]);
  });

  it.each([
    ["with its entry", NONE],
    ["by files_absent", { files_present: [], files_absent: [PART] }],
  ])("%s, does so also after a run that was killed in between", (_, without) => {
    const sandbox = guest();
    sandbox.apply("files", part);
    calls(sandbox);
    put(sandbox, "killed", "");
    expect(sandbox.apply("files", without).status).not.toBe(0);
    expect(() => sandbox.read(PART)).toThrow();
    expect(calls(sandbox)).toEqual([]);
    rmSync(join(sandbox.root, "var/killed"));
    expect(sandbox.check("files", without).status).toBe(2);
    expect(sandbox.apply("files", without).status).toBe(0);
    expect(calls(sandbox)).toEqual(["restart app"]);
  });

  it("takes notice also when the entry named it only later; and not when the file stays", () => {
    const sandbox = guest();
    sandbox.apply("files", conf("1", {}));
    expect(sandbox.apply("files", conf("1", { reload: "app" })).output).toContain("done: 0 changed");
    sandbox.apply("files", NONE);
    expect(calls(sandbox)).toEqual(["reload-or-restart app"]);
    sandbox.apply("files", conf("2"));
    calls(sandbox);
    writeFileSync(join(sandbox.root, CONF), "by hand\n");
    expect(sandbox.apply("files", NONE).output).toContain("somebody has changed it");
    expect(calls(sandbox)).toEqual([]);
  });

  it("may be gone, too", () => {
    const sandbox = guest();
    sandbox.apply("files", part);
    put(sandbox, "load", "not-found\n");
    const { output, status } = sandbox.apply("files", NONE);
    expect({ output, status }).toMatchObject({ status: 0, output: expect.not.stringContaining("note:") });
  });
});

describeInSandbox("a service of the files role that cannot be restarted", () => {
  const failed = () => {
    const sandbox = guest();
    const { output, status } = sandbox.apply("files", conf("bad"));
    expect(status).toBe(1);
    expect(output).toMatch(/the reason\n.*error: app cannot be restarted; .* told of \/etc\/app\/app\.conf: mend that/);
    return sandbox;
  };

  it.each([
    ["its entry no longer names it", conf("bad", {})],
    ["its entry leaves the list", NONE],
    ["its entry names another", conf("bad", { restart: "other" })],
  ])("is let be when %s", (_, settings) => {
    const sandbox = failed();
    // The file is by hand, so that it stays.
    writeFileSync(join(sandbox.root, CONF), "bad, by hand\n");
    if (settings !== NONE) writeFileSync(join(sandbox.root, CONF), "bad");
    calls(sandbox);
    expect(sandbox.check("files", settings).status).toBe(0);
    expect(sandbox.apply("files", settings).output).toContain("done: 0 changed");
    expect(calls(sandbox)).toEqual([]);
  });

  it.each([
    ["with its entry", NONE],
    ["by files_absent", { files_present: [], files_absent: [CONF] }],
  ])("is tried once when its file has gone %s, and it does not start without that", (_, without) => {
    const sandbox = guest();
    sandbox.apply("files", conf("good"));
    put(sandbox, "needed", "");
    calls(sandbox);
    const { output, status } = sandbox.apply("files", without);
    expect({ output, status }).toMatchObject({ status: 0, output: expect.not.stringContaining("error:") });
    expect(output).toMatch(/note: app was told that it is without \/etc\/app\/app\.conf now, and its restart failed/);
    expect(output).not.toContain("app restarted");
    expect(sandbox.check("files", without).status).toBe(0);
    expect(sandbox.apply("files", without).output).toContain("done: 0 changed");
    expect(calls(sandbox)).toEqual(["restart app"]);
    expect(readdirSync(join(sandbox.root, "var/lib/proxmox-lab"))).toEqual([]);
  });

  it("fails the step still when one of its files has gone and another names it", () => {
    const sandbox = guest();
    const both = { files_present: [...conf("good").files_present, ...part.files_present] };
    sandbox.apply("files", both);
    put(sandbox, "needed", "");
    for (const _ of [1, 2]) expect(sandbox.apply("files", part).status).toBe(1);
    expect(sandbox.apply("files", both).status).toBe(0);
  });

  it("is let be when it is no more, and says so while a file names it", () => {
    const sandbox = failed();
    put(sandbox, "load", "not-found\n");
    expect(sandbox.check("files", conf("bad")).status).toBe(0);
    const { output, status } = sandbox.apply("files", conf("bad"));
    expect({ output, status }).toMatchObject({ status: 0, output: expect.stringContaining("no such service here") });
    expect(sandbox.apply("files", conf("bad")).output).not.toContain("note:");
  });
});
