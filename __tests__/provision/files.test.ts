import { chmodSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import files from "../../provision/files/role";
import { describeInSandbox, Sandbox } from "../support/sandbox";

const CONF = "/etc/app/app.conf";
const SYSTEMD = {
  systemctl: 'case "$1" in is-active | show) exit 0 ;; *) echo "$*" >>/var/calls ;; esac',
};
const RUNS = { "run/systemd/system/x": "", "var/calls": "" };
const SETTINGS = {
  files_folders: [{ path: "/etc/app", mode: "0750", group: "adm" }],
  files_present: [
    { path: CONF, content: "port = 80\n", mode: "0640", group: "adm", restart: "app" },
    { path: "/etc/other/deep/list", lines: ["a", "", "b"], reload: "other" },
  ],
  files_absent: ["/etc/motd"],
};
const guest = () => new Sandbox({ commands: SYSTEMD, files: { ...RUNS, "etc/motd": "hello\n" } });

describeInSandbox("the files role", () => {
  it("writes files and folders with their rights, and removes others", () => {
    const sandbox = guest();
    expect(sandbox.apply("files", SETTINGS)).toMatchObject({ status: 0 });
    expect(sandbox.read(CONF)).toBe("port = 80\n");
    expect(sandbox.read("/etc/other/deep/list")).toBe("a\n\nb\n");
    const rights = (path: string) => {
      const { gid, mode, uid } = statSync(join(sandbox.root, path));
      return `${(mode & 0o7777).toString(8)} ${uid} ${gid}`;
    };
    expect([CONF, "/etc/app", "/etc/other/deep", "/etc/other/deep/list"].map(rights)).toEqual([
      "640 0 4",
      "750 0 4",
      "755 0 0",
      "644 0 0",
    ]);
    expect(() => sandbox.read("/etc/motd")).toThrow();
    expect(sandbox.read("/var/calls").replace(/^reset-failed .*\n/gm, "")).toBe(
      "restart app\nreload-or-restart other\n",
    );
  });

  it("changes no file the second time, and says so; a check agrees before and after", () => {
    const sandbox = guest();
    const untouched = sandbox.digest();
    expect(sandbox.check("files", SETTINGS).status).toBe(2);
    expect(sandbox.digest()).toBe(untouched);
    sandbox.apply("files", SETTINGS);
    const applied = sandbox.digest();
    expect(sandbox.apply("files", SETTINGS).output).toContain("done: 0 changed");
    expect(sandbox.check("files", SETTINGS)).toMatchObject({ status: 0 });
    expect(sandbox.digest()).toBe(applied);
  });

  it("restarts a service when its file changes, and owes it when the run was killed in between", () => {
    const sandbox = guest();
    sandbox.apply("files", SETTINGS);
    const changed = { files_present: [{ ...SETTINGS.files_present[0]!, content: "port = 81\n" }] };
    const killed = new Sandbox({
      commands: { systemctl: '[ "$1" = is-active ] || { echo "no bus"; exit 1; }' },
      files: { ...RUNS },
    });
    expect(killed.apply("files", changed)).toMatchObject({ status: 1, output: expect.stringContaining("no bus") });
    expect(killed.read(CONF)).toBe("port = 81\n");
    writeFileSync(join(killed.root, "stand-ins/systemctl"), `#!/bin/sh\n${SYSTEMD.systemctl}\n`);
    expect(killed.check("files", changed)).toMatchObject({
      status: 2,
      output: expect.stringContaining("would change: app restarted"),
    });
    expect(killed.apply("files", changed).output).toContain("changed: app restarted");
    expect(killed.apply("files", changed).output).toContain("done: 0 changed");
  });

  it("starts a service anew that had failed, says so in a check, and leaves one that was stopped", () => {
    const sandbox = new Sandbox({
      commands: {
        systemctl: `for unit; do :; done
          case $1 in
            is-active) [ "$(cat /var/state)" = active ] ;;
            show) echo "ActiveState=$(cat /var/state)"; cat /var/kind ;;
            restart) grep -q good ${CONF} && echo active >/var/state || { echo failed >/var/state; exit 1; } ;;
          esac`,
      },
      files: { ...RUNS, "var/state": "active\n", "var/kind": "Type=notify\nRemainAfterExit=no\n" },
    });
    const settings = (content: string) => ({ files_present: [{ path: CONF, content, restart: "app" }] });
    const state = (is: string) => writeFileSync(join(sandbox.root, "var/state"), `${is}\n`);
    expect(sandbox.apply("files", settings("bad")).status).toBe(1);
    expect(sandbox.check("files", settings("bad"))).toMatchObject({
      status: 2,
      output: expect.stringContaining("would change: app, which had failed, restarted"),
    });
    expect(sandbox.apply("files", settings("bad")).status).toBe(1);
    expect(sandbox.apply("files", settings("good")).status).toBe(0);
    expect(sandbox.read("var/state")).toBe("active\n");
    state("inactive");
    expect(sandbox.apply("files", settings("good 2")).status).toBe(0);
    expect(sandbox.read("var/state")).toBe("inactive\n");
    state("failed");
    writeFileSync(join(sandbox.root, "var/kind"), "Type=oneshot\nRemainAfterExit=no\n");
    expect(sandbox.apply("files", settings("good 3")).status).toBe(0);
    expect(sandbox.read("var/state")).toBe("failed\n");
  });

  it("starts a service anew that its restart has left stopped, under OpenRC", () => {
    const sandbox = new Sandbox({
      osRelease: "ID=alpine\n",
      commands: {
        "rc-service": `case $*  in
            *status) grep -q active /var/state || exit 3 ;;
            *restart) grep -q good ${CONF} && echo active >/var/state || { echo stopped >/var/state; exit 1; } ;;
          esac`,
      },
      files: { "run/openrc/x": "", "var/state": "active\n" },
    });
    const settings = (content: string) => ({ files_present: [{ path: CONF, content, restart: "app" }] });
    expect(sandbox.apply("files", settings("bad")).status).toBe(1);
    expect(sandbox.apply("files", settings("good")).status).toBe(0);
    expect(sandbox.read("var/state")).toBe("active\n");
    writeFileSync(join(sandbox.root, "var/state"), "stopped\n");
    sandbox.apply("files", settings("good 2"));
    expect(sandbox.read("var/state")).toBe("stopped\n");
  });

  it("says when there is no service of the name that is to take notice", () => {
    const sandbox = new Sandbox({
      commands: { systemctl: "case $1 in show) echo not-found ;; *) exit 3 ;; esac" },
      files: RUNS,
    });
    const settings = { files_present: [{ path: CONF, content: "x", restart: "nginxx" }] };
    expect(sandbox.apply("files", settings)).toMatchObject({
      status: 0,
      output: expect.stringContaining("note: restart: nginxx: there is no such service here"),
    });
    expect(sandbox.apply("files", settings).output).not.toContain("note:");
  });

  it("leaves what nothing is said about to a folder that was there", () => {
    const sandbox = new Sandbox({});
    mkdirSync(join(sandbox.root, "etc/shared/in"), { recursive: true });
    chmodSync(join(sandbox.root, "etc/shared"), 0o1777);
    chmodSync(join(sandbox.root, "etc/shared/in"), 0o2770);
    const mode = (path: string) => (statSync(join(sandbox.root, path)).mode & 0o7777).toString(8);
    const settings = {
      files_folders: [
        { path: "/etc/shared" },
        { path: "/etc/shared/in", mode: "0750" },
        { path: "/etc/shared/in/new" },
        { path: "/etc/drop", mode: "1733" },
      ],
    };
    expect(sandbox.apply("files", settings).status).toBe(0);
    expect(["etc/shared", "etc/shared/in", "etc/shared/in/new", "etc/drop"].map(mode)).toEqual([
      "1777",
      "750",
      "755",
      "1733",
    ]);
    expect(sandbox.apply("files", settings).output).toContain("done: 0 changed");
    chmodSync(join(sandbox.root, "etc/shared/in/new"), 0o2777);
    expect(sandbox.check("files", settings).output).toContain("would change: /etc/shared/in/new");
    const { output } = sandbox.apply("files", { files_folders: [] });
    expect(output).toContain("note: /etc/shared/in is no longer in the inventory; it was there before, and stays");
    expect(output).not.toContain("note: /etc/shared is");
  });

  it("removes what it made when that leaves the inventory, and nothing else", () => {
    const sandbox = new Sandbox({ files: { "etc/app/mine": "by hand\n" } });
    const settings = {
      files_folders: [{ path: "/etc/made" }, { path: "/etc/made/in" }, { path: "/etc/full" }],
      files_present: [
        { path: "/etc/app/mine", content: "ours\n" },
        { path: "/etc/made/in/new file", content: "ours\n" },
        { path: "/etc/edited", content: "ours\n" },
      ],
    };
    sandbox.apply("files", settings);
    sandbox.apply("files", {
      ...settings,
      files_present: settings.files_present.map((f) => ({ ...f, content: "2\n" })),
    });
    writeFileSync(join(sandbox.root, "etc/full/foreign"), "");
    writeFileSync(join(sandbox.root, "etc/edited"), "by hand\n");
    const { output, status } = sandbox.apply("files", { files_present: [], files_folders: [] });
    expect(status).toBe(0);
    expect(output).toContain("changed: /etc/made/in/new file removed");
    expect(output).toContain("changed: /etc/made removed");
    expect(output).toContain("note: /etc/app/mine is no longer in the inventory; it was there before");
    expect(output).toContain("note: /etc/edited is no longer in the inventory; somebody has changed it");
    expect(output).toContain("note: /etc/full is no longer in the inventory; it is not empty");
    expect(sandbox.read("/etc/app/mine")).toBe("2\n");
    expect(readdirSync(join(sandbox.root, "var/lib/proxmox-lab"))).toEqual([]);
    expect(sandbox.apply("files", { files_present: [], files_folders: [] }).output).not.toContain("note:");
  });

  it("keeps a secret among pieces out of everything but the file", () => {
    const sandbox = guest();
    const settings = { files_present: [{ path: "/etc/db.conf", mode: "0600", content: ["password=", null, "\n"] }] };
    const secrets = { files_present_0_content_1: "canary'$(id)\n" };
    const { output } = sandbox.apply("files", settings, "apply", secrets);
    expect(sandbox.read("/etc/db.conf")).toBe("password=canary'$(id)\n\n");
    expect(statSync(join(sandbox.root, "etc/db.conf")).mode & 0o777).toBe(0o600);
    expect(output + sandbox.read("var/lib/proxmox-lab/files")).not.toContain("canary");
    expect(sandbox.apply("files", settings, "apply", secrets).output).toContain("done: 0 changed");
  });

  it("replaces a link by the file, and follows none", () => {
    const sandbox = new Sandbox({ files: { "etc/target": "untouched\n" } });
    symlinkSync("/etc/target", join(sandbox.root, "etc/link"));
    sandbox.apply("files", { files_present: [{ path: "/etc/link", content: "new\n" }] });
    expect(() => readlinkSync(join(sandbox.root, "etc/link"))).toThrow();
    expect(sandbox.read("etc/target")).toBe("untouched\n");
  });

  it.each([
    [{ files_present: [{ path: "/etc", content: "x" }] }, "/etc: a file is wanted, and a folder is there"],
    [{ files_absent: ["/etc"] }, "the folder /etc is not empty"],
    [{ files_present: [{ path: "/etc/x", content: "x", owner: "nobody9" }] }, "/etc/x: there is no user nobody9"],
    [{ files_folders: [{ path: "/etc/passwd" }] }, "/etc/passwd: a folder is wanted"],
    [{ files_present: [{ path: "/etc/passwd/x", content: "" }] }, "/etc/passwd: a folder is wanted"],
  ])("refuses %j", (settings, message) => {
    const sandbox = guest();
    const { output, status } = sandbox.apply("files", settings);
    expect(status).toBe(1);
    expect(output).toContain(message);
  });

  it("hands any text and any path on byte for byte", () => {
    const sandbox = guest();
    const nasty = fc.constantFrom(
      "'",
      '"',
      "`",
      "$(touch /etc/pwned)",
      "${IFS}",
      "\\",
      "\n",
      "%s",
      "-n ",
      "é",
      "🦆",
      "\t",
    );
    const content = fc.array(fc.oneof(nasty, fc.string()), { maxLength: 30 }).map((parts) => parts.join(""));
    const name = fc
      .array(fc.oneof(nasty, fc.string({ unit: "grapheme" })), { minLength: 1, maxLength: 6 })
      .map((parts) => `/etc/x/${parts.join("")}`)
      .filter((path) => files.variables.safeParse({ files_absent: [path] }).success);
    const entries = fc.sample(fc.record({ path: name, content: content.map((c) => c.replaceAll("\0", "")) }), 60);
    const unique = [...new Map(entries.map((each) => [each.path, each])).values()].filter(
      ({ path }) => !entries.some((other) => other.path.startsWith(`${path}/`)),
    );
    unique.push({ path: "/etc/x/long", content: `$(id)'\n`.repeat(8192) });
    expect(sandbox.apply("files", { files_present: unique })).toMatchObject({ status: 0 });
    for (const { path, content } of unique) expect(sandbox.read(path)).toBe(content);
    expect(readdirSync(join(sandbox.root, "etc"))).not.toContain("pwned");
    expect(sandbox.apply("files", { files_present: unique }).output).toContain("done: 0 changed");
    sandbox.apply("files", { files_present: [] });
    expect(readdirSync(join(sandbox.root, "etc"))).not.toContain("x");
  });
});
