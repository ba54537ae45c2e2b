import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { synthesize } from "../../stacks/app";
import { environmentProblems } from "../../stacks/environment";
import { LabStack } from "../../stacks/lab-stack";
import { quietStacks } from "../../stacks/quiet-stacks";
import { guest, lab } from "../support/lab";
import { addresses, type Terraform } from "../support/synth";

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

describe("the smallest lab's Terraform", () => {
  const stack = (): Terraform => {
    const outdir = folder();
    synthesize([{ lab: LAB }], { outdir });
    return JSON.parse(read(outdir));
  };

  it("has these names, which states and users know", () => {
    const terraform = stack();
    expect(addresses(terraform)).toEqual([
      "data.proxmox_files.volumes_pve1_local-lvm",
      "data.proxmox_virtual_environment_containers.all",
      "data.proxmox_virtual_environment_vms.all",
      "null_resource.pve1_hardware",
      "null_resource.web_base",
      "proxmox_download_file.template-pve1-local-debian-13-tar-zst",
      "proxmox_virtual_environment_container.web",
      "terraform_data.disk_guard",
      "terraform_data.rebuilds",
      "terraform_data.vmid_guard",
      "terraform_data.vmids",
    ]);
    expect(Object.keys(terraform.variable)).toEqual(["proxmox_api_token", "proxmox_ssh_private_key", "step_verbose"]);
    expect(Object.keys(terraform.output)).toEqual(["guests"]);
  });

  it("asks for nothing but these blocks, providers and versions", () => {
    const terraform = stack();
    const blocks = ["//", "data", "locals", "output", "provider", "resource", "terraform", "variable"];
    expect(Object.keys(terraform).sort()).toEqual(blocks);
    expect(terraform.terraform).toEqual({
      backend: { local: { path: "../../../terraform.lab.tfstate" } },
      required_providers: {
        null: { source: "null", version: "3.2.4" },
        proxmox: { source: "bpg/proxmox", version: "0.111.1" },
      },
      required_version: ">= 1.5.0",
    });
  });

  it("verifies the API's certificate", () => {
    const endpoint = "https://pve1.example.internal:8006/";
    expect(stack().provider.proxmox).toMatchObject([{ endpoint, insecure: false }]);
  });

  it("takes over a template that lies there already, and gives a download ten minutes", () => {
    expect(Object.values(stack().resource.proxmox_download_file ?? {})).toMatchObject([
      { overwrite_unmanaged: true, upload_timeout: 600, verify: true },
    ]);
  });

  it("runs a step anew for another guest, other scripts or other settings, and for nothing else", () => {
    expect(stack().resource.null_resource?.web_base?.triggers).toEqual({
      guest: "${proxmox_virtual_environment_container.web.id}",
      scripts: "${local.step_role_base.hash}",
      settings: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("ends a plan that would take a foreign guest's VMID, or lose a guest on its way to another node", () => {
    expect(stack().resource.terraform_data?.vmid_guard).toMatchObject({
      lifecycle: {
        precondition: [
          { condition: "${length(local.taken_vmids) == 0}", error_message: expect.stringContaining("`adopt: true`") },
          {
            condition: "${length(local.misplaced_guests) == 0}",
            error_message: expect.stringContaining("pct migrate"),
          },
        ],
      },
    });
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
