import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { secrets } from "../../cli/secrets";
import { loadLab } from "../../model";
import { decryptVault, encryptVault } from "../../model/vault";
import { synthesize } from "../../stacks/app";
import { labSteps } from "../../stacks/lab-steps";
import { container, type LabFiles, labFolder, removeLabFolders, SOUND } from "../support/lab-folder";
import { temporaryFolder } from "../support/run-step";
import { capture } from "./capture";

const PASSWORD = "vault password";
const CANARY = "canary-77aa";
const sealed = (text: string) => encryptVault(text, { password: PASSWORD });
const tagged = (text: string) => ["!vault |", ...sealed(text).trimEnd().split("\n")].join("\n  ");

/** The sound lab with a guest whose password is encrypted; a file `password` holds the vault's. */
function folder(files: LabFiles = {}): string {
  const cwd = labFolder({
    "group_vars/all/main.yml": `${SOUND["group_vars/all.yml"]}`,
    "group_vars/all.yml": "",
    "group_vars/all/vault.yml": sealed(`proxmox_api_token: ${CANARY}-token\nvault_key: ${CANARY}-key\n`),
    "host_vars/web.yml": `${container("vmid: 301")}my_own: ${tagged(CANARY)}\n`,
    ...files,
  });
  writeFileSync(join(cwd, "password"), `${PASSWORD}\n`);
  writeFileSync(join(cwd, "wrong"), "wrong\n");
  return cwd;
}

afterAll(removeLabFolders);

/** The environment of the person who runs the tests is left out. */
const environment = process.env;
beforeAll(() => {
  process.env = Object.fromEntries(Object.entries(environment).filter(([name]) => !/VAULT|^TF_VAR_/.test(name)));
});
afterAll(() => {
  process.env = environment;
});

describe("secrets", () => {
  it("lists each with its users and where its value comes from, never the value", async () => {
    const { code, err, out } = await capture(["secrets", "lab", "--vault-password-file", "password"], folder());
    expect(code).toBe(0);
    expect(out).toMatch(
      /^proxmox_api_token +inventory\/lab\/group_vars\/all\/vault\.yml:1:20 +inventory\/lab\/group_vars\/all\/main\.yml:\d+:\d+$/m,
    );
    expect(out).toMatch(/^proxmox_ssh_private_key +not given: the SSH agent/m);
    expect(out + err).not.toContain(CANARY);
  });

  it("says without the password what is encrypted, and with a wrong one what is wrong, once", async () => {
    const locked = await capture(["secrets", "lab"], folder());
    expect(locked).toMatchObject({ code: 0, out: expect.stringMatching(/^proxmox_api_token +encrypted/m) });
    const { code, err } = await capture(["secrets", "lab", "--vault-password-file", "wrong"], folder());
    expect(code).toBe(1);
    expect(err.match(/vault\.yml:1:1 .*none of the 1 vault passwords fits/g)).toHaveLength(1);
  });

  it.each([
    ["in a decomposed form of Unicode", "cafe\u0301"],
    ["that is no UTF-8", "caf\uFFFD"],
  ])("refuses before anything else a value %s, which Terraform would change", async (_, value) => {
    process.env.TF_VAR_proxmox_ssh_private_key = value;
    const { code, err, out } = await capture(["drift", "lab", "--vault-password-file", "password"], folder());
    delete process.env.TF_VAR_proxmox_ssh_private_key;
    expect(code).toBe(1);
    expect(err).toMatch(
      /proxmox_ssh_private_key, given as TF_VAR_proxmox_ssh_private_key, holds characters that Terraform/,
    );
    expect(err + out).not.toContain(value);
  });

  it("encrypts a value into text that can be pasted", () => {
    const cwd = folder();
    const out: string[] = [];
    const io = {
      cwd,
      out: (text: string) => void out.push(text),
      err: () => undefined,
      colors: pc.createColors(false),
    };
    const options = { vaultPasswordFile: ["mine@password"], encrypt: () => CANARY };
    expect(secrets("lab", options, io)).toBe(0);
    expect(out.join()).toMatch(/^!vault \|\n {2}\$ANSIBLE_VAULT;1\.2;AES256;mine\n {2}\d{80}\n/);
    const text = out
      .join()
      .split("\n")
      .slice(1)
      .map((line) => line.trim())
      .join("\n");
    expect(decryptVault(text, [{ password: PASSWORD }])).toEqual({ plain: Buffer.from(CANARY) });
    expect(() => secrets("lab", { encrypt: () => CANARY, environment: {} }, io)).toThrow(
      /no vault password to encrypt with/,
    );
  });
});

