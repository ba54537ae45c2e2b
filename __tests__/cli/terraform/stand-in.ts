import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { terraform } from "../../../cli/terraform";
import type { OperateOptions } from "../../../cli/terraform/operate";
import { encryptVault } from "../../../model/vault";
import { type LabFiles, labFolder, removeLabFolders, SOUND } from "../../support/lab-folder";

export const PASSWORD = "vault password";
export const TOKEN = "terraform@pve!lab=00000000-0000-0000-0000-000000000000";

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

/** A folder with the sound lab, under the name `lab`, changes to it, and the stand-in. */
export function folder(files: LabFiles = {}): string {
  const cwd = labFolder(files);
  writeFileSync(join(cwd, "terraform.cjs"), FAKE);
  writeFileSync(join(cwd, "password"), PASSWORD);
  return cwd;
}

afterAll(removeLabFolders);

/** A start of the stand-in. */
export interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export const standIn = (cwd: string) => [process.execPath, join(cwd, "terraform.cjs")] as const;

/** Runs `npm run diff` or `npm run deploy` with the stand-in. */
export async function run(
  cwd: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  options: Partial<OperateOptions> = {},
) {
  const lines: string[] = [];
  const tell = (text: string) => void lines.push(text);
  const program = standIn(cwd);
  const io = { cwd, out: tell, err: tell, colors: pc.createColors(false) };
  const code = await terraform(args, { environment, program, ...options }, io);
  const calls = existsSync(join(cwd, "calls.jsonl")) ? readFileSync(join(cwd, "calls.jsonl"), "utf8") : "";
  const started: Call[] = calls.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  return { code, told: lines.join("\n"), started, commands: started.map((call) => call.args[0]) };
}

export const GIVEN = { TF_VAR_proxmox_api_token: TOKEN };

/** Files of a lab whose token is encrypted. */
export const VAULT = {
  "group_vars/all.yml": "",
  "group_vars/all/main.yml": SOUND["group_vars/all.yml"]!,
  "group_vars/all/vault.yml": encryptVault(`proxmox_api_token: ${TOKEN}\n`, { password: PASSWORD }),
};
