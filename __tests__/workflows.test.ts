import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { findProgram } from "../scripts/programs";

const ROOT = join(__dirname, "..");
const FOLDER = join(ROOT, ".github", "workflows");
const FILES = [
  ...readdirSync(FOLDER).map((name) => join(FOLDER, name)),
  join(ROOT, ".github/actions/setup/action.yml"),
];

interface Job {
  readonly if?: string;
  readonly permissions?: object;
  readonly environment?: string;
  readonly concurrency?: object;
  readonly strategy?: object;
  readonly steps: readonly { readonly uses?: string; readonly with?: object; readonly run?: string }[];
}

interface Workflow {
  readonly on: object;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflow = (name: string) => parse(readFileSync(join(FOLDER, `${name}.yml`), "utf8")) as Workflow;

/** `it` where the program is installed; elsewhere a skipped one that says so. */
function itWith(program: string, name: string, test: (path: string) => void): void {
  const path = findProgram(program);
  if (path) it(name, () => test(path), 30_000);
  else {
    process.stderr.write(`skipped "${name}": no ${program} in .venv or on PATH; run scripts/venv.sh\n`);
    it.skip(name, () => {});
  }
}

describe("workflows", () => {
  itWith("actionlint", "are accepted by actionlint", (actionlint) => {
    const { status, stdout } = spawnSync(actionlint, ["-no-color"], { cwd: ROOT, encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });

  itWith("zizmor", "have no finding of zizmor", (zizmor) => {
    const found = spawnSync(zizmor, ["--offline", "--no-progress", "--format", "plain", ".github"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect({ status: found.status, stdout: found.stdout.trim() }).toMatchObject({ status: 0 });
  });

  it.each(FILES)("%s pins every action by commit, with its version beside it", (file) => {
    const uses = readFileSync(file, "utf8").match(/uses: .*/g) ?? [];
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/^uses: (\.\/\S+|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  });

  it.each(["ci", "plan", "deploy"])("%s grants nothing by default, and checks out without leaving a token", (name) => {
    const { jobs, permissions } = workflow(name);
    expect(permissions).toEqual({});
    for (const job of Object.values(jobs)) {
      for (const step of job.steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
        expect(step.with).toMatchObject({ "persist-credentials": false });
      }
    }
  });

  it("gives the checks of forks neither secrets nor a write", () => {
    expect(readFileSync(join(FOLDER, "ci.yml"), "utf8")).not.toMatch(/secrets\.|pull_request_target|: write/);
    const { jobs } = workflow("ci");
    for (const job of Object.values(jobs)) expect(job.permissions).toEqual({ contents: "read" });
    const commands = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run }) => run));
    for (const command of ["npm run lint", "npm run types", "npm run knip", "npm run synth", "npm test"]) {
      expect(commands).toContain(command);
    }
    expect(commands).toContain("npm run -s lab -- validate --format github");
  });

  it("plans pull requests of the repository's own branches only", () => {
    const { jobs } = workflow("plan");
    expect(jobs.labs!.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
    const writers = Object.entries(jobs).filter(([, { permissions }]) => JSON.stringify(permissions).includes("write"));
    expect(writers.map(([name]) => name)).toEqual(["comment"]);
    expect(JSON.stringify(jobs.comment!.steps)).not.toContain("secrets.");
  });

  it("plans and deploys as people do: with the vault, and past the guard", () => {
    const commands = (name: string) =>
      Object.values(workflow(name).jobs).flatMap(({ steps }) => steps.map(({ run }) => run ?? ""));
    const all = [...commands("plan"), ...commands("deploy")].join("\n");
    expect(all).toContain('.ci/with-secrets npm run -s diff -- "$LAB"');
    expect(all).toContain('.ci/with-secrets npm run -s deploy -- "$LAB" --auto-approve');
    expect(all).not.toContain("cdktf");
  });

  it("deploys behind the lab's environment, one lab at a time, and never cuts an apply off", () => {
    const { deploy } = workflow("deploy").jobs;
    expect(deploy).toMatchObject({
      environment: "${{ matrix.lab }}",
      strategy: { "max-parallel": 1 },
      concurrency: { group: "deploy-${{ matrix.lab }}", "cancel-in-progress": false },
    });
  });
});

describe("the comment on a pull request", () => {
  const folder = mkdtempSync(join(tmpdir(), "lab-plans-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  function comment(plans: Readonly<Record<string, string>>, labs = Object.keys(plans)): string {
    for (const [lab, text] of Object.entries(plans)) writeFileSync(join(folder, `${lab}.txt`), text);
    const env = { ...process.env, LABS: JSON.stringify(labs), COMMIT: "0123456789abcdef", RUN_URL: "https://ci/1" };
    return execFileSync(process.execPath, ["scripts/plan-comment.mjs", folder], { cwd: ROOT, env, encoding: "utf8" });
  }

  it("begins with the marker by which it is found again", () => {
    expect(comment({ quiet: "quiet  No changes. Your infrastructure matches the configuration." })).toMatch(
      /^<!-- lab-plan -->\n[\s\S]*<b>quiet<\/b>: no changes</,
    );
  });

  it("says in one line what matters: counts, and guests that would be destroyed and created anew", () => {
    const plan =
      "  # proxmox_virtual_environment_container.media must be replaced\n\nPlan: 1 to add, 0 to change, 1 to destroy.";
    expect(comment({ loud: plan })).toContain(
      "Plan: 1 to add, 0 to change, 1 to destroy. ⚠ 1 replaced: destroyed and created anew.",
    );
  });

  it("says that a plan failed, also when there is no output at all", () => {
    expect(comment({ broken: "Error: no such host" })).toContain("<b>broken</b>: no plan");
    expect(comment({}, ["absent"])).toContain("<b>absent</b>: no plan");
    expect(comment({}, [])).toContain("No lab is touched");
  });

  it("cannot be broken out of by what a plan says", () => {
    expect(comment({ sly: "````\n# a heading of mine\n`````" })).toContain(
      "``````text\n````\n# a heading of mine\n`````\n``````",
    );
  });

  it("stays within GitHub's limit, and keeps the end of each plan", () => {
    const long = `${"a line of the plan\n".repeat(20_000)}Plan: 9 to add, 0 to change, 0 to destroy.`;
    const text = comment({ one: long, two: long, three: long });
    expect(text.length).toBeLessThan(65_536);
    expect(text.match(/^Plan: 9 to add/gm)).toHaveLength(3);
  });
});

describe(".ci/with-secrets", () => {
  const run = (secrets: string, ...command: string[]) =>
    spawnSync(join(ROOT, ".ci", "with-secrets"), command, {
      encoding: "utf8",
      env: { PATH: process.env.PATH, LAB_SECRETS: secrets },
    });

  it("passes values on as they stand", () => {
    const value = "a b=$(id) `id` '\" \\ $HOME %";
    const { status, stdout } = run(`# ours\n\nTF_VAR_a=${value}\r\nPGPASSWORD=`, "sh", "-c", 'printf %s "$TF_VAR_a"');
    expect({ status, stdout }).toEqual({ status: 0, stdout: value });
  });

  it("does not hand the list itself on", () => {
    expect(run("A=1", "sh", "-c", 'echo "${LAB_SECRETS-none}"').stdout).toBe("none\n");
  });

  it("names the line that is no assignment, but does not show it", () => {
    const { status, stderr } = run("A=1\nhunter2", "true");
    expect(status).toBe(2);
    expect(stderr).toContain("line 2");
    expect(stderr).not.toContain("hunter2");
  });
});

describe("changed-labs", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lab-changes-"));
    git("init", "--quiet");
    for (const lab of ["one", "two"]) write(`inventory/${lab}/hosts.yml`, "all: { hosts: { web: } }\n");
    commit();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
      cwd: folder,
      encoding: "utf8",
    });
  function write(file: string, text: string): void {
    execFileSync("mkdir", ["-p", join(folder, file, "..")]);
    writeFileSync(join(folder, file), text);
  }
  function commit(): void {
    git("add", ".");
    git("commit", "--quiet", "--message", "change");
  }
  function changed(...args: string[]) {
    const script = join(ROOT, "scripts", "changed-labs.ts");
    const hook = join(ROOT, "scripts", "typescript.cjs");
    return spawnSync(process.execPath, ["--require", hook, script, ...args], { cwd: folder, encoding: "utf8" });
  }
  function labsAfter(file: string): string {
    write(file, `# ${Math.random()}\nall: { hosts: { web: } }\n`);
    commit();
    return changed("HEAD~1").stdout;
  }

  it("names the lab whose inventory changed", () => {
    expect(labsAfter("inventory/two/hosts.yml")).toBe('labs=["two"]\n');
  });

  it("names every lab when code changed, and none for documentation", () => {
    expect(labsAfter("constructs/step.ts")).toBe('labs=["one","two"]\n');
    expect(labsAfter("docs/README.md")).toBe("labs=[]\n");
  });

  it("takes every lab where there is nothing to compare with, and one that is asked for", () => {
    expect(changed("0".repeat(40)).stdout).toBe('labs=["one","two"]\n');
    expect(changed("--all", "--only", "one").stdout).toBe('labs=["one"]\n');
  });

  it("says which labs there are when one does not exist", () => {
    const { status, stderr } = changed("--all", "--only", "three");
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'there is no lab "three"; the labs are: one, two\n' });
  });
});
