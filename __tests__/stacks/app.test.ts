import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { synthesize } from "../../stacks/app";
import { environmentProblems } from "../../stacks/environment";
import { LabStack } from "../../stacks/lab-stack";
import { quietStacks } from "../../stacks/quiet-stacks";
import { guest, lab } from "../support/lab";

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "lab-app-"));
  folders.push(made);
  return made;
}
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true });
});

const DOCUMENT = "stacks/lab/cdk.tf.json";
const read = (outdir: string, file = DOCUMENT) => readFileSync(join(outdir, file), "utf8");
const base = { role: "base", after: [], settings: { timezone: "UTC" }, secrets: {} };
const LAB = lab({ guests: [guest({ steps: [base] })] });
const WARNING = { rule: "x", severity: "warning", message: "too much" } as const;

describe("synthesize", () => {
  it("gives the same bytes in another folder, from another folder, manifest included", () => {
    const here = folder();
    expect(synthesize([{ lab: LAB, warnings: [WARNING] }], { outdir: here })).toEqual([]);
    const project = folder();
    cpSync("provision", join(project, "provision"), { recursive: true });
    cpSync("cdktf.json", join(project, "cdktf.json"));
    const there = join(folder(), "out");
    const home = process.cwd();
    try {
      process.chdir(project);
      synthesize([{ lab: LAB, warnings: [WARNING] }], { outdir: there });
    } finally {
      process.chdir(home);
    }
    for (const file of [DOCUMENT, "manifest.json"]) {
      expect(read(there, file)).toBe(read(here, file));
      expect(read(here, file)).not.toContain(home);
    }
  });

  it("matches the golden stack", () => {
    const outdir = folder();
    synthesize([{ lab: LAB }], { outdir });
    const { "//": _, locals, ...stack } = JSON.parse(read(outdir));
    expect(Object.keys(locals).sort()).toMatchSnapshot("locals");
    // Hashes of scripts and settings belong to the roles.
    const text = JSON.stringify(stack, null, 2).replace(/[0-9a-f]{64}/g, "<sha256>");
    expect(JSON.parse(text.replace(/"step_name=.*"/g, '"<step>"'))).toMatchSnapshot("stack");
  });

  it("reports what is wrong with any lab, and writes none", () => {
    const outdir = folder();
    const twins = lab({ name: "twins", guests: [guest({ name: "a" }), guest({ name: "b" })] });
    const broken = lab({ name: "broken", guests: [guest({ cores: 0 })] });
    const problems = synthesize([{ lab: LAB }, { lab: twins }, { lab: broken }], { outdir });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("VMID 301: expected one guest, got twins/a and twins/b"),
      expect.stringContaining("address 192.168.1.51"),
      expect.stringContaining("cores: expected"),
    ]);
    expect(existsSync(join(outdir, DOCUMENT))).toBe(false);
    expect(existsSync(join(outdir, "manifest.json"))).toBe(false);
  });

  it("never writes the value of a secret, only its name", () => {
    const canary = "canary-7b1f";
    process.env.TF_VAR_wg_key = canary;
    const outdir = folder();
    const step = { ...base, secrets: { wg_key: "wg_key" } };
    synthesize([{ lab: lab({ guests: [guest({ steps: [step] })], secrets: [{ name: "wg_key", usedBy: [] }] }) }], {
      outdir,
    });
    delete process.env.TF_VAR_wg_key;
    expect(read(outdir)).toContain("var.wg_key");
    expect(read(outdir)).not.toContain(canary);
  });
});

describe("LeanStack", () => {
  it("writes what cdktf itself would write", () => {
    const [ours, theirs] = [folder(), folder()];
    synthesize([{ lab: LAB, warnings: [WARNING] }], { outdir: ours });
    const app = new App({ outdir: theirs, skipValidation: true });
    const stack = new LabStack(app, LAB, [WARNING]);
    TerraformStack.prototype.prepareStack.call(stack);
    expect(TerraformStack.prototype.toTerraform.call(stack)).toEqual(JSON.parse(read(ours)));
  });

  it("honours overrides of the stack", () => {
    const outdir = folder();
    const app = new App({ outdir });
    new LabStack(app, LAB).addOverride("terraform.required_version", "~> 1.11");
    app.synth();
    expect(JSON.parse(read(outdir)).terraform.required_version).toBe("~> 1.11");
  });
});

describe("quietStacks", () => {
  it("silences cdktf's traces until it is taken back", () => {
    const traces: { captureStackTrace(): string[] } = require("cdktf/lib/tokens/private/stack-trace");
    const loud = quietStacks();
    expect(traces.captureStackTrace()).toEqual([]);
    loud();
    expect(traces.captureStackTrace().length).toBeGreaterThan(0);
  });

  it("leaves the traces of errors alone", () => {
    const loud = quietStacks();
    expect(new Error("x").stack).toContain("app.test");
    loud();
  });
});

describe("environmentProblems", () => {
  it("names variables of the provider that would change who it is", () => {
    const found = environmentProblems({
      PROXMOX_VE_AUTH_TICKET: "t",
      PROXMOX_VE_CSRF_PREVENTION_TOKEN: "c",
      PROXMOX_VE_INSECURE: "1",
    });
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringContaining("PROXMOX_VE_AUTH_TICKET and PROXMOX_VE_CSRF_PREVENTION_TOKEN"),
      expect.stringContaining("PROXMOX_VE_INSECURE"),
    ]);
  });

  it("has nothing to say of those that the configuration overrules", () => {
    expect(
      environmentProblems({ PROXMOX_VE_API_TOKEN: "x", PROXMOX_VE_PASSWORD: "x", PROXMOX_VE_INSECURE: "false" }),
    ).toEqual([]);
  });
});
