import { spawn } from "node:child_process";
import { findLabs } from "../model";
import type { Problem } from "../model/problem";
import { suggest } from "../model/schema/nearest";
import type { LabSecret } from "../model/vault";
import { runProcess } from "./guarded";
import { findSecrets, secretProblems, terraformVariables } from "./lab-secrets";
import { EXIT, type Io, processIo, UsageError } from "./output";
import { countProblems, tellProblems } from "./problems";
import { load, resolved } from "./target";

export interface CdktfOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  /** The program that is run, with the arguments in front of its own. @default cdktf of this project, by this Node */
  readonly program?: readonly [string, ...string[]];
}

/** Linux refuses a longer string in the environment: MAX_ARG_STRLEN, execve(2). */
const MAX_VARIABLE_BYTES = 128 * 1024;

/**
 * `npm run diff -- LAB …` and `npm run deploy -- LAB …`: cdktf with every secret of the lab as TF_VAR_… in its environment.
 * Secrets that have no value are told, all at once, before Terraform starts.
 *
 * @param args the command, the lab, and what cdktf is to get besides
 * @returns cdktf's exit code
 */
export async function cdktf(args: readonly string[], options: CdktfOptions, io: Io): Promise<number> {
  const [command = "diff", ...given] = args;
  const { environment, program = [process.execPath, require.resolve("cdktf-cli/bundle/bin/cdktf")] } = options;
  const { rest, target, vaultPasswordFile } = parse(given, io);
  const result = load(target, io);
  const lab = resolved(result, io);
  if (!lab) return EXIT.problems;
  const found = findSecrets(result, lab, { environment, vaultPasswordFile }, io);
  const problems = [...secretProblems(found), ...found.secrets.flatMap(unfit)];
  if (problems.length > 0) {
    tellProblems(problems, io);
    io.err(`${result.name}: ${countProblems(problems)}; Terraform was not started`);
    return EXIT.problems;
  }
  // The password itself is nobody's business further on.
  const { LAB_VAULT_PASSWORD: _, ...inherited } = environment;
  const env = { ...inherited, ...terraformVariables(found.secrets), LAB: target };
  return run([...program, command, lab.name, ...rest], env, io.cwd);
}

interface Given {
  readonly target: string;
  readonly rest: readonly string[];
  readonly vaultPasswordFile: readonly string[];
}

/** Takes the lab and the password files out; everything else is cdktf's. */
function parse(args: readonly string[], { cwd }: Io): Given {
  const rest: string[] = [];
  const vaultPasswordFile: string[] = [];
  let target: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    const [, inline] = /^--vault-password-file(?:=(.*))?$/s.exec(argument) ?? [];
    if (inline !== undefined) vaultPasswordFile.push(inline);
    else if (argument === "--vault-password-file") vaultPasswordFile.push(args[++index] ?? "");
    else if (target === undefined && !argument.startsWith("-")) target = argument;
    else rest.push(argument);
  }
  const names = findLabs(cwd).map(({ name }) => name);
  if (target === undefined) throw new UsageError(`expected the name of a lab in front; ${suggest("", names)}`);
  return { target, rest, vaultPasswordFile };
}

function unfit({ from, name, usedBy }: LabSecret): Problem[] {
  if (from.kind !== "vault") return [];
  const place = usedBy[0] ? { at: usedBy[0] } : {};
  const problem = (message: string, fix: string): Problem[] => [
    { rule: "secret-value", severity: "error", ...place, message, fix, also: [{ at: from.at, note: "its value" }] },
  ];
  if (from.value.includes("\0")) {
    return problem(`the secret ${name} has a NUL character, which no environment can carry`, "remove it");
  }
  if (Buffer.byteLength(`TF_VAR_${name}=${from.value}`) >= MAX_VARIABLE_BYTES) {
    return problem(`the secret ${name} is longer than the 128 KiB that an environment can carry`, "shorten it");
  }
  return [];
}

/** Ctrl-C is cdktf's to answer: it gets the signal too, and lets Terraform finish what it is doing. */
function run([program, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv, cwd: string): Promise<number> {
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? EXIT.problems));
  }).finally(() => process.off("SIGINT", ignore));
}

if (require.main === module) {
  const [command = "diff"] = process.argv.slice(2);
  runProcess(`npm run ${command}`, () => cdktf(process.argv.slice(2), { environment: process.env }, processIo()));
}
