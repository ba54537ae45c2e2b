import { mkdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { findLabs, type LoadResult } from "../model";
import type { Lab } from "../model/lab";
import type { Problem } from "../model/problem";
import { suggest } from "../model/schema/nearest";
import type { LabSecret } from "../model/vault";
import { synthesize } from "../stacks/app";
import { environmentProblems } from "../stacks/environment";
import { quietStacks } from "../stacks/quiet-stacks";
import { guardGate } from "./guard/gate";
import { runProcess } from "./guarded";
import { findSecrets, secretProblems, terraformVariables } from "./lab-secrets";
import { EXIT, type Io, processIo, UsageError } from "./output";
import { countProblems, hasErrors, tellProblems } from "./problems";
import { load, resolved } from "./target";
import { type Place, Progress, type ProgressOptions } from "./terraform/progress";
import { Terraform, type TerraformOptions } from "./terraform/terraform";

/** A plan that is about to be applied. */
export interface Planned {
  readonly result: LoadResult;
  readonly lab: Lab;
  /** What `terraform show -json` says of it. Sensitive values are in it: it is for looking at, not for printing. */
  readonly plan: string;
  /** `--allow`: what may be destroyed, by name. */
  readonly allow: readonly string[];
  readonly secrets: readonly LabSecret[];
  readonly io: Io;
}

export interface OperateOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  readonly program?: TerraformOptions["program"];
  /** Looks at a plan that has changes, before anybody is asked; another answer than 0 ends the deployment with it. */
  readonly gate?: (planned: Planned) => Promise<number> | number;
  /** Asks whether to go on; absent where nobody can be asked. */
  readonly confirm?: (question: string) => Promise<string>;
  readonly terminal?: ProgressOptions["terminal"];
  /** Prints no plan, only why there is none. */
  readonly quiet?: boolean;
}

/** Linux refuses a longer string in the environment: MAX_ARG_STRLEN, execve(2). */
const MAX_VARIABLE_BYTES = 128 * 1024;
/** terraform plan -detailed-exitcode */
const CHANGES = 2;
/** What `terraform apply` of a saved plan takes as well. */
const OF_APPLY = /^--?(parallelism|lock|lock-timeout)(=|$)/;

/**
 * `npm run diff -- LAB …` and `npm run deploy -- LAB …`: synthesis, then Terraform, with every secret of the lab as
 * TF_VAR_… in its environment. What is applied is the plan that was shown.
 * Secrets that have no value are told, all at once, before Terraform starts.
 *
 * @param args the command, the lab, and what `terraform plan` is to get besides
 * @returns 0 done, 1 errors, or what the gate says
 */
export async function operate(args: readonly string[], options: OperateOptions, io: Io): Promise<number> {
  const [command = "diff", ...words] = args;
  const given = parse(words, io);
  const result = load(given.target, io);
  const lab = resolved(result, io);
  if (!lab) return EXIT.problems;
  const { environment } = options;
  const found = findSecrets(result, lab, { environment, vaultPasswordFile: given.vaultPasswordFile }, io);
  const problems = [...environmentProblems(environment), ...secretProblems(found), ...found.secrets.flatMap(unfit)];
  if (problems.length > 0) return refused(result, problems, io);
  const outdir = resolve(io.cwd, environment.CDKTF_OUTDIR ?? "cdktf.out");
  const written = write(lab, result.problems, outdir);
  if (hasErrors(written)) return refused(result, written, io);
  const terraform = new Terraform({
    folder: join(outdir, "stacks", lab.name),
    environment: { ...inherited(environment), ...terraformVariables(found.secrets), ...verbosity(given.verbose) },
    ...(options.program ? { program: options.program } : {}),
  });
  const operation: Operation = { given, io, lab, options, outdir, result, secrets: found.secrets, terraform };
  try {
    const initialized = await terraform.init();
    if (initialized.status !== 0) {
      io.err(`${initialized.output.trim()}\nterraform init failed, in ${relative(io.cwd, outdir)}/stacks/${lab.name}`);
      return EXIT.problems;
    }
    return command === "deploy" ? await deploy(operation) : await diff(operation);
  } finally {
    terraform.close();
  }
}

interface Operation {
  readonly given: Given;
  readonly io: Io;
  readonly lab: Lab;
  readonly options: OperateOptions;
  readonly outdir: string;
  readonly result: LoadResult;
  readonly secrets: readonly LabSecret[];
  readonly terraform: Terraform;
}

async function diff(operation: Operation): Promise<number> {
  return shown(await operation.terraform.plan(planWords(operation), { says: planText(operation) }));
}

/** What Terraform says while it looks at each resource, which says nothing of the plan. */
const LOOKING = /: (Refreshing state\.\.\.|Reading\.\.\.|Still reading\.\.\.|Read complete after )/;

function planText({ given, io }: Operation): (line: string) => void {
  return (line) => {
    if (given.verbose || !LOOKING.test(line)) io.out(line);
  };
}

const planWords = ({ given, io }: Operation) => [...(io.colors.isColorSupported ? [] : ["-no-color"]), ...given.rest];

async function deploy(operation: Operation): Promise<number> {
  const { given, io, lab, options, result, secrets, terraform } = operation;
  const file = terraform.planFile();
  const told = options.quiet ? { fails: io.err } : { says: planText(operation) };
  const planned = await terraform.plan(planWords(operation), { file, ...told });
  if (planned !== CHANGES) return shown(planned);
  if (options.gate) {
    const { output, status } = await terraform.show(file);
    if (status !== 0) {
      io.err(`${output.trim()}\nthe plan could not be read; nothing was applied`);
      return EXIT.problems;
    }
    const verdict = await options.gate({ result, lab, plan: output, allow: given.allow, secrets, io });
    if (verdict !== 0) return verdict;
  }
  if (!given.approved && !(await approved(options, io))) return EXIT.problems;
  const progress = new Progress(progressOptions(operation));
  try {
    const status = await terraform.apply(
      file,
      given.rest.filter((word) => OF_APPLY.test(word)),
      (line) => progress.take(line),
    );
    return status === 0 ? EXIT.ok : EXIT.problems;
  } finally {
    progress.close();
  }
}

