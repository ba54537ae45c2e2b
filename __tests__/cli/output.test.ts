import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { unexpected } from "../../cli/guarded";
import { table, useColor } from "../../cli/output";
import { labFolder, removeLabFolders } from "../support/lab-folder";
import { temporaryFolder } from "../support/run-step";
import { BROKEN, capture, PROJECT } from "./capture";

jest.setTimeout(30_000);

afterAll(removeLabFolders);

describe("output", () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ TERM: "dumb" }, true, false],
  ])("with %j on a terminal (%j) colours are %j", (environment, terminal, expected) => {
    expect(useColor(environment, terminal)).toBe(expected);
  });

  it("lines up columns, coloured or not", () => {
    const plain = pc.createColors(false);
    const red = pc.createColors(true).red("ab");
    expect(
      table(
        ["N", "NAME"],
        [
          ["1", "a"],
          ["10", red],
        ],
        plain,
      ),
    ).toBe(` N  NAME\n 1  a\n10  ${red}`);
  });

  it("colours problems only when asked to", async () => {
    const cwd = labFolder(BROKEN);
    expect((await capture(["validate"], cwd)).out).not.toContain("\u001b");
    expect((await capture(["validate"], cwd, true)).out).toContain("\u001b[31merror");
  });

  it("tells a mistake of the program in one line, and its trace on demand only", () => {
    const error = new Error("boom\nsecond line");
    expect(unexpected("lab", error, false)).toMatch(/^lab: .*boom.*LAB_DEBUG=1$/);
    expect(unexpected("lab", error, true)).toMatch(/^\s+at /m);
  });
});

describe("as a process", () => {
  const shell = (command: string, env: NodeJS.ProcessEnv = {}) =>
    spawnSync("sh", ["-c", command], { cwd: PROJECT, encoding: "utf8", env: { ...process.env, ...env } });

  it("runs by npm, with its exit code", () => {
    const { status, stdout } = shell("npm run -s lab -- explain tiers/jellyfin proxmox_lxc.memory");
    expect([status, stdout.split("\n")[0]]).toEqual([0, "proxmox_lxc.memory = 32768"]);
    expect(shell("npm run -s lab -- show tiers/nobody").status).toBe(2);
  }, 30_000);

  it("survives a closed pipe", () => {
    const { stderr, stdout } = shell("node --require ./scripts/typescript.cjs cli/lab.ts schema | head -n 1");
    expect([stdout, stderr.replace(/^npm warn.*\n/gm, "")]).toEqual(["{\n", ""]);
  }, 30_000);

  it("synthesizes every lab and prints a table", () => {
    const outdir = temporaryFolder();
    const { status, stdout } = shell("node --require ./scripts/typescript.cjs cli/synth.ts", { CDKTF_OUTDIR: outdir });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^tiers +1 +4 +16 +45056 +32 /m);
    expect(existsSync(join(outdir, "stacks/tiers/cdk.tf.json"))).toBe(true);
  }, 30_000);

  it("synthesizes nothing when anything is wrong", () => {
    const cwd = labFolder(BROKEN);
    const hook = join(PROJECT, "scripts/typescript.cjs");
    const result = spawnSync(process.execPath, ["--require", hook, join(PROJECT, "cli/synth.ts")], {
      cwd,
      encoding: "utf8",
    });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("8 GB");
    expect(result.stderr).toContain("lxc_coers");
    expect(existsSync(join(cwd, "cdktf.out"))).toBe(false);
  }, 30_000);
});
