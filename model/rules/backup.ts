import { backupCoverage, type LeftOut } from "../backup";
import { type BackupJob, type Guest, placeOf, variableOf } from "../lab";
import type { Problem } from "../problem";
import { describesGuest } from "../resolve/facts";
import { NODES } from "../resolve/node";
import { suggest } from "../schema/nearest";
import { treeAt } from "../tree";
import type { Rule, RuleInput } from "./rule";

const VARIABLE = "proxmox_backup_jobs";

/**
 * `guest-without-backup`, `mount-without-backup`: where a lab has backup jobs, what runs and is in none, and what the backups
 * of a guest leave out, says why. Told of labs with jobs only: one without has decided for all at once.
 */
export const backupsAreWhole: Rule = function* ({ lab }) {
  if ((lab.backupJobs ?? []).length === 0) return;
  const guests = new Map(lab.guests.map((guest) => [guest.name, guest]));
  for (const { guest: name, jobs, leftOut, reason } of backupCoverage(lab)) {
    const guest = guests.get(name)!;
    if (jobs.length === 0 && reason === undefined && guest.started) yield withoutBackup(guest);
    const silent = leftOut.filter((part) => part.reason === undefined);
    if (jobs.length > 0 && silent.length > 0) yield withoutMounts(guest, silent);
  }
};

const withoutBackup = (guest: Guest): Problem => ({
  rule: "guest-without-backup",
  severity: "warning",
  at: guest.source.at,
  path: variableOf(guest),
  subject: guest.name,
  message: `${guest.name} runs and is in no backup job, and nobody says why`,
  fix: `add it to a job of ${VARIABLE}, or not_backed_up: with the reason`,
});

function withoutMounts(guest: Guest, parts: readonly LeftOut[]): Problem {
  const said = parts.map(
    ({ kind, what }) => `${what} (${kind === "bind" ? "a directory of the node" : "backup: false"})`,
  );
  const key = guest.kind === "container" ? "mounts" : "disks";
  const bound = parts.some(({ kind }) => kind === "bind");
  return {
    rule: "mount-without-backup",
    severity: "warning",
    at: placeOf(guest.source, key),
    path: `${variableOf(guest)}.${key}`,
    subject: guest.name,
    message: `the backups of ${guest.name} do not hold ${said.join(", ")}, and nobody says why`,
    fix: `add not_backed_up: with the reason${bound ? "; a directory of the node has to be backed up on the node" : ""}`,
  };
}

/** `backup-storage`, `backup-of-excluded`, `backup-on-other-node`, `empty-backup-job`, `unknown-node`: a job can do what it says. */
export const backupJobsWork: Rule = function* (input) {
  const { facts, lab, nodes } = input;
  const guests = new Map(lab.guests.map((guest) => [guest.name, guest]));
  // Guests with mistakes are missing here, which is no mistake of a job.
  const isWhole = [...facts.hosts.values()].every((host) => !describesGuest(host) || guests.has(host.name));
  for (const job of lab.backupJobs ?? []) {
    const meant = job.what.kind === "guests" ? job.what.guests.flatMap((name) => guests.get(name) ?? []) : lab.guests;
    yield* excluded(job, meant);
    if (job.node !== undefined && !facts.members.get(NODES)?.has(job.node)) {
      yield unknownNode(job, job.node, facts.members.get(NODES)?.keys() ?? []);
      continue;
    }
    const taken = meant.filter(({ node }) => job.node === undefined || job.node === node);
    if (isWhole && job.what.kind === "guests" && taken.length === 0) yield empty(job);
    else yield* elsewhere(job, guests, input);
    const names = new Set(taken.map(({ node }) => node));
    for (const name of names) {
      const node = nodes.get(name);
      if (!node) continue;
      const storage = node.storages.find((each) => each.name === job.storage);
      if (storage?.content.includes("backup")) continue;
      const fitting = node.storages.filter(({ content }) => content.includes("backup")).map((each) => each.name);
      yield {
        rule: "backup-storage",
        severity: "error",
        at: placeOf(job.source, "storage"),
        also: [
          storage
            ? {
                at: placeOf(node.source, `storages.${storage.name}`),
                note: `allows ${storage.content.join(", ")}`,
              }
            : { at: placeOf(node.source, "storages"), note: `lists the storages of ${name}` },
        ],
        path: `${VARIABLE}.${job.name}.storage`,
        message: `${name}, whose guests the job backs up, has no storage "${job.storage}" for backups`,
        fix:
          fitting.length > 0 ? suggest(job.storage, fitting) : "add backup to the content of a storage, or a storage",
      };
    }
  }
};

const empty = (job: BackupJob): Problem => ({
  rule: "empty-backup-job",
  severity: "error",
  at: placeOf(job.source, "guests"),
  path: `${VARIABLE}.${job.name}.guests`,
  message: `the job ${job.name} backs up no guest${job.node === undefined ? "" : ` of ${job.node}`}`,
  fix: `name guests${job.node === undefined ? "" : " that live there, delete node:"}, or delete the job`,
});

const unknownNode = (job: BackupJob, node: string, known: Iterable<string>): Problem => ({
  rule: "unknown-node",
  severity: "error",
  at: placeOf(job.source, "node"),
  path: `${VARIABLE}.${job.name}.node`,
  message: `no node is called "${node}"`,
  fix: suggest(node, known),
});

/** Guests that a job of one node names, each by its own name, and that live on another one. */
function* elsewhere(
  { name: job, node }: BackupJob,
  all: ReadonlyMap<string, Guest>,
  { wide }: RuleInput,
): Iterable<Problem> {
  const names = wide.values[VARIABLE]?.[job]?.guests;
  const tree = wide.trees.get(VARIABLE);
  if (node === undefined || !tree || !Array.isArray(names)) return;
  for (const [index, name] of names.entries()) {
    const guest = all.get(name);
    if (!guest || guest.node === node) continue;
    yield {
      rule: "backup-on-other-node",
      severity: "warning",
      at: treeAt(tree, [job, "guests", index]).tree.at,
      also: [{ at: placeOf(guest.source, "node"), note: `says that ${name} is on ${guest.node}` }],
      path: `${VARIABLE}.${job}.guests.${index}`,
      subject: name,
      message: `the job ${job} is for ${node} only, and ${name} is on ${guest.node}`,
      fix: "delete node:, or leave the guest out of the job",
    };
  }
}

function* excluded(job: BackupJob, taken: readonly Guest[]): Iterable<Problem> {
  if (job.what.kind !== "guests") return;
  for (const guest of taken) {
    if (guest.notBackedUp === undefined) continue;
    yield {
      rule: "backup-of-excluded",
      severity: "error",
      at: placeOf(job.source, "guests"),
      also: [{ at: placeOf(guest.source, "not_backed_up"), note: "says why it is not backed up" }],
      path: `${VARIABLE}.${job.name}.guests`,
      subject: guest.name,
      message: `the job ${job.name} backs up ${guest.name}, which says that it is not backed up`,
      fix: "delete not_backed_up, or leave it out of the job",
    };
  }
}