async function approved({ confirm }: OperateOptions, io: Io): Promise<boolean> {
  if (!confirm) {
    io.err("nobody can be asked here, so nothing was applied; to apply without a question: --auto-approve");
    return false;
  }
  if ((await confirm("\nApply this plan? Only yes is taken: ")).trim() === "yes") return true;
  io.err("nothing was applied");
  return false;
}

function progressOptions({ given, io, lab, options, outdir, secrets }: Operation): ProgressOptions {
  return {
    io,
    verbose: given.verbose,
    steps: stepsOf(join(outdir, "stacks", lab.name, "cdk.tf.json")),
    secrets: new Map(secrets.flatMap(({ from, name }) => (from.kind === "missing" ? [] : [[name, from.value]]))),
    ...(options.terminal ? { terminal: options.terminal } : {}),
  };
}

interface StackFile {
  readonly resource?: { readonly null_resource?: { readonly [name: string]: StepResource } };
}

interface StepResource {
  readonly connection?: { readonly host?: string; readonly user?: string };
  readonly provisioner?: readonly { readonly "remote-exec"?: { readonly inline?: readonly string[] } }[];
}

/** What the stack itself says of its steps (constructs/step.ts). */
function stepsOf(file: string): Map<string, Place> {
  const { resource } = JSON.parse(readFileSync(file, "utf8")) as StackFile;
  const steps = Object.entries(resource?.null_resource ?? {}).flatMap(([name, { connection, provisioner = [] }]) => {
    const text = provisioner.map((each) => each["remote-exec"]?.inline?.[0] ?? "").join("\n");
    const [, label] = /^step_name='(.*)'$/m.exec(text) ?? [];
    const [, enter = ""] = /^step_enter='(.*)'$/m.exec(text) ?? [];
    const way = `${connection?.user ?? "root"}@${connection?.host ?? "?"}${enter === "" ? "" : `: ${enter}`}`;
    return label === undefined ? [] : [[`null_resource.${name}`, { label, way }] as const];
  });
  return new Map(steps);
}

/** `terraform plan -detailed-exitcode` says 2 of changes, which are no error. */
const shown = (status: number): number => (status === 0 || status === CHANGES ? EXIT.ok : EXIT.problems);

function refused(result: LoadResult, problems: readonly Problem[], io: Io): number {
  tellProblems(problems, io);
  io.err(`${result.name}: ${countProblems(problems)}; Terraform was not started`);
  return EXIT.problems;
}

function write(lab: Lab, warnings: readonly Problem[], outdir: string): readonly Problem[] {
  const restore = quietStacks();
  try {
    mkdirSync(outdir, { recursive: true });
    return synthesize([{ lab, warnings }], { outdir });
  } finally {
    restore();
  }
}

/** The vault's password is nobody's business further on. */
function inherited({ LAB_VAULT_PASSWORD: _, ...others }: OperateOptions["environment"]): NodeJS.ProcessEnv {
  return others;
}

const verbosity = (verbose: boolean) => (verbose ? { TF_VAR_step_verbose: "true" } : {});

interface Given {
  readonly target: string;
  readonly rest: readonly string[];
  readonly vaultPasswordFile: readonly string[];
  readonly allow: readonly string[];
  readonly approved: boolean;
  readonly verbose: boolean;
}

/** Takes out what is ours; everything else is Terraform's. */
function parse(args: readonly string[], { cwd }: Io): Given {
  const rest: string[] = [];
  const vaultPasswordFile: string[] = [];
  const allow: string[] = [];
  let [approved, verbose] = [false, false];
  let target: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    const [, option, inline] = /^--(vault-password-file|allow)(?:=(.*))?$/s.exec(argument) ?? [];
    if (option !== undefined) (option === "allow" ? allow : vaultPasswordFile).push(inline ?? args[++index] ?? "");
    else if (/^--?auto-approve$/.test(argument)) approved = true;
    else if (/^--?verbose$/.test(argument)) verbose = true;
    else if (target === undefined && !argument.startsWith("-")) target = argument;
    else rest.push(argument);
  }
  const names = findLabs(cwd).map(({ name }) => name);
  if (target === undefined) throw new UsageError(`expected the name of a lab in front; ${suggest("", names)}`);
  return { target, rest, vaultPasswordFile, allow, approved, verbose };
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

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/** How somebody at a terminal is asked and shown what goes on; nothing where there is none. */
export function onTerminal(): Pick<OperateOptions, "confirm" | "terminal"> {
  const { stdin, stdout } = process;
  const isTerminal = stdout.isTTY === true && process.env.TERM !== "dumb" && !process.env.CI;
  return {
    ...(stdin.isTTY && stdout.isTTY ? { confirm: ask } : {}),
    ...(isTerminal ? { terminal: { columns: stdout.columns, write: (text) => void stdout.write(text) } } : {}),
  };
}

if (require.main === module) {
  const [command = "diff"] = process.argv.slice(2);
  const options: OperateOptions = { environment: process.env, gate: guardGate, ...onTerminal() };
  runProcess(`npm run ${command}`, () => operate(process.argv.slice(2), options, processIo()));
}
