import { withoutUndefined } from "../collections";
import type { BackupJob, Guest } from "../lab";
import type { Problem } from "../problem";
import type { BackupJobVars } from "../schema/backup";
import { suggest } from "../schema/nearest";
import { type Tree, treeAt } from "../tree";
import type { Facts } from "./facts";
import type { LabWide } from "./lab-wide";
import { Origins } from "./origins";

const VARIABLE = "proxmox_backup_jobs";

interface Inputs {
  readonly guests: readonly Guest[];
  readonly facts: Facts;
  readonly wide: LabWide;
  readonly report: (problem: Problem) => void;
}

/** The backup jobs, without those that name guests which are not there; which guests each one takes is settled here. */
export function backupJobsOf(inputs: Inputs): BackupJob[] {
  const tree = inputs.wide.trees.get(VARIABLE);
  if (!tree) return [];
  return Object.entries(inputs.wide.values[VARIABLE] ?? {}).flatMap(
    ([name, vars]) => jobOf(name, vars, tree, inputs) ?? [],
  );
}

/** Proxmox VE's own names of what is filled in have double braces, which the inventory's templates would take for theirs. */
const FILLED: Readonly<Record<string, string>> = { guest: "guestname", vmid: "vmid", node: "node", cluster: "cluster" };

function jobOf(name: string, vars: BackupJobVars, tree: Tree, inputs: Inputs): BackupJob | undefined {
  const written = treeAt(tree, [name]).tree;
  const origins = new Origins(written.at, written);
  origins.noteAll();
  const { compress = "zstd", keep, notes = "{guest}" } = vars;
  const what = whatOf(name, vars, tree, inputs);
  if (!what) return undefined;
  return {
    name,
    schedule: vars.schedule,
    storage: vars.storage,
    what,
    enabled: vars.enabled ?? true,
    mode: vars.mode ?? "snapshot",
    compress: compress === "none" ? "0" : compress,
    keep: keep === "all" ? { "keep-all": 1 } : keepOf(keep),
    notes: notes.replaceAll(/\{(guest|vmid|node|cluster)\}/g, (_, word: string) => `{{${FILLED[word]}}}`),
    ...withoutUndefined({ node: vars.node, mailTo: vars.mail_to, mailWhen: vars.mail_when }),
    ...withoutUndefined({ bandwidthKiBps: vars.bandwidth, changeDetection: vars.change_detection }),
    repeatMissed: vars.repeat_missed ?? false,
    source: origins.sources(),
  };
}

const keepOf = (keep: Exclude<BackupJobVars["keep"], "all">): Record<string, number> =>
  Object.fromEntries(Object.entries(withoutUndefined(keep)).map(([kind, number]) => [`keep-${kind}`, number]));

function whatOf(job: string, { exclude = [], guests = "all", pool }: BackupJobVars, tree: Tree, inputs: Inputs) {
  if (pool !== undefined) return { kind: "pool" as const, pool };
  if (guests === "cluster") return { kind: "cluster" as const };
  let isKnown = true;
  const named = (key: "guests" | "exclude", names: readonly string[]) =>
    new Set(
      names.flatMap((name, index) => {
        const members = membersOf(name, [job, key, index], tree, inputs);
        isKnown &&= members !== undefined;
        return members ?? [];
      }),
    );
  const out = named("exclude", exclude);
  const wanted = guests === "all" ? undefined : named("guests", guests);
  if (!isKnown) return undefined;
  const chosen = inputs.guests.filter(({ name, notBackedUp }) =>
    wanted ? wanted.has(name) && !out.has(name) : notBackedUp === undefined && !out.has(name),
  );
  return { kind: "guests" as const, guests: chosen.map(({ name }) => name) };
}

/** The guests that a name of a guest or of a group stands for; a problem when it is neither. */
function membersOf(
  name: string,
  path: readonly (string | number)[],
  tree: Tree,
  { facts, report }: Inputs,
): string[] | undefined {
  const members = facts.members.get(name);
  if (members) return [...members.keys()];
  if (facts.hosts.has(name)) return [name];
  report({
    rule: "unknown-hosts",
    severity: "error",
    at: treeAt(tree, path).tree.at,
    path: [VARIABLE, ...path].join("."),
    message: `no guest or group is called "${name}"`,
    fix: suggest(name, [...facts.hosts.keys(), ...facts.members.keys()]),
  });
  return undefined;
}
