import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";

const CONF = "/etc/app/app.conf";
const PART = "/etc/app/parts/b /c app  ";

/** One service, app, whose state is kept in a file; it does not start while its configuration says "bad". */
const SYSTEMCTL = `
case $1 in
  is-active) [ "$(cat /var/state)" = active ] ;;
  show)
    case "$*" in
      *LoadState*) cat /var/load ;;
      *) echo "ActiveState=$(cat /var/state)"; echo Type=notify; echo RemainAfterExit=no ;;
    esac ;;
  restart | reload-or-restart)
    [ ! -e /var/no-bus ] || { echo "no bus"; exit 1; }
    [ "$(cat /var/load)" = loaded ] || { echo "Unit $2.service not found."; exit 5; }
    echo "$1 $2" >>/var/calls
    grep -qsr bad /etc/app && { echo failed >/var/state; exit 1; }
    echo active >/var/state ;;
esac`;

const guest = () =>
  new Sandbox({
    commands: { systemctl: SYSTEMCTL, journalctl: "echo the reason" },
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
    put(sandbox, "no-bus", "");
    expect(sandbox.apply("files", without)).toMatchObject({ status: 1, output: expect.stringContaining(PART.trim()) });
    expect(() => sandbox.read(PART)).toThrow();
    rmSync(join(sandbox.root, "var/no-bus"));
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

  it("is let be when it is no more, and says so while a file names it", () => {
    const sandbox = failed();
    put(sandbox, "load", "not-found\n");
    expect(sandbox.check("files", conf("bad")).status).toBe(0);
    const { output, status } = sandbox.apply("files", conf("bad"));
    expect({ output, status }).toMatchObject({ status: 0, output: expect.stringContaining("no such service here") });
    expect(sandbox.apply("files", conf("bad")).output).not.toContain("note:");
  });
});
