import { mkdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { LoadResult } from "../model";
import type { Lab } from "../model/lab";
import type { Problem } from "../model/problem";
import type { LabSecret } from "../model/vault";
import { synthesize } from "../stacks/app";
import { environmentProblems } from "../stacks/environment";
import { quietStacks } from "../stacks/quiet-stacks";
import { guardGate, guardView } from "./guard/gate";
import { runProcess } from "./guarded";
import { findSecrets, secretProblems, terraformVariables } from "./lab-secrets";
import { EXIT, type Io, processIo } from "./output";
import { countProblems, hasErrors, tellProblems } from "./problems";
import { load, resolved } from "./target";
import { asksForHelp, type Given, ownPlanFile, parseArguments, usage } from "./terraform/arguments";
import { type Logins, tryLogins } from "./terraform/logins";
import { type Probe, probeApi, tokenProblems } from "./terraform/probe";
import { type Place, Progress, type ProgressOptions } from "./terraform/progress";
import { onTerminal } from "./terraform/terminal";
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
  /** Tells what a plan that is only looked at comes to. */
  readonly view?: (planned: Planned) => void;
  /** Asks the host whether it is there, before anything is planned; absent: Terraform finds out. */
  readonly probe?: Probe;
  /** Logs in to the nodes that the steps of a plan need, while the plan is looked at; absent: Terraform finds out. */
  readonly logins?: Logins;
  /** Asks whether to go on; absent where nobody can be asked. */
  readonly confirm?: (question: string) => Promise<string>;
  readonly terminal?: ProgressOptions["terminal"];
  /** How to approve where nobody can be asked. @default "--auto-approve" */
  readonly approval?: string;
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
  if (asksForHelp(words)) {
    io.out(usage(command));
    return EXIT.ok;
  }
  const given = parseArguments(command, words, io);
  const result = load(given.target, io);
  const lab = resolved(result, io);
  if (!lab) return EXIT.problems;
  const { environment } = options;
  const found = findSecrets(result, lab, { environment, vaultPasswordFile: given.vaultPasswordFile }, io);
  const problems = [
    ...environmentProblems(environment),
    ...secretProblems(found),
    ...found.secrets.flatMap(unfit),
    ...tokenProblems(found.secrets),
  ];
  if (problems.length > 0) return refused(result, problems, io);
  const outdir = resolve(io.cwd, environment.CDKTF_OUTDIR ?? "cdktf.out");
  const written = write(lab, result.problems, outdir);
  if (hasErrors(written)) return refused(result, written, io);
  const unreachable = given.offline ? [] : ((await options.probe?.(lab, found.secrets)) ?? []);
  if (unreachable.length > 0) return refused(result, unreachable, io);
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
  const { given, io, options, terraform } = operation;
  // With -json, which is for programs, nothing is added.
  const isPlain = !given.rest.some((word) => /^--?json(=|$)/.test(word));
  const view = isPlain ? options.view : undefined;
  const own = ownPlanFile(given);
  const file = own ?? (view && terraform.planFile());
  const told = { says: planText(operation), ...(own !== undefined || file === undefined ? {} : { file }) };
  const status = await terraform.plan(planWords(operation), told);
  if (status !== CHANGES || !view || file === undefined) return shown(status, given);
  const planned = await read(operation, file);
  if (!planned) return EXIT.problems;
  const logins = given.offline ? undefined : tried(operation, planned);
  view(planned);
  // A plan needs none of them, so nothing is wrong with it.
  tellProblems((await logins)?.map((each) => ({ ...each, severity: "warning" })) ?? [], io);
  return shown(status, given);
}

const tried = async ({ options }: Operation, planned: Planned): Promise<readonly Problem[]> =>
  (await options.logins?.(planned)) ?? [];

/** A plan as the guard looks at it; undefined, with the reason told, when it cannot be read. */
async function read({ given, io, lab, result, secrets, terraform }: Operation, file: string) {
  const { output, status } = await terraform.show(file);
  if (status === 0) return { result, lab, plan: output, allow: given.allow, secrets, io };
  io.err(`${output.trim()}\nthe plan could not be read; nothing was applied`);
  return undefined;
}

/** What Terraform says while it looks at each resource, which says nothing of the plan. */
const LOOKING = /: (Refreshing state\.\.\.|Reading\.\.\.|Still reading\.\.\.|Read complete after )/;
/** A file of ours is gone before anybody could use it. */
const SAVED = /^Saved the plan to: .*lab-plan-\w+.plan$/;

function planText({ given, io }: Operation): (line: string) => void {
  return (line) => {
    if (!SAVED.test(line) && (given.verbose || !LOOKING.test(line))) io.out(line);
  };
}

const planWords = ({ given, io }: Operation) => [...(io.colors.isColorSupported ? [] : ["-no-color"]), ...given.rest];

async function deploy(operation: Operation): Promise<number> {
  const { given, io, options, terraform } = operation;
  const file = terraform.planFile();
  const told = options.quiet ? { fails: io.err } : { says: planText(operation) };
  const planned = await terraform.plan(planWords(operation), { file, ...told });
  if (planned !== CHANGES) return shown(planned, given);
  if (options.gate || options.logins) {
    const seen = await read(operation, file);
    if (!seen) return EXIT.problems;
    const [verdict, logins] = await Promise.all([options.gate?.(seen) ?? 0, tried(operation, seen)]);
    if (verdict !== 0) return verdict;
    tellProblems(logins, io);
    if (hasErrors(logins)) {
      io.err(`${operation.lab.name}: ${countProblems(logins)}; nothing was applied`);
      return EXIT.problems;
    }
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

async function approved({ approval = "--auto-approve", confirm }: OperateOptions, io: Io): Promise<boolean> {
  if (!confirm) {
    io.err(`nobody can be asked here, so nothing was applied; to apply without a question: ${approval}`);
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

/** `terraform plan -detailed-exitcode` says 2 of changes, which are no error; it is said on to who asks for that. */
function shown(status: number, { rest }: Given): number {
  if (status !== 0 && status !== CHANGES) return EXIT.problems;
  return rest.some((word) => /^--?detailed-exitcode$/.test(word)) ? status : EXIT.ok;
}

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

if (require.main === module) {
  const [command = "diff"] = process.argv.slice(2);
  const looks = { gate: guardGate, view: guardView };
  const probe: Probe = (lab, secrets) => probeApi(lab, secrets, process.env);
  const logins: Logins = (planned) => tryLogins(planned, process.env);
  const options: OperateOptions = { environment: process.env, ...looks, probe, logins, ...onTerminal() };
  runProcess(`npm run ${command}`, () => operate(process.argv.slice(2), options, processIo()));
}
