import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shellQuote } from "../constructs/settings-file";
import type { LoadResult } from "../model";
import type { Lab } from "../model/lab";
import { suggest } from "../model/schema/nearest";
import type { LabSecrets } from "../model/vault";
import { LabError } from "../stacks/lab-error";
import { type LabStep, labSteps } from "../stacks/lab-steps";
import { quietStacks } from "../stacks/quiet-stacks";
import { batchesOf, type Finding, findingsOf, scriptOf } from "./drift/batch";
import { Connections } from "./drift/connections";
import { findSecrets, type SecretSources, secretProblems } from "./lab-secrets";
import { EXIT, type ExitCode, type Io, table, UsageError } from "./output";
import { counted, tellProblems } from "./problems";
import { load, resolved } from "./target";

export interface DriftOptions extends SecretSources {
  readonly host?: string;
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
  const chosen = choose(steps, options);
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

/** The steps of the stack, which is built in a folder of its own that stays empty. */
function stepsOf(lab: Lab, io: Io): LabStep[] | undefined {
  const outdir = mkdtempSync(join(tmpdir(), "lab-steps-"));
  const restore = quietStacks();
  try {
    return labSteps({ lab }, outdir);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    tellProblems(error.problems, io);
    return undefined;
  } finally {
    restore();
    rmSync(outdir, { recursive: true, force: true });
  }
}

function choose(steps: readonly LabStep[], { host, role }: DriftOptions): LabStep[] {
  const known = (what: string, wanted: string | undefined, names: readonly string[]) => {
    if (wanted === undefined || names.includes(wanted)) return;
    throw new UsageError(`nothing is configured on a ${what} "${wanted}"; ${suggest(wanted, new Set(names))}`);
  };
  known(
    "host",
    host,
    steps.map((step) => step.host),
  );
  const ofHost = steps.filter((step) => host === undefined || step.host === host);
  known(
    "role",
    role,
    ofHost.map((step) => step.role),
  );
  return ofHost.filter((step) => role === undefined || step.role === role);
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
  const used = new Set([KEY, ...steps.flatMap(({ secrets }) => Object.values(secrets))]);
  return { ...found, secrets: found.secrets.filter(({ name }) => used.has(name)) };
}

const KEY = "proxmox_ssh_private_key";

async function check(steps: readonly LabStep[], { secrets }: LabSecrets, options: DriftOptions): Promise<Finding[]> {
  const values = new Map(secrets.flatMap(({ from, name }) => (from.kind === "missing" ? [] : [[name, from.value]])));
  const { environment = process.env, jobs = 10 } = options;
  const connections = await opened(environment, values.get(KEY));
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
    throw new UsageError(`the SSH key for the nodes (${KEY}) cannot be used: ${(error as Error).message}`);
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
