import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pc from "picocolors";
import { UsageError } from "../../cli/output";
import { rebuild } from "../../cli/rebuild";
import { type OperateOptions, operate } from "../../cli/terraform";
import { parseArguments } from "../../cli/terraform/arguments";
import { encryptVault } from "../../model/vault";
import { container, type LabFiles, SOUND } from "../support/lab-folder";
import { temporaryFolder } from "../support/run-step";

const PASSWORD = "vault password";
const TOKEN = "terraform@pve!lab=00000000-0000-0000-0000-000000000000";

/** Stands in for Terraform: writes down each call, plans changes unless told otherwise, and applies in two lines. */
const FAKE = `
const { appendFileSync, mkdirSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const [, , ...args] = process.argv;
appendFileSync(join(__dirname, "calls.jsonl"), JSON.stringify({ args, env: process.env, cwd: process.cwd() }) + "\\n");
const [command] = args;
if (command === "init") { mkdirSync(".terraform", { recursive: true }); writeFileSync(".terraform.lock.hcl", ""); }
if (args.includes("-fail=" + command)) { console.error("it " + command + " failed"); process.exit(7); }
if (command === "plan") process.exit(args.includes("-nothing") ? 0 : 2);
if (command === "show") console.log('{"resource_changes":[]}');
if (command === "apply") for (const event of JSON.parse(process.env.EVENTS || "[]")) console.log(JSON.stringify(event));
`;

