import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Lab } from "../model/lab";
import { judge } from "./guard/gate";
import { parsePlan } from "./guard/plan";
import { findSecrets, type SecretSources } from "./lab-secrets";
import { EXIT, type ExitCode, type Io, UsageError } from "./output";
import { load, resolved } from "./target";
import { ALONE, type Given } from "./terraform/arguments";
import { operate, type Planned } from "./terraform/operate";
import { Terraform } from "./terraform/terraform";

export interface GuardOptions extends SecretSources {
  /** A plan file of Terraform's, or what `terraform show -json` says of one. @default one is made */
  readonly plan?: string;
  /** Guests, or addresses of other things, that may be destroyed. */
  readonly allow?: readonly string[];
  readonly json?: boolean;
  /** The host is not asked who holds VMIDs. */
  readonly offline?: boolean;
}

/**
 * Tells guest by guest what a plan would do, what is lost with it and which line of the inventory causes it.
 * Exit codes: 0 nothing is destroyed that is not allowed, 1 errors, 2 wrong use, 3 refused.
 */
export async function guard(target: string, options: GuardOptions, io: Io): Promise<ExitCode> {
  const { allow = [], environment = process.env, json = false, offline = false, plan } = options;
  if (plan !== undefined) {
    const result = load(target, io);
    const lab = resolved(result, io);
    if (!lab) return EXIT.problems;
    const text = await planText(resolve(io.cwd, plan), lab, environment, io);
    const { secrets } = findSecrets(result, lab, options, io);
    return judge({ plan: parsePlan(text), lab, allow, secrets, io, json, offline });
  }
  let verdict: ExitCode | undefined;
  const given: Given = { ...ALONE, command: "deploy", target, vaultPasswordFile: options.vaultPasswordFile ?? [] };
  // The gate never lets the deployment go on.
  const gate = async (planned: Planned) => {
    verdict = await judge({ ...planned, allow, json, offline });
    return EXIT.refused;
  };
  const ended = await operate(given, { environment, gate, quiet: true }, io);
  if (verdict !== undefined) return verdict;
  if (ended !== EXIT.ok) return EXIT.problems;
  io.out(json ? JSON.stringify({ verdicts: [], refused: [] }, undefined, 2) : "nothing would change");
  return EXIT.ok;
}

async function planText(file: string, lab: Lab, environment: NodeJS.ProcessEnv, { cwd }: Io): Promise<string> {
  let start: string;
  try {
    start = readFileSync(file, "latin1").slice(0, 2);
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${(error as Error).message}`);
  }
  // A plan file is a ZIP archive.
  if (start !== "PK") return readFileSync(file, "utf8");
  const folder = join(resolve(cwd, environment.CDKTF_OUTDIR ?? "cdktf.out"), "stacks", lab.name);
  const terraform = new Terraform({ folder, environment });
  const { output, status } = await terraform.show(file).finally(() => terraform.close());
  if (status !== 0) throw new UsageError(`terraform show -json ${file}, in ${folder}: ${output.trim()}`);
  return output;
}