describe("validate", () => {
  it("warns once of files that it cannot look into, and looks into them with the password", async () => {
    const files = {
      "host_vars/web/vault.yml": sealed("base_timezone: UTC\n"),
      "host_vars/web/main.yml": container("vmid: 301"),
      "host_vars/web.yml": "",
    };
    const locked = await capture(["validate", "lab"], folder(files));
    expect(locked.code).toBe(0);
    expect(locked.out.match(/there is no vault password/g)).toHaveLength(1);
    expect(locked.out).toMatch(/host_vars\/web\/vault\.yml:1:1 is encrypted too/);
    const { code, out } = await capture(["validate", "lab", "--vault-password-file", "password"], folder(files));
    expect(code).toBe(1);
    expect(out).toMatch(/host_vars\/web\/vault\.yml:1:1 error "base_timezone" is a setting/);
  });

  it("finds with the password a name that no file sets, which is taken for a secret without it", async () => {
    const files = {
      "host_vars/web.yml": `${container("vmid: 301")}compose_apps:\n  a: { compose: "services: { a: { image: busybox } }", env: { KEY: "{{ vault_kye }}" } }\n`,
      "hosts.yml": SOUND["hosts.yml"]!.replace(/\s*$/, "\n    compose_hosts: { hosts: { web: } }\n"),
    };
    const cwd = folder(files);
    const locked = await capture(["validate", "lab"], cwd);
    expect(locked.out).not.toContain("vault_kye");
    const { code, out } = await capture(["validate", "lab", "--vault-password-file", "password"], cwd);
    expect(out).toMatch(/host_vars\/web\.yml:\d+:\d+ error no file sets "vault_kye".*did you mean "vault_key"/);
    expect(code).toBe(1);
  });
});

describe("the stack", () => {
  const lines = `base_users: [{ name: anna, ssh_keys: [] }]\n`;

  it("is the same with the password and without, and holds no value and no vault text", () => {
    const cwd = folder({ "group_vars/all/more.yml": lines });
    const json = (env: Readonly<Record<string, string>>) => {
      Object.assign(process.env, env);
      const { lab, problems } = loadLab("lab", { cwd });
      expect(problems.filter(({ severity, rule }) => severity === "error" || rule.startsWith("vault"))).toEqual([]);
      const outdir = temporaryFolder();
      expect(synthesize([{ lab: lab! }], { outdir })).toEqual([]);
      for (const name of Object.keys(env)) delete process.env[name];
      return readFileSync(join(outdir, "stacks/lab/cdk.tf.json"), "utf8");
    };
    const locked = json({});
    expect(json({ LAB_VAULT_PASSWORD: PASSWORD })).toBe(locked);
    expect(locked).not.toContain(CANARY);
    expect(locked).not.toContain("ANSIBLE_VAULT");
  });

  it("gives a step a secret that is inside a list under the name that the shell knows", () => {
    const { lab } = loadLab("lab", { cwd: folder() });
    const guest = lab!.guests[0]!;
    const step = { role: "base", after: [], settings: {}, secrets: { "peers.0.key": "web_key" } };
    const steps = labSteps({ lab: { ...lab!, guests: [{ ...guest, steps: [step] }] } });
    expect(steps.filter(({ role }) => role === "base")).toMatchObject([
      { host: "web", role: "base", secrets: { peers_0_key: "web_key" }, enter: "pct exec 301 --" },
    ]);
  });
});
