import type { LoadResult } from "../model";
import type { Lab } from "../model/lab";
import { type LabAddress, labAddresses } from "../stacks/lab-addresses";
import { LabError } from "../stacks/lab-error";
import { guardGate } from "./guard/gate";
import { actionOf, isGuest } from "./guard/plan";
import { findSecrets, NODE_KEY, type SecretSources, secretProblems, secretValues } from "./lab-secrets";
import { EXIT, type ExitCode, type Io } from "./output";
import { tellProblems } from "./problems";
import { type Backup, backupsOn, chosen } from "./rebuild/backups";
import { NodeShell } from "./rebuild/node-shell";
import { restoreLosses, restoreScript } from "./rebuild/restore";
import { addressOf, type Target, targetOf } from "./rebuild/targets";
import { loadHost, resolved } from "./target";
import { ALONE, type Given } from "./terraform/arguments";
import { type Logins, tryLogins } from "./terraform/logins";
import { type OperateOptions, operate, type Planned } from "./terraform/operate";

export interface RebuildOptions extends SecretSources, Pick<OperateOptions, "confirm" | "program" | "terminal"> {
  /** `latest`, or a backup's volume id. @default from nothing */
  readonly fromBackup?: string;
  /** Asks nothing. */
  readonly yes?: boolean;
  /** Shows all that scripts say. */
  readonly verbose?: boolean;
}

/** One rebuild, with what it works on. */
interface Rebuild {
  /** As the lab was named: its name or its path. */
  readonly labTarget: string;
  readonly result: LoadResult;
  readonly lab: Lab;
  readonly target: Target;
  /** Of everything in the stack. */
  readonly addresses: readonly LabAddress[];
  readonly options: RebuildOptions & { readonly environment: NodeJS.ProcessEnv };
  readonly io: Io;
}

/**
 * Brings a guest, or a node with all its guests, back: created anew and configured by Terraform, or restored from backups.
 * It ends well only when a plan of the same finds nothing left to change.
 * Exit codes: 0 rebuilt, 1 failed or not confirmed, 2 wrong use, 3 refused, because more than that would be destroyed.
 */
export async function rebuild(name: string, options: RebuildOptions, io: Io): Promise<ExitCode> {
  const { result, host } = loadHost(name, io);
  const lab = resolved(result, io);
  if (!lab) return EXIT.problems;
  const { environment = process.env } = options;
  const labTarget = name.slice(0, name.lastIndexOf("/"));
  const target = targetOf(lab, host);
  const addresses = addressesIn(lab, io);
  if (!addresses) return EXIT.problems;
  const work: Rebuild = { labTarget, result, lab, target, addresses, options: { ...options, environment }, io };
  const done = options.fromBackup === undefined ? await fromNothing(work) : await fromBackup(work, options.fromBackup);
  return done === EXIT.ok ? verify(work) : done;
}

/** Undefined, with its problems told, when the lab cannot be built. */
function addressesIn(lab: Lab, io: Io): readonly LabAddress[] | undefined {
  try {
    return labAddresses({ lab });
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    tellProblems(error.problems, io);
    return undefined;
  }
}

/** Destroys what is there and creates it anew; the roles follow, because the guest is another one. */
function fromNothing(work: Rebuild): Promise<ExitCode> {
  const { target } = work;
  const anew = target.guests.map((guest) => `-replace=${addressOf(guest)}`);
  const roles = target.isNode
    ? ownAddresses(work)
        .filter(isRole)
        .map((address) => `-replace=${address}`)
    : [];
  return applied(work, [...anew, ...roles, ...scope(work)], { allow: target.guests.map(({ name }) => name) });
}

/** A node's own role: the step `hardware` is about its guests, which are not there yet. */
const isRole = (address: string): boolean => address.startsWith("null_resource.") && !address.endsWith("_hardware");

async function fromBackup(work: Rebuild, wanted: string): Promise<ExitCode> {
  const { io, lab, options, result, target } = work;
  const found = findSecrets(result, lab, options, io);
  const problems = secretProblems(found);
  if (problems.length > 0) {
    tellProblems(problems, io);
    return EXIT.problems;
  }
  const prepared = target.isNode ? await prepareNode(work) : EXIT.ok;
  if (prepared !== EXIT.ok) return prepared;
  const shell = await NodeShell.open(lab, options.environment, secretValues(found.secrets).get(NODE_KEY));
  try {
    const backups = await choices(work, wanted, shell);
    tellRestore(work, backups);
    if (!(await confirmed(work))) return EXIT.problems;
    const restored = await restoreAll(work, backups, shell);
    if (restored !== EXIT.ok) return restored;
  } finally {
    await shell.close();
  }
  // A backup older than the inventory: what has changed since is applied, and nothing may be destroyed for it.
  return applied(work, scope(work), { approved: true });
}

async function restoreAll(work: Rebuild, backups: ReadonlyMap<string, Backup>, shell: NodeShell): Promise<ExitCode> {
  const { io, lab, target } = work;
  for (const guest of target.guests) {
    const backup = backups.get(guest.name);
    if (!backup) continue;
    io.out(`${io.colors.bold(guest.name)}: restoring ${backup.volid}`);
    const { errors, output, status } = await shell.run(guest.node, restoreScript(lab, guest, backup));
    if (status === 0) continue;
    io.err(`${io.colors.red("FAILED")} ${io.colors.bold(guest.name)} on ${guest.node}`);
    for (const line of `${output}\n${errors}`.split("\n").filter((each) => each.trim() !== "")) io.err(`  ${line}`);
    return EXIT.problems;
  }
  return EXIT.ok;
}

