import { shellQuote } from "../constructs/settings-file";
import type { LoadResult } from "../model";
import type { Lab } from "../model/lab";
import { suggest } from "../model/schema/nearest";
import type { LabSecrets } from "../model/vault";
import { LabError } from "../stacks/lab-error";
import { type LabStep, labSteps } from "../stacks/lab-steps";
import { batchesOf, type Finding, findingsOf, scriptOf } from "./drift/batch";
import { findSecrets, NODE_KEY, type SecretSources, secretProblems, secretValues } from "./lab-secrets";
import { limitedHosts } from "./limit";
import { EXIT, type ExitCode, type Io, table, UsageError } from "./output";
import { counted, tellProblems } from "./problems";
import { Connections } from "./ssh/connections";
import { load, resolved } from "./target";

export interface DriftOptions extends SecretSources {
  /** The hosts that alone are looked at. @default all */
  readonly limit?: string;
  readonly role?: string;
  readonly json?: boolean;
  /** How many guests are looked at at a time. @default 10 */
  readonly jobs?: number;
}

/** As with `terraform plan -detailed-exitcode`. */
const DRIFTED = 2;
/** 128 + SIGINT, as of a shell. */
const INTERRUPTED = 130;

/**
 * Runs the check of every role on every guest and node, and tells what applying the lab would change inside them.
 * Nothing is changed, there or here. Exit codes: 0 nothing, 2 something would change, 1 something could not be checked.
 */
export async function drift(target: string, options: DriftOptions, io: Io): Promise<ExitCode> {
  const result = load(target, io);
  const lab = resolved(result, io);
  const steps = lab && stepsOf(lab, io);
  if (!steps) return EXIT.problems;
  const chosen = choose(steps, result, options);
  const found = secretsFor(chosen, result, lab, options, io);
  const problems = secretProblems(found);
  if (problems.length > 0) {
    tellProblems(problems, io);
    return EXIT.problems;
  }
  const findings = await check(chosen, found, options);
  tell(findings, options, io);
  if (!options.json) tellRemedy(target, findings, io);
  if (findings.some(({ state }) => state === "failed")) return EXIT.problems;
  return findings.some(({ state }) => state === "drifted") ? DRIFTED : EXIT.ok;
}

function stepsOf(lab: Lab, io: Io): LabStep[] | undefined {
  try {
    return labSteps({ lab });
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    tellProblems(error.problems, io);
    return undefined;
  }
}

function choose(steps: readonly LabStep[], { inventory }: LoadResult, { limit, role }: DriftOptions): LabStep[] {
  const hosts = limit === undefined ? undefined : limitedHosts(limit, inventory);
  const ofHosts = steps.filter((step) => hosts?.has(step.host) ?? true);
  if (limit !== undefined && ofHosts.length === 0) {
    const hint = suggest("", new Set(steps.map((step) => step.host)));
    throw new UsageError(`--limit ${limit}: nothing is configured there; ${hint}`);
  }
  const roles = new Set(ofHosts.map((step) => step.role));
  if (role === undefined || roles.has(role)) return ofHosts.filter((step) => role === undefined || step.role === role);
  throw new UsageError(`nothing is configured by a role "${role}"; ${suggest(role, roles)}`);
}

/** The secrets that the chosen steps use, and the key for the nodes where there is one. */
function secretsFor(
  steps: readonly LabStep[],
  result: LoadResult,
  lab: Lab,
  sources: SecretSources,
  io: Io,
): LabSecrets {
  const found = findSecrets(result, lab, sources, io);
  const used = new Set([NODE_KEY, ...steps.flatMap(({ secrets }) => Object.values(secrets))]);
  return { ...found, secrets: found.secrets.filter(({ name }) => used.has(name)) };
}

async function check(steps: readonly LabStep[], { secrets }: LabSecrets, options: DriftOptions): Promise<Finding[]> {
  const values = secretValues(secrets);
  const { environment = process.env, jobs = 10 } = options;
  const connections = await opened(environment, values.get(NODE_KEY));
  const waiting = [...batchesOf(steps).entries()];
  const findings: Finding[][] = [];
  const work = async (worker: number) => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, batch] = next;
      const answer = await connections.run(batch.steps[0].login, scriptOf(batch, values), worker);
      findings[index] = findingsOf(batch, answer);
    }
  };
  const stop = () => void connections.close().finally(() => process.exit(INTERRUPTED));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, waiting.length) }, (_, worker) => work(worker)));
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await connections.close();
  }
  const order = new Map(steps.map(({ host, role }, index) => [`${host} ${role}`, index]));
  const place = ({ host, role }: Finding) => order.get(`${host} ${role}`) ?? 0;
  return findings.flat().sort((a, b) => place(a) - place(b));
}

async function opened(environment: NodeJS.ProcessEnv, key: string | undefined): Promise<Connections> {
  try {
    return await Connections.open(environment, key);
  } catch (error) {
    throw new UsageError(`the SSH key for the nodes (${NODE_KEY}) cannot be used: ${(error as Error).message}`);
  }
}

function tell(findings: readonly Finding[], { json = false }: DriftOptions, io: Io): void {
  if (json) {
    io.out(JSON.stringify({ findings }, null, 2));
    return;
  }
  const roles = [...new Set(findings.map(({ role }) => role))];
  const hosts = [...new Set(findings.map(({ host }) => host))];
  const cell = (host: string, role: string) =>
    word(
      findings.filter((finding) => finding.host === host && finding.role === role),
      io,
    );
  const rows = hosts.map((host) => [host, ...roles.map((role) => cell(host, role))]);
  io.out(table(["HOST", ...roles], rows, io.colors));
  for (const { changes, host, notes, role, state } of findings) {
    if (state === "failed") continue;
    const who = io.colors.bold(`${host} ${role}:`);
    for (const change of changes) io.out(`${who} would change: ${change}`);
    for (const note of notes) io.out(`${who} ${note}`);
  }
  tellFailures(findings, io);
}

/** Up to as many steps are named one by one. */
const NAMED = 10;

/** Terraform does not know what changed inside: a step runs again when it is told to. */
function tellRemedy(target: string, findings: readonly Finding[], io: Io): void {
  const words = findings.flatMap(({ address, state }) => (state === "drifted" ? [`-replace=${address}`] : []));
  if (words.length === 0) return;
  const shown = words.length <= NAMED ? words.join(" ") : `${words[0]} …`;
  const rest =
    words.length <= NAMED ? "" : `, with one -replace=null_resource.HOST_ROLE for each of the ${words.length}`;
  const lab = /^[\w./-]+$/.test(target) ? target : shellQuote(target);
  io.out(`put it right: npm run deploy -- ${lab} ${shown}${rest}`);
}

/** What kept several from being checked, such as a node that does not answer, is told once. */
function tellFailures(findings: readonly Finding[], { colors, err }: Io): void {
  const byReason = new Map<string, string[]>();
  for (const { host, notes, role, state } of findings) {
    if (state !== "failed") continue;
    const reason = notes.join("\n");
    byReason.set(reason, [...(byReason.get(reason) ?? []), `${host} ${role}`]);
  }
  for (const [reason, who] of byReason) {
    err(`${colors.red("failed")} ${colors.bold(who.join(", "))}`);
    for (const text of reason.split("\n")) err(`  ${text}`);
  }
}

function word(found: readonly Finding[], { colors }: Io): string {
  if (found.length === 0) return "-";
  if (found.some(({ state }) => state === "failed")) return colors.red("failed");
  const changes = found.reduce((sum, each) => sum + each.changes.length, 0);
  return changes > 0 ? colors.yellow(counted(changes, "change")) : colors.green("ok");
}
