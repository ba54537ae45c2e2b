import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pc from "picocolors";
import { UsageError } from "../../cli/output";
import { cdktf } from "../../cli/terraform";
import { encryptVault } from "../../model/vault";
import { container, type LabFiles, SOUND } from "../support/lab-folder";
import { temporaryFolder } from "../support/run-step";

const PASSWORD = "vault password";
const TOKEN = "terraform@pve!lab=00000000-0000-0000-0000-000000000000";

/** Writes down what it was started with. */
const FAKE = `
const { writeFileSync } = require("node:fs");
const [, , ...args] = process.argv;
writeFileSync("started.json", JSON.stringify({ args, env: process.env }));
process.exit(args.includes("--fail") ? 7 : 0);
`;

function folder(files: LabFiles = {}): string {
  const cwd = temporaryFolder();
  for (const [file, text] of Object.entries({ ...SOUND, ...files })) {
    const path = join(cwd, "inventory/lab", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  writeFileSync(join(cwd, "cdktf.cjs"), FAKE);
  writeFileSync(join(cwd, "password"), PASSWORD);
  return cwd;
}

async function run(cwd: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const lines: string[] = [];
  const tell = (text: string) => void lines.push(text);
  const program = [process.execPath, join(cwd, "cdktf.cjs")] as const;
  const io = { cwd, out: tell, err: tell, colors: pc.createColors(false) };
  const code = await cdktf(args, { environment, program }, io);
  let started: { args: string[]; env: Record<string, string> } | undefined;
  try {
    started = JSON.parse(readFileSync(join(cwd, "started.json"), "utf8"));
  } catch {
    started = undefined;
  }
  return { code, told: lines.join("\n"), started };
}

const VAULT = {
  "group_vars/all.yml": "",
  "group_vars/all/main.yml": SOUND["group_vars/all.yml"]!,
  "group_vars/all/vault.yml": encryptVault(`proxmox_api_token: ${TOKEN}\n`, { password: PASSWORD }),
};

describe("npm run diff and deploy", () => {
  it("hand cdktf every secret in its environment, the lab, and further arguments; none in its arguments", async () => {
    const args = ["deploy", "--vault-password-file", "password", "lab", "--auto-approve", "-var=x"];
    const { code, started, told } = await run(folder(VAULT), args, { PATH: "/bin", LAB_VAULT_PASSWORD: "other" });
    expect(told).toBe("");
    expect(code).toBe(0);
    expect(started?.args).toEqual(["deploy", "lab", "--auto-approve", "-var=x"]);
    expect(started?.env).toMatchObject({ TF_VAR_proxmox_api_token: TOKEN, LAB: "lab", PATH: "/bin" });
    expect(started?.env).not.toHaveProperty("LAB_VAULT_PASSWORD");
  });

  it("prefer the environment, and pass cdktf's exit code on", async () => {
    const { code, started } = await run(folder(VAULT), ["diff", "lab", "--fail"], { TF_VAR_proxmox_api_token: "mine" });
    expect(code).toBe(7);
    expect(started?.env.TF_VAR_proxmox_api_token).toBe("mine");
    const empty = await run(folder(VAULT), ["diff", "lab"], {
      TF_VAR_proxmox_api_token: "",
      LAB_VAULT_PASSWORD: PASSWORD,
    });
    expect(empty.started?.env.TF_VAR_proxmox_api_token).toBe(TOKEN);
  });

  it("name all secrets that are missing, each with its places, before anything starts", async () => {
    const gpu =
      "proxmox_node:\n  address: 192.168.1.10\n  bridges: [vmbr0]\n  storages: {local: {type: dir, content: [vztmpl]}, local-lvm: {type: lvmthin, content: [rootdir]}}\n";
    const files = {
      "host_vars/pve1.yml": gpu,
      "host_vars/web.yml": container("vmid: 301", "features: { keyctl: true }"),
    };
    const { code, started, told } = await run(folder(files), ["diff", "lab"]);
    expect(started).toBeUndefined();
    expect(code).toBe(1);
    expect(told).toMatch(
      /group_vars\/all\.yml:\d+:\d+ error the secret proxmox_api_token \(API token.*\) has no value; set TF_VAR_proxmox_api_token, or encrypt/,
    );
    expect(told).toMatch(/host_vars\/web\.yml:\d+:\d+ error the secret proxmox_root_password .* has no value/);
    expect(told).toMatch(/lab: 2 errors; Terraform was not started/);
  });

  it("say that a file is encrypted when there is no password, and that a password does not fit", async () => {
    const locked = await run(folder(VAULT), ["diff", "lab"]);
    expect(locked.told).toMatch(
      /proxmox_api_token .* has no value: encrypted, and there is no vault password; set LAB_VAULT_PASSWORD_FILE/,
    );
    expect(locked.told).toMatch(/vault\.yml:1:1 has it, encrypted/);
    const wrong = await run(folder(VAULT), ["diff", "lab"], { LAB_VAULT_PASSWORD: "wrong" });
    expect(wrong.told).toMatch(/vault\.yml:1:1 error cannot be decrypted: none of the 1 vault passwords fits/);
    expect(wrong.started).toBeUndefined();
  });

  it("ask for no vault password where nothing is encrypted", async () => {
    const environment = { TF_VAR_proxmox_api_token: TOKEN, ANSIBLE_VAULT_PASSWORD_FILE: "/nonexistent" };
    expect(await run(folder(), ["diff", "lab"], environment)).toMatchObject({ code: 0, told: "" });
    const { code, told } = await run(folder(VAULT), ["diff", "lab"], environment);
    expect(code).toBe(1);
    expect(told).toContain("ANSIBLE_VAULT_PASSWORD_FILE: /nonexistent does not exist");
  });

  it("refuse values that no environment can carry", async () => {
    const vault = (text: string) => ({
      ...VAULT,
      "group_vars/all/vault.yml": encryptVault(`proxmox_api_token: ${text}\n`, { password: PASSWORD }),
    });
    const long = await run(folder(vault("x".repeat(140_000))), ["diff", "lab"], { LAB_VAULT_PASSWORD: PASSWORD });
    expect(long).toMatchObject({ code: 1, told: expect.stringContaining("longer than the 128 KiB") });
    const nul = await run(folder(vault('"a\\0b"')), ["diff", "lab"], { LAB_VAULT_PASSWORD: PASSWORD });
    expect(nul).toMatchObject({ code: 1, told: expect.stringContaining("NUL") });
  });

  it("ask for a lab, and tell the mistakes of one", async () => {
    await expect(run(folder(), ["diff"])).rejects.toThrow(UsageError);
    await expect(run(folder(), ["diff", "lba"])).rejects.toThrow(/did you mean "lab"/);
    const broken = await run(folder({ "host_vars/web.yml": container("vmid: no") }), ["diff", "lab"]);
    expect(broken).toMatchObject({ code: 1, told: expect.stringContaining("mend them first") });
  });
});
