import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type LoadResult, loadLab } from "../../model";
import { formatProblem } from "../../model/problem";
import { encryptVault, labSecrets, vaultProblems } from "../../model/vault";
import { secretName } from "../../model/vault/names";
import type { Role } from "../../provision/registry";
import { secret } from "../../provision/role";
import { container, hosts, type LabFiles, SOUND } from "../support/lab-folder";
import { temporaryFolder } from "../support/run-step";
import { ansibleVault, describeWithAnsibleVault } from "../support/vault";

const PASSWORD = "vault password";
const CANARY = "canary-8d21";
const ROLE: Role = {
  name: "app",
  summary: "A role with secrets.",
  group: "all",
  variables: z.object({
    app_password: secret().optional(),
    app_size: z.number().optional(),
    app_more: z.array(z.strictObject({ name: z.string(), key: secret() })).optional(),
  }),
};

const sealed = (text: string, password = PASSWORD) => encryptVault(text, { password });
const tagged = (text: string) => ["!vault |", ...sealed(text).trimEnd().split("\n")].join("\n  ");

/** The sound lab with `files` laid over it. */
function lab(files: LabFiles): { cwd: string; result: LoadResult } {
  const cwd = temporaryFolder();
  for (const [file, text] of Object.entries({ ...SOUND, ...files })) {
    const path = join(cwd, "inventory/lab", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return { cwd, result: loadLab("lab", { cwd, roles: [ROLE] }) };
}

const ALL = SOUND["group_vars/all.yml"]!;
const withAll = (lines: string, more: LabFiles = {}): LabFiles => ({
  "group_vars/all/vars.yml": ALL + lines,
  "group_vars/all.yml": "",
  ...more,
});
const told = ({ problems }: LoadResult) =>
  problems.filter(({ rule }) => rule !== "vars-file-shadowed").map(formatProblem);

function secretsOf(files: LabFiles, { environment = {}, password = PASSWORD } = {}) {
  const { cwd, result } = lab(files);
  if (!result.lab) throw new Error(told(result).join("\n"));
  const passwords = password === "" ? [] : [{ password }];
  const { problems, secrets } = labSecrets(result, result.lab, { environment, passwords, cwd });
  return { secrets: new Map(secrets.map((each) => [each.name, each])), problems: problems.map(formatProblem), result };
}

describe("secretName", () => {
  it.each([
    ["group", "all", ["db", "password"], "db_password"],
    ["group", "docker_hosts", ["db"], "docker_hosts_db"],
    ["host", "web-1", ["Key"], "web_1_key"],
    ["host", "9lives", ["x"], "s_9lives_x"],
  ] as const)("%s %s %j is %s", (kind, name, path, expected) => {
    expect(secretName({ kind, name }, path)).toBe(expected);
  });
});

describe("!vault text", () => {
  it("is a secret reference, named by who sets it; neither text nor value is in the lab's settings", () => {
    const { result } = lab({
      "host_vars/web.yml": `${container("vmid: 301")}app_password: ${tagged(CANARY)}\n`,
    });
    expect(told(result)).toEqual([]);
    const [guest] = result.lab?.guests ?? [];
    expect(guest?.steps).toMatchObject([{ role: "app", secrets: { app_password: "web_app_password" }, settings: {} }]);
    expect(result.lab?.secrets).toMatchObject([
      { name: "web_app_password", usedBy: [{ file: "inventory/lab/host_vars/web.yml" }] },
    ]);
  });

  it("keeps one name for all who share it, through references and inside lists", () => {
    const { result } = lab({
      ...withAll(
        `shared: ${tagged("x")}\napp_password: "{{ shared }}"\napp_more: [{ name: a, key: "{{ shared }}" }]\n`,
      ),
      "hosts.yml": hosts({ guests: ["web", "two"] }),
      "host_vars/two.yml": container("vmid: 302"),
    });
    expect(told(result)).toEqual([]);
    expect(result.lab?.guests.map(({ steps }) => steps[0]?.secrets)).toEqual([
      { app_password: "shared", "app_more.0.key": "shared" },
      { app_password: "shared", "app_more.0.key": "shared" },
    ]);
  });

  it.each([
    ["where none is taken", "app_size: VAULT", /app_size: takes no secret/],
    ["inside a longer text", 'app_size: "a {{ v }}"\nv: VAULT', /inside a longer text/],
    ["in an expression", 'app_size: "{{ v | upper }}"\nv: VAULT', /found a secret in an expression/],
    ["in a sum", 'app_size: "{{ v ~ 1 }}"\nv: VAULT', /found a secret in an expression/],
  ])("is refused %s", (_, lines, message) => {
    const { result } = lab(withAll(`${lines.replace("VAULT", tagged("1"))}\n`));
    expect(told(result)).toEqual([expect.stringMatching(message)]);
  });

  it("must not become a variable of the lab's own credentials, nor share its name with another", () => {
    const reserved = lab(withAll("app_password: { secret: proxmox_api_token }\n")).result;
    expect(told(reserved)).toEqual([expect.stringMatching(/all\/vars.yml:\d+:\d+ .*credential of this lab itself/)]);
    const { result } = lab({
      ...withAll(`web_app_password: ${tagged("x")}\n`),
      "host_vars/web.yml": `${container("vmid: 301")}app_password: ${tagged("y")}\napp_more: [{ name: a, key: "{{ web_app_password }}" }]\n`,
    });
    expect(told(result)).toEqual([
      expect.stringContaining('two secrets would become the Terraform variable "web_app_password"'),
    ]);
  });

  it("of a credential is allowed, its plain text is refused and not shown", () => {
    expect(told(lab(withAll(`proxmox_api_token: ${tagged("t")}\n`)).result)).toEqual([]);
    const plain = told(lab(withAll(`proxmox_api_token: ${CANARY}\n`)).result);
    expect(plain).toEqual([expect.stringContaining("must not stand in clear")]);
    expect(plain.join()).not.toContain(CANARY);
  });
});

describe("files that are encrypted as a whole", () => {
  const files = withAll('app_password: "{{ vault_app.password }}"\n', {
    "group_vars/all/vault.yml": sealed(`vault_app: { password: ${CANARY} }\n`),
  });

  it("need no password for the lab: names that nothing readable sets are their secrets", () => {
    const { result } = lab(files);
    expect(told(result)).toEqual([]);
    expect(result.lab?.guests[0]?.steps[0]?.secrets).toEqual({ app_password: "vault_app_password" });
  });

  it("are named by the host that sees several, so that names never depend on the password", () => {
    const { result } = lab({
      ...files,
      "host_vars/web/vault.yml": sealed("x: 1\n"),
      "host_vars/web/main.yml": container("vmid: 301"),
      "host_vars/web.yml": "",
    });
    expect(result.lab?.guests[0]?.steps[0]?.secrets).toEqual({ app_password: "web_vault_app_password" });
  });

  it("do not take the place of a default, nor hide a slip of the pen", () => {
    const vault = { "group_vars/all/vault.yml": sealed("x: 1\n") };
    const { result } = lab(withAll('app_size: "{{ missing_size | default(3) }}"\n', vault));
    expect(told(result)).toEqual([]);
    expect(result.lab?.guests[0]?.steps[0]?.settings).toEqual({ app_size: 3 });
    const slip = lab(withAll('app_size: "{{ my_sise }}"\nmy_size: 3\n', vault)).result;
    expect(told(slip)).toEqual([
      expect.stringMatching(/app_size: no readable file sets "my_sise".*did you mean "my_size"/),
    ]);
  });

  it("cannot be hosts files", () => {
    expect(told(lab({ "hosts.yml": sealed("all:\n") }).result).join()).toContain("a hosts file cannot be encrypted");
  });
});

describe("labSecrets", () => {
  it("finds values in the environment first, then in encrypted files and texts", () => {
    const files = {
      ...withAll(
        `app_password: "{{ vault_a }}"\napp_more: [{ name: a, key: { secret: free } }, { name: b, key: { secret: given } }]\n`,
        {
          "group_vars/all/vault.yml": sealed("vault_a: 0123\nfree: text\nproxmox_api_token: t@pve!x=1\n"),
        },
      ),
    };
    const { problems, secrets } = secretsOf(files, { environment: { TF_VAR_given: "e", TF_VAR_free: "" } });
    expect(problems).toEqual([]);
    const values = [...secrets].map(([name, { from }]) => [name, from.kind, from.kind === "missing" ? "" : from.value]);
    expect(values).toEqual([
      ["proxmox_api_token", "vault", "t@pve!x=1"],
      ["proxmox_ssh_private_key", "missing", ""],
      ["free", "vault", "text"],
      ["given", "environment", "e"],
      ["vault_a", "vault", "83"],
    ]);
  });

  it("lets a credential refer to a value of another name, wherever that is", () => {
    const from = (line: string, vault: string, environment = {}) =>
      secretsOf(withAll(`proxmox_api_token: ${line}\n`, { "group_vars/all/vault.yml": sealed(vault) }), {
        environment,
      }).secrets.get("proxmox_api_token")?.from;
    expect(from('"{{ vault_token }}"', "vault_token: a\n")).toMatchObject({ kind: "vault", value: "a" });
    expect(from("{ secret: other }", "other: b\n")).toMatchObject({ kind: "vault", value: "b" });
    expect(from("{ secret: other }", "x: b\n", { TF_VAR_other: "c" })).toMatchObject({
      value: "c",
      variable: "TF_VAR_other",
    });
  });

  it("takes the strongest file that has the variable", () => {
    const { secrets } = secretsOf({
      ...withAll('app_password: "{{ a }}"\n', { "group_vars/all/vault.yml": sealed("a: weak\n") }),
      "host_vars/web/vault.yml": sealed("a: strong\n"),
      "host_vars/web/main.yml": container("vmid: 301"),
      "host_vars/web.yml": "",
    });
    expect(secrets.get("web_a")?.from).toMatchObject({
      value: "strong",
      at: { file: "inventory/lab/host_vars/web/vault.yml" },
    });
  });

  it.each<[string, string, string, RegExp]>([
    [
      "a wrong password",
      sealed("a: x\n"),
      "wrong",
      /vault\.yml:1:1 cannot be decrypted: none of the 1 vault passwords fits; .*rekey/,
    ],
    ["no password", sealed("a: x\n"), "", /vault\.yml:1:1 encrypted, and there is no vault password; set LAB_VAULT/],
    [
      "a damaged file",
      sealed("a: x\n").slice(0, -60),
      PASSWORD,
      /vault\.yml:1:1 (this is no vault text|cannot be decrypted)/,
    ],
    ["a missing name", sealed("aa: x\n"), PASSWORD, /vars\.yml:\d+:\d+ no file sets "a".*did you mean "aa"/],
    ["a list", sealed("a: [x]\n"), PASSWORD, /vault\.yml:1:4 expected text under a, found a list/],
    ["nothing", sealed("a:\n"), PASSWORD, /vault\.yml:1:\d a is empty here/],
    ["a template", sealed('a: "{{ b }}"\n'), PASSWORD, /vault\.yml:1:4 a refers to other variables/],
    ["no YAML", sealed(`a: [${CANARY}\n`), PASSWORD, /vault\.yml:\d+:\d+ once decrypted, the file is no YAML/],
  ])("tells place and remedy of %s, never a value", (_, vault, password, message) => {
    const { secrets } = secretsOf(withAll('app_password: "{{ a }}"\n', { "group_vars/all/vault.yml": vault }), {
      password,
    });
    const from = secrets.get("a")?.from;
    const problem = from?.kind === "missing" && from.problem ? formatProblem(from.problem) : "";
    expect(problem).toMatch(message);
    expect(problem).not.toContain(CANARY);
  });

  it("reads !vault inside an encrypted file", () => {
    const { secrets } = secretsOf(
      withAll('app_password: "{{ a }}"\n', { "group_vars/all/vault.yml": sealed(`a: ${tagged(CANARY)}\n`) }),
    );
    expect(secrets.get("a")?.from).toMatchObject({ value: CANARY });
  });
});

describe("vaultProblems", () => {
  it("tells settings in encrypted files, which nobody could read without the password", () => {
    const vault = sealed("base_timezone: UTC\nboth: 1\nproxmox_api_token: fine\nvault_a: fine\n");
    const { cwd, result } = lab(withAll("both: 2\n", { "group_vars/all/vault.yml": vault }));
    expect(vaultProblems(result, [{ password: PASSWORD }], cwd).map(formatProblem)).toEqual([
      expect.stringMatching(/vault\.yml:1:1 "base_timezone" is a setting.*call it vault_base_timezone/),
      expect.stringMatching(/vault\.yml:2:1 "both" is also set in .*vars\.yml/),
    ]);
    expect(vaultProblems(result, [], cwd)).toEqual([]);
  });

  it("tells text and files that are damaged, also without the password, and text that the password does not fit", () => {
    const damaged = ["!vault |", "$ANSIBLE_VAULT;1.1;AES256", "3132"].join("\n  ");
    const { cwd, result } = lab({
      ...withAll(
        `x: ${tagged("fine")}
`,
        {
          "group_vars/all/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n3132\n",
        },
      ),
      "host_vars/web.yml": `${container("vmid: 301")}y: ${damaged}\n`,
    });
    const without = vaultProblems(result, [], cwd).map(formatProblem);
    expect(without).toEqual([
      expect.stringMatching(/vault\.yml:1:1 this is no vault text that can be read: lines are missing/),
      expect.stringMatching(/web\.yml:\d+:\d+ this is no vault text that can be read: lines are missing/),
    ]);
    const wrong = vaultProblems(result, [{ password: "wrong" }], cwd).map(formatProblem);
    const unfit = /vars\.yml:\d+:\d+ cannot be decrypted: none of the 1 .*encrypt the value again/;
    expect(wrong).toEqual([without[0], expect.stringMatching(unfit), without[1]]);
  });
});

describeWithAnsibleVault("the real ansible-vault's", () => {
  it("encrypt_string and encrypt give the values back", () => {
    const string = ansibleVault(["encrypt_string", "--stdin-name", "app_password"], {
      password: PASSWORD,
      id: "prod",
      input: CANARY,
    });
    const whole = ansibleVault(["encrypt", "--output=-", "-"], { password: PASSWORD, input: "vault_key: 'it''s'\n" });
    const { secrets } = secretsOf(
      withAll(`${string.toString()}\napp_more: [{ name: a, key: "{{ vault_key }}" }]\n`, {
        "group_vars/all/vault.yml": whole.toString(),
      }),
    );
    expect(secrets.get("app_password")?.from).toMatchObject({ value: CANARY });
    expect(secrets.get("vault_key")?.from).toMatchObject({ value: "it's" });
  });
});
