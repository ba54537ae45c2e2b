import { BackupPlan } from "../../constructs/backup-plan";
import type { BackupJob } from "../../model/lab";
import { literals } from "../escape";
import type { LabContext } from "../lab-context";

/** The lab's backup jobs; each waits for the storage that it writes to. */
export function planBackups(context: LabContext): void {
  const { lab, stack } = context;
  const jobs = lab.backupJobs ?? [];
  if (jobs.length === 0) return;
  const vmids = new Map(lab.guests.map(({ name, vmid }) => [name, vmid]));
  new BackupPlan(stack, ":backups", {
    jobs: jobs.map(({ source: _, what, ...job }) => ({ ...literals(job), what: whatOf(what, vmids) })),
    after: [...new Set(jobs.flatMap(({ storage }) => context.storage(storage)))],
  });
}

function whatOf(what: BackupJob["what"], vmids: ReadonlyMap<string, number>) {
  if (what.kind === "cluster") return "cluster" as const;
  if (what.kind === "pool") return literals({ pool: what.pool });
  return what.guests.flatMap((name) => vmids.get(name) ?? []);
}
