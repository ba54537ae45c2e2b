import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encryptVault } from "../../../model/vault";
import { container } from "../../support/lab-folder";
import { folder, PASSWORD, run, TOKEN, VAULT } from "./stand-in";

jest.setTimeout(30_000);

const MINE = "me@pve!mine=00000000-0000-0000-0000-000000000001";

describe("npm run diff and deploy, with secrets,", () => {
  it("hand Terraform every secret in its environment, and further arguments; none in its arguments", async () => {
    const args = ["diff", "--vault-password-file", "password", "lab", "-var=x"];
    const cwd = folder(VAULT);
    const { code, started, told, commands } = await run(cwd, args, { PATH: "/bin", LAB_VAULT_PASSWORD: "other" });
    expect(told).toBe("");
    expect(code).toBe(0);
    expect(commands).toEqual(["init", "plan"]);
    const { args: given, cwd: where, env } = started[1]!;
    expect(given).toEqual(["plan", "-input=false", "-detailed-exitcode", "-no-color", "-var=x"]);
    expect(where).toBe(join(cwd, "cdktf.out/stacks/lab"));
    expect(env).toMatchObject({ TF_VAR_proxmox_api_token: TOKEN, PATH: "/bin" });
    expect(env).not.toHaveProperty("LAB_VAULT_PASSWORD");
    expect(readFileSync(join(where, "cdk.tf.json"), "utf8")).not.toContain(TOKEN);
  });

  it("prefer the environment, and tell Terraform's errors", async () => {
    const own = await run(folder(VAULT), ["diff", "lab", "-fail=plan"], { TF_VAR_proxmox_api_token: MINE });
    expect(own.code).toBe(1);
    expect(own.started[1]!.env.TF_VAR_proxmox_api_token).toBe(MINE);
    const empty = await run(folder(VAULT), ["diff", "lab"], {
      TF_VAR_proxmox_api_token: "",
      LAB_VAULT_PASSWORD: PASSWORD,
    });
    expect(empty.started[1]!.env.TF_VAR_proxmox_api_token).toBe(TOKEN);
  });

  it("name all secrets that are missing, each with its places, before anything starts", async () => {
    const gpu =
      "proxmox_node:\n  address: 192.168.1.10\n  bridges: [vmbr0]\n  storages: {local: {type: dir, content: [vztmpl]}, local-lvm: {type: lvmthin, content: [rootdir]}}\n";
    const files = {
      "host_vars/pve1.yml": gpu,
      "host_vars/web.yml": container("vmid: 301", "features: { keyctl: true }"),
    };
    const { code, started, told } = await run(folder(files), ["diff", "lab"]);
    expect(started).toEqual([]);
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
    expect(wrong.started).toEqual([]);
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
});