/** What guests need before they come back: storages, with the backups on them, and resource mappings. */
const IS_BASE = /^proxmox_(virtual_environment_)?(storage_|hardware_mapping_)/;

/** A fresh node is configured before guests come back to it. Terraform does not look at them meanwhile, and keeps their state. */
async function prepareNode(work: Rebuild): Promise<ExitCode> {
  const own = ownAddresses(work).filter((address) => !address.endsWith("_hardware"));
  const base = work.addresses.map(({ address }) => address).filter((address) => IS_BASE.test(address));
  const words = own.flatMap((address) => [`-target=${address}`, ...(isRole(address) ? [`-replace=${address}`] : [])]);
  if (own.length + base.length === 0) return EXIT.ok;
  return applied(work, [...words, ...base.map((address) => `-target=${address}`)], {}, guestsUntouched);
}

/** A guest that was made now would be in the way of its backup. */
function guestsUntouched(planned: Planned): Promise<ExitCode> | ExitCode {
  const { resource_changes = [] } = planned.plan;
  const guests = resource_changes.filter((each) => isGuest(each) && actionOf(each) !== "nothing");
  if (guests.length === 0) return guardGate(planned);
  planned.io.err(
    `to configure the node, Terraform would change guests first: ${guests.map(({ name }) => name).join(", ")}; nothing was done`,
  );
  return EXIT.problems;
}

/** @throws UsageError for a guest without a backup, before anything is touched */
async function choices({ lab, target }: Rebuild, wanted: string, shell: NodeShell): Promise<Map<string, Backup>> {
  const nodes = [...new Set(target.guests.map(({ node }) => node))];
  const found = new Map(
    await Promise.all(nodes.map(async (node) => [node, await backupsOn(lab, node, shell)] as const)),
  );
  return new Map(
    target.guests.map((guest) => [
      guest.name,
      chosen(guest, wanted, found.get(guest.node) ?? { backups: [], notes: [] }),
    ]),
  );
}

function tellRestore({ io, lab, target }: Rebuild, backups: ReadonlyMap<string, Backup>): void {
  for (const guest of target.guests) {
    const backup = backups.get(guest.name);
    if (!backup) continue;
    const when = new Date(backup.ctime * 1000).toISOString().replace(/\.\d+Z$/, "Z");
    const kind = guest.kind === "container" ? "CT" : "VM";
    io.out(`${io.colors.bold(guest.name)} (${kind} ${guest.vmid} on ${guest.node}): ${io.colors.red("OVERWRITTEN")}`);
    io.out(`  with ${backup.volid}, made ${when}`);
    io.out(`  ${io.colors.red("lost:")} ${restoreLosses(lab, guest).join(", ")}`);
  }
}

async function confirmed({ io, options: { confirm, yes } }: Rebuild): Promise<boolean> {
  if (yes) return true;
  if (!confirm) {
    io.err("nobody can be asked here, so nothing was done; to go on without a question: --yes");
    return false;
  }
  if ((await confirm("\nRestore? Only yes is taken: ")).trim() === "yes") return true;
  io.err("nothing was done");
  return false;
}

/** Plans and applies; the guard tells what will be done and refuses what goes beyond the rebuild. */
async function applied(
  work: Rebuild,
  rest: readonly string[],
  more: Pick<Partial<Given>, "allow" | "approved"> = {},
  gate: NonNullable<OperateOptions["gate"]> = guardGate,
): Promise<ExitCode> {
  const { environment, yes = false } = work.options;
  const given: Given = { ...deployment(work, rest), ...more, approved: yes || more.approved === true };
  const logins: Logins = (planned) => tryLogins(planned, environment);
  const options: OperateOptions = { ...work.options, gate, logins, quiet: true, approval: "--yes" };
  return asExit(await operate(given, options, work.io));
}

const asExit = (code: number): ExitCode =>
  code === EXIT.ok || code === EXIT.usage || code === EXIT.refused ? code : EXIT.problems;

/** A second plan finds nothing left to do. */
async function verify(work: Rebuild): Promise<ExitCode> {
  const { io, options, target } = work;
  const { environment, program } = options;
  let isEmpty = true;
  const gate = async (planned: Planned) => {
    isEmpty = false;
    io.err(io.colors.red("a second plan still finds something to change:"));
    await guardGate(planned);
    return EXIT.problems;
  };
  const code = await operate(
    deployment(work, scope(work)),
    { environment, gate, quiet: true, ...(program ? { program } : {}) },
    io,
  );
  if (!isEmpty || code !== EXIT.ok) return EXIT.problems;
  io.out(`${io.colors.bold(target.host)}: ${io.colors.green("rebuilt")}; a second plan finds nothing to change`);
  return EXIT.ok;
}

/** A guest is rebuilt alone; of a node the whole lab is planned, because what was lost with it may be anywhere. */
function scope(work: Rebuild): string[] {
  return work.target.isNode ? [] : ownAddresses(work).map((address) => `-target=${address}`);
}

/** What belongs to the guest or node itself. */
const ownAddresses = ({ addresses, target }: Rebuild): readonly string[] =>
  addresses.filter(({ owner }) => owner === target.host).map(({ address }) => address);

/** @param rest what `terraform plan` is to get */
function deployment({ labTarget, options }: Rebuild, rest: readonly string[]): Given {
  const { vaultPasswordFile = [], verbose = false } = options;
  return { ...ALONE, command: "deploy", target: labTarget, rest, vaultPasswordFile, verbose };
}