function folder(files: LabFiles = {}): string {
  const cwd = temporaryFolder();
  for (const [file, text] of Object.entries({ ...SOUND, ...files })) {
    const path = join(cwd, "inventory/lab", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  writeFileSync(join(cwd, "terraform.cjs"), FAKE);
  writeFileSync(join(cwd, "password"), PASSWORD);
  return cwd;
}

interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

async function run(
  cwd: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  options: Partial<OperateOptions> = {},
) {
  const lines: string[] = [];
  const tell = (text: string) => void lines.push(text);
  const program = [process.execPath, join(cwd, "terraform.cjs")] as const;
  const io = { cwd, out: tell, err: tell, colors: pc.createColors(false) };
  const code = await operate(args, { environment, program, ...options }, io);
  const calls = existsSync(join(cwd, "calls.jsonl")) ? readFileSync(join(cwd, "calls.jsonl"), "utf8") : "";
  const started: Call[] = calls.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  return { code, told: lines.join("\n"), started, commands: started.map((call) => call.args[0]) };
}

const MINE = "me@pve!mine=00000000-0000-0000-0000-000000000001";
const GIVEN = { TF_VAR_proxmox_api_token: TOKEN };

const VAULT = {
  "group_vars/all.yml": "",
  "group_vars/all/main.yml": SOUND["group_vars/all.yml"]!,
  "group_vars/all/vault.yml": encryptVault(`proxmox_api_token: ${TOKEN}\n`, { password: PASSWORD }),
};

describe("npm run diff and deploy", () => {
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

  it("let Terraform collect its garbage less often, unless the environment says how often", async () => {
    const { started } = await run(folder(), ["diff", "lab"], GIVEN);
    for (const { env } of started)
      expect(env).toMatchObject({ GOGC: "400", GOMEMLIMIT: /^\d+MiB$/.exec(env.GOMEMLIMIT!)?.[0] });
    const own = await run(folder(), ["diff", "lab"], { ...GIVEN, GOGC: "50", GOMEMLIMIT: "1GiB" });
    expect(own.started[1]!.env).toMatchObject({ GOGC: "50", GOMEMLIMIT: "1GiB" });
  });

  it("say by the exit code that something would change, where that is asked for", async () => {
    expect((await run(folder(), ["diff", "lab", "-detailed-exitcode"], GIVEN)).code).toBe(2);
  });

  it("take no option of terraform plan for a slip in one of their own", async () => {
    // terraform plan -help, 1.11
    const plan =
      "compact-warnings destroy detailed-exitcode generate-config-out input json lock lock-timeout no-color out parallelism refresh refresh-only replace state target var var-file";
    const options = plan.split(" ").map((name) => `-${name}`);
    const io = { cwd: folder(), out: () => undefined, err: () => undefined, colors: pc.createColors(false) };
    for (const command of ["diff", "deploy"])
      expect(parseArguments(command, ["lab", ...options], io).rest).toEqual(options);
  });

  it.each([
    ["--ask-vault-pass", /--vault-password-file FILE, LAB_VAULT_PASSWORD_FILE/],
    ["--ask_vault_pass", /nobody is asked/],
    ["--vault-id=me@prompt", /write --vault-password-file \[ID@\]FILE/],
    ["-l", /-target=ADDRESS/],
    ["--limit=web", /-target=ADDRESS/],
    ["--tags", /-replace=/],
    ["--check", /npm run diff -- LAB/],
    ["-e", /in the inventory/],
    ["-vvv", /write --verbose/],
    ["--forks=9", /-parallelism=N/],
    ["-K", /proxmox_ssh_user/],
    ["--yes", /--auto-approve/],
  ])("know that %s is another program's, and say what there is instead", async (option, instead) => {
    for (const command of ["diff", "deploy"]) {
      const cwd = folder();
      await expect(run(cwd, [command, "lab", option], GIVEN)).rejects.toThrow(instead);
      expect(existsSync(join(cwd, "calls.jsonl"))).toBe(false);
    }
  });

  it("initialize once for a stack as it is", async () => {
    const cwd = folder();
    await run(cwd, ["diff", "lab"], GIVEN);
    expect((await run(cwd, ["diff", "lab"], GIVEN)).commands).toEqual(["init", "plan", "plan"]);
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

  it("apply the very plan that was shown, which only its owner can read while it is there", async () => {
    const { code, started, commands } = await run(
      folder(),
      ["deploy", "lab", "--auto-approve", "-parallelism=3", "-refresh=false"],
      GIVEN,
    );
    expect(code).toBe(0);
    expect(commands).toEqual(["init", "plan", "apply"]);
    const file = started[1]!.args.find((each) => each.startsWith("-out="))!.slice("-out=".length);
    expect(started[2]!.args).toEqual(["apply", "-input=false", "-json", "-parallelism=3", file]);
    expect(existsSync(dirname(file))).toBe(false);
  });

  it("leave no plan, which holds secrets, behind when they are ended while nothing runs", async () => {
    const exit = jest.spyOn(process, "exit").mockImplementation(() => undefined as never);
    let isGone: boolean | undefined;
    const cwd = folder();
    const gate: OperateOptions["gate"] = () => {
      const calls = readFileSync(join(cwd, "calls.jsonl"), "utf8").trim().split("\n");
      const { args } = JSON.parse(calls.at(-1) ?? "") as Call;
      const plans = dirname(args.at(-1) ?? "");
      const isThere = existsSync(plans);
      process.emit("SIGTERM", "SIGTERM");
      isGone = isThere && !existsSync(plans);
      return 3;
    };
    await run(cwd, ["deploy", "lab"], GIVEN, { gate });
    expect(exit).toHaveBeenCalledWith(143);
    expect(isGone).toBe(true);
    exit.mockRestore();
  });

  it("apply nothing where nothing changes, nobody says yes, or nobody can be asked", async () => {
    const nothing = await run(folder(), ["deploy", "lab", "-nothing"], GIVEN);
    expect(nothing).toMatchObject({ code: 0, commands: ["init", "plan"] });
    const asked = await run(folder(), ["deploy", "lab"], GIVEN, { confirm: async () => "y" });
    expect(asked).toMatchObject({ code: 1, commands: ["init", "plan"] });
    const alone = await run(folder(), ["deploy", "lab"], GIVEN);
    expect(alone).toMatchObject({ code: 1, told: expect.stringContaining("--auto-approve") });
    const yes = await run(folder(), ["deploy", "lab"], GIVEN, { confirm: async () => "yes\n" });
    expect(yes).toMatchObject({ code: 0, commands: ["init", "plan", "apply"] });
  });

  it("let a gate look at the plan before anybody is asked, and end with what it says", async () => {
    const seen: string[] = [];
    const gate: OperateOptions["gate"] = ({ lab, plan }) => {
      seen.push(lab.name, plan.trim());
      return 3;
    };
    const { code, commands } = await run(folder(), ["deploy", "lab", "--auto-approve"], GIVEN, { gate });
    expect(code).toBe(3);
    expect(commands).toEqual(["init", "plan", "show"]);
    expect(seen).toEqual(["lab", '{"resource_changes":[]}']);
  });

  it("say at the end of a diff what the plan comes to, of a plan that is kept where the user wants it, too", async () => {
    const view: OperateOptions["view"] = ({ io, plan }) => io.out(`seen ${plan.trim()}`);
    const own = await run(folder(), ["diff", "lab"], GIVEN, { view });
    expect(own).toMatchObject({ code: 0, told: 'seen {"resource_changes":[]}', commands: ["init", "plan", "show"] });
    for (const words of [["-out=/tmp/kept"], ["-out", "/tmp/kept"]]) {
      const { started } = await run(folder(), ["diff", "lab", ...words], GIVEN, { view });
      expect(started[1]!.args.slice(-words.length)).toEqual(words);
      expect(started[1]!.args.filter((word) => word.startsWith("-out="))).toHaveLength(words.length === 1 ? 1 : 0);
      expect(started[2]!.args).toEqual(["show", "-json", "/tmp/kept"]);
    }
    for (const words of [["-nothing"], ["-json"]])
      expect((await run(folder(), ["diff", "lab", ...words], GIVEN, { view })).commands).toEqual(["init", "plan"]);
  });

  it("plan nothing while the host does not answer, unless it is not asked", async () => {
    const probe: OperateOptions["probe"] = async (lab) => [
      {
        rule: "api-unreachable",
        severity: "error",
        at: lab.connection.source.at,
        message: "no answer",
        fix: "plug it in",
      },
    ];
    const { code, commands, told } = await run(folder(), ["diff", "lab"], GIVEN, { probe });
    expect({ code, commands }).toEqual({ code: 1, commands: [] });
    expect(told).toMatch(
      /group_vars\/all\.yml:2:\d+ error no answer; plug it in\nlab: 1 error; Terraform was not started/,
    );
    expect((await run(folder(), ["diff", "lab", "--offline"], GIVEN, { probe })).commands).toEqual(["init", "plan"]);
    await expect(run(folder(), ["deploy", "lab", "--offline"], GIVEN, { probe })).rejects.toThrow(
      /--offline is for npm/,
    );
  });

  it("apply nothing while a node lets no step in, and say so of a plan as a warning", async () => {
    const problem = (severity: "error" | "warning") => ({
      rule: "node-login",
      severity,
      message: "no way in",
      fix: "mend it",
    });
    const logins: OperateOptions["logins"] = async () => [problem("error")];
    const view = () => undefined;
    const deploy = ["deploy", "lab", "--auto-approve"];
    const refused = await run(folder(), deploy, GIVEN, { logins });
    expect(refused).toMatchObject({ code: 1, commands: ["init", "plan", "show"] });
    expect(refused.told).toBe("error no way in; mend it\nlab: 1 error; nothing was applied");
    const warned = await run(folder(), deploy, GIVEN, { logins: async () => [problem("warning")] });
    expect(warned).toMatchObject({ code: 0, commands: ["init", "plan", "show", "apply"] });
    const planned = await run(folder(), ["diff", "lab"], GIVEN, { logins, view });
    expect(planned).toMatchObject({ code: 0, told: "warning no way in; mend it" });
    expect(await run(folder(), ["diff", "lab", "--offline"], GIVEN, { logins, view })).toMatchObject({ told: "" });
    expect((await run(folder(), deploy, GIVEN, { logins, gate: () => 3 })).code).toBe(3);
  });

  it("print how they are used, whatever else is given", async () => {
    const help = await run(folder(), ["diff", "--help"]);
    expect(help).toMatchObject({
      code: 0,
      commands: [],
      told: expect.stringMatching(/Usage: npm run diff -- LAB[\s\S]*--offline/),
    });
    const { told } = await run(folder(), ["deploy", "lab", "-h"]);
    expect(told).toMatch(/Usage: npm run deploy -- LAB[\s\S]*--auto-approve[\s\S]*--allow NAME/);
  });

  it("are answered by lab rebuild with its own option where nobody can be asked", async () => {
    const cwd = folder();
    const lines: string[] = [];
    const tell = (text: string) => void lines.push(text);
    const io = { cwd, out: tell, err: tell, colors: pc.createColors(false) };
    const program = [process.execPath, join(cwd, "terraform.cjs")] as const;
    expect(await rebuild("lab/web", { environment: GIVEN, program }, io)).toBe(1);
    expect(lines.join("\n")).toMatch(/nothing was applied; to apply without a question: --yes$/);
  });

  it("show what a step says when it fails, with host, role and the way there", async () => {
    const resource = { addr: "null_resource.web_base" };
    const output = "web base | error: packages htop: install_packages htop ended with status 100";
    const EVENTS = JSON.stringify([
      { type: "apply_start", hook: { resource, action: "create" } },
      { type: "provision_progress", hook: { resource, output } },
      { type: "apply_errored", hook: { resource, action: "create" } },
    ]);
    const args = ["deploy", "lab", "--auto-approve"];
    const { told } = await run(folder(), args, { ...GIVEN, EVENTS });
    expect(told).toContain(`FAILED web base (root@192.168.1.10: pct exec 301 --)\n  ${output}`);
  });

  it("tell what terraform init says when it fails", async () => {
    const { code, told } = await run(
      folder(),
      ["diff", "lab"],
      { ...GIVEN, TERRAFORM_BINARY_NAME: "none" },
      {
        program: [process.execPath, "-e", "console.error('no such provider'); process.exit(1)"],
      },
    );
    expect(code).toBe(1);
    expect(told).toMatch(/no such provider\nterraform init failed, in cdktf\.out\/stacks\/lab/);
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

  it("ask for a lab, and tell the mistakes of one", async () => {
    await expect(run(folder(), ["diff"])).rejects.toThrow(UsageError);
    await expect(run(folder(), ["diff", "lba"])).rejects.toThrow(/did you mean "lab"/);
    await expect(run(folder(), ["diff", "lab", "--ofline"])).rejects.toThrow("did you mean --offline?");
    await expect(run(folder(), ["deploy", "lab", "--alow=web"])).rejects.toThrow("did you mean --allow?");
    for (const slip of ["--Offline", "--off", "—offline"])
      await expect(run(folder(), ["diff", "lab", slip])).rejects.toThrow("did you mean --offline?");
    await expect(run(folder(), ["deploy", "lab", "--auto_approve"])).rejects.toThrow("did you mean --auto-approve?");
    await expect(run(folder(), ["deploy", "lab", "--allow", "--auto-approve"])).rejects.toThrow("the name of a guest");
    const broken = await run(folder({ "host_vars/web.yml": container("vmid: no") }), ["diff", "lab"]);
    expect(broken).toMatchObject({ code: 1, told: expect.stringContaining("mend them first") });
  });
});
