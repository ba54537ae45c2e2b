import { mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { LoadResult } from "../../model";
import type { Lab } from "../../model/lab";
import type { Problem } from "../../model/problem";
import type { LabSecret } from "../../model/vault";
import { synthesize } from "../../stacks/app";
import { environmentProblems } from "../../stacks/environment";
import { labAddresses } from "../../stacks/lab-addresses";
import { labSteps } from "../../stacks/lab-steps";
import { quietStacks } from "../../stacks/quiet-stacks";
import { type Plan, parsePlan } from "../guard/plan";
import { findSecrets, secretProblems, secretValues, terraformVariables, withPlaceholders } from "../lab-secrets";
import { limitedHosts } from "../limit";
import { EXIT, type Io, UsageError } from "../output";
import { countProblems, hasErrors, tellProblems } from "../problems";
import { load, resolved } from "../target";
import { type Given, ownPlanFile } from "./arguments";
import type { Logins } from "./logins";
import { type Probe, tokenProblems } from "./probe";
import { type Place, Progress, type ProgressOptions } from "./progress";
import { secretLimitProblems } from "./secret-limits";
import { Terraform, type TerraformOptions } from "./terraform";

/** A plan that is about to be applied. */
export interface Planned {
  readonly result: LoadResult;
  readonly lab: Lab;
  /** Sensitive values are in it: it is for looking at, not for printing. */
  readonly plan: Plan;
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

/** terraform plan -detailed-exitcode */
const CHANGES = 2;
/** What `terraform apply` of a saved plan takes as well. */
const OF_APPLY = /^--?(parallelism|lock|lock-timeout)(=|$)/;

/**
 * Synthesis, then Terraform, with every secret of the lab as TF_VAR_… in its environment. What is applied is the plan that
 * was shown. Secrets that have no value are told, all at once, before Terraform starts.
 *
 * @returns 0 done, 1 errors, or what the gate says
 */
export async function operate(given: Given, options: OperateOptions, io: Io): Promise<number> {
  const result = load(given.target, io);
  const lab = resolved(result, io);
  if (!lab) return EXIT.problems;
  const targets = given.limit === undefined ? [] : targetsOf(given.limit, result, lab);
  const { environment } = options;
  const known = findSecrets(result, lab, { environment, vaultPasswordFile: given.vaultPasswordFile }, io);
  const found = given.offline ? withPlaceholders(known) : known;
  const problems = [
    ...environmentProblems(environment),
    ...secretProblems(found),
    ...secretLimitProblems(found.secrets),
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
  const operation: Operation = { given, io, lab, options, result, secrets: found.secrets, targets, terraform };
  try {
    const initialized = await terraform.init();
    if (initialized.status !== 0) {
      io.err(`${initialized.output.trim()}\nterraform init failed, in ${relative(io.cwd, outdir)}/stacks/${lab.name}`);
      return EXIT.problems;
    }
    return given.command === "deploy" ? await deploy(operation) : await diff(operation);
  } finally {
    terraform.close();
  }
}

interface Operation {
  readonly given: Given;
  readonly io: Io;
  readonly lab: Lab;
  readonly options: OperateOptions;
  readonly result: LoadResult;
  readonly secrets: readonly LabSecret[];
  /** Addresses that alone are looked at; none: all. */
  readonly targets: readonly string[];
  readonly terraform: Terraform;
}

/** The guests, nodes and steps of the hosts that `--limit` means. @throws UsageError */
function targetsOf(limit: string, { inventory }: LoadResult, lab: Lab): string[] {
  const hosts = limitedHosts(limit, inventory);
  const targets = labAddresses({ lab }).filter(({ owner }) => hosts.has(owner));
  if (targets.length > 0) return targets.map(({ address }) => address);
  throw new UsageError(
    `--limit ${limit}: nothing is built or configured there; lab list ${lab.name} shows groups and hosts`,
  );
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
async function read(
  { given, io, lab, result, secrets, terraform }: Operation,
  file: string,
): Promise<Planned | undefined> {
  const { output, status } = await terraform.show(file);
  if (status === 0) return { result, lab, plan: parsePlan(output), allow: given.allow, secrets, io };
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

const planWords = ({ given, io, targets }: Operation) => [
  ...(io.colors.isColorSupported ? [] : ["-no-color"]),
  ...targets.map((address) => `-target=${address}`),
  ...given.rest,
];

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

function progressOptions({ given, io, lab, options, secrets }: Operation): ProgressOptions {
  return {
    io,
    verbose: given.verbose,
    steps: placesOf(lab),
    secrets: secretValues(secrets),
    ...(options.terminal ? { terminal: options.terminal } : {}),
  };
}

/** What the stack itself says of its steps, by their address. */
function placesOf(lab: Lab): Map<string, Place> {
  return new Map(
    labSteps({ lab }).map(({ address, enter, label, login: { host, user } }) => [
      address,
      { label, way: `${user}@${host}${enter === "" ? "" : `: ${enter}`}` },
    ]),
  );
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
