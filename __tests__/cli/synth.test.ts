import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { encryptVault } from "../../model/vault";
import { container, type LabFiles, SOUND } from "../support/lab-folder";

const project = resolve(__dirname, "../..");
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A folder with these labs, each the sound one with changes. */
function folderWith(labs: Readonly<Record<string, LabFiles>>): string {
  const cwd = mkdtempSync(join(tmpdir(), "synth-"));
  folders.push(cwd);
  for (const part of ["provision", "cdktf.json"]) cpSync(join(project, part), join(cwd, part), { recursive: true });
  for (const [lab, files] of Object.entries(labs)) {
    for (const [file, text] of Object.entries({ ...SOUND, ...files })) {
      const path = join(cwd, "inventory", lab, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  return cwd;
}

function start(program: string, cwd: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--require", join(project, "scripts/typescript.cjs"), join(project, program), ...args],
    { cwd, encoding: "utf8", env: { ...process.env, NO_COLOR: "1", CDKTF_OUTDIR: "cdktf.out", ...env } },
  );
  return { status, stderr, stdout };
}
const synth = (cwd: string, args?: readonly string[], env?: NodeJS.ProcessEnv) => start("cli/synth.ts", cwd, args, env);
const stack = (lab: string) => `cdktf.out/stacks/${lab}/cdk.tf.json`;

const WARNED = { "host_vars/web.yml": container("vmid: 302", "exceptions: { memory: none needed }") };
const BROKEN = { "host_vars/web.yml": container("vmid: 301", "memory: 8 GB") };

describe("npm run synth", () => {
  it("prints the text of warnings, and counts what two labs share in both", () => {
    const cwd = folderWith({ one: WARNED, two: { "host_vars/web.yml": container("vmid: 302") } });
    const { status, stderr, stdout } = synth(cwd);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^inventory\/one\/\S+:\d+:\d+ warning .*exceptions.memory/m);
    for (const [mine, other] of [
      ["one", "two"],
      ["two", "one"],
    ]) {
      expect(stderr).toMatch(new RegExp(`^inventory/${mine}/\\S+ warning ${mine}/web .*vmid 302.* ${other}/web`, "m"));
    }
    expect(stdout).toMatch(/^one .* 2 warnings$/m);
    expect(stdout).toMatch(/^two .* 1 warning$/m);
  }, 30_000);

  it("says what validate says: of encrypted files, and of what a lab shares with others under inventory/", () => {
    const vault = { "group_vars/guests/vault.yml": encryptVault("a_password: secret\n", { password: "right" }) };
    const cwd = folderWith({ one: { "host_vars/web.yml": container("vmid: 302") }, two: { ...WARNED, ...vault } });
    const says = (text: string) => text.split("\n").filter((line) => line.startsWith("inventory/"));
    for (const args of [[], ["two"]]) {
      const { status, stderr, stdout } = synth(cwd, args);
      expect(stdout).toMatch(/^two .* 3 warnings$/m);
      const validated = start("cli/lab.ts", cwd, ["validate", ...args]);
      expect([status, says(stderr)]).toEqual([validated.status, says(validated.stdout)]);
    }
    writeFileSync(join(cwd, "password"), "right");
    const open = synth(cwd, ["two", "--vault-password-file", "password"]);
    expect(open.stdout).toMatch(/^two .* 2 warnings$/m);
    writeFileSync(join(cwd, "password"), "wrong");
    const wrong = synth(cwd, ["two", "--vault-password-file", "password"]);
    expect(wrong).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/vault\.yml:1:1 error cannot be decrypted/),
    });
  }, 60_000);

  it("says in a folder that is no project what is missing there", () => {
    const cwd = folderWith({ one: {} });
    rmSync(join(cwd, "cdktf.json"));
    const { status, stderr } = synth(cwd);
    expect(status).toBe(1);
    expect(stderr).toContain("expected the project's folder, in which cdktf.json and provision/ are");
    expect(stderr).not.toContain("mistake of this program");
  }, 30_000);

  it("takes one lab, and leaves the others alone", () => {
    const cwd = folderWith({ one: {}, two: BROKEN });
    const { status, stdout } = synth(cwd, ["one"]);
    expect([status, stdout.trim().split("\n").length]).toEqual([0, 2]);
    expect([existsSync(join(cwd, stack("one"))), existsSync(join(cwd, stack("two")))]).toEqual([true, false]);
  }, 30_000);

  it.each([
    [["--help"], 0, "Usage: npm run synth"],
    [["--nope"], 2, "unknown option '--nope'"],
    [["oen"], 2, 'did you mean "one"?'],
    [["one", "two"], 2, "too many arguments"],
  ])("%j: exit code %d, %s", (args, code, text) => {
    const { status, stderr, stdout } = synth(folderWith({ one: {} }), args);
    expect(status).toBe(code);
    expect(stdout + stderr).toContain(text);
  });

  it("says in a line where it could not write", () => {
    const cwd = folderWith({ one: {} });
    writeFileSync(join(cwd, "file"), "");
    const inFile = synth(cwd, [], { CDKTF_OUTDIR: "file" });
    expect(inFile.status).toBe(1);
    expect(inFile.stderr).toMatch(
      /^error expected to write to file: file\S*: not a directory \(ENOTDIR\); .*\n1 error\n$/,
    );
    writeFileSync(join(cwd, "cdktf.out"), "");
    expect(synth(cwd).stderr).toMatch(/^error expected to write to cdktf.out: .*ENOTDIR/);
  }, 30_000);
});

describe("main.ts, as cdktf starts it", () => {
  it("prints problems as validate does: marked, errors first, counted", () => {
    const cwd = folderWith({ one: WARNED, two: BROKEN });
    const { status, stderr } = start("main.ts", cwd);
    const marks = [...stderr.matchAll(/^inventory\/\S+ (error|warning) /gm)].map(([, mark]) => mark);
    expect(status).toBe(1);
    expect(marks).toEqual(["error", "warning"]);
    expect(stderr).toMatch(/\n1 error, 1 warning\n$/);
    expect(start("cli/lab.ts", cwd, ["validate", "two"]).stdout).toContain(stderr.split("\n")[0]!);
  }, 30_000);

  it("has no stack trace when it cannot write", () => {
    const cwd = folderWith({ one: {} });
    writeFileSync(join(cwd, "cdktf.out"), "");
    const { status, stderr } = start("main.ts", cwd);
    expect(status).toBe(1);
    expect(stderr).not.toMatch(/^\s+at /m);
  }, 30_000);
});

describe("output that nobody can take", () => {
  const full = existsSync("/dev/full") ? it : it.skip;
  if (full === it.skip) console.warn("skipped: there is no /dev/full here");

  full(
    "is told in one line",
    () => {
      const hook = join(project, "scripts/typescript.cjs");
      const command = `"${process.execPath}" --require "${hook}" "${join(project, "cli/lab.ts")}" schema >/dev/full`;
      const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: project, encoding: "utf8" });
      expect([status, stderr]).toEqual([1, "lab: the output cannot be written: no space left on device (ENOSPC)\n"]);
    },
    30_000,
  );
});
