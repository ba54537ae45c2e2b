import { backupCoverage } from "../../model/backup";
import type { BackupJob, Lab } from "../../model/lab";

/** The backup jobs of the lab that take a guest, each in words. */
export function backupsOf(lab: Lab, guest: string): readonly string[] {
  const names = backupCoverage(lab).find((each) => each.guest === guest)?.jobs ?? [];
  return (lab.backupJobs ?? []).filter(({ name }) => names.includes(name)).map(jobText);
}

const jobText = ({ name, schedule, storage }: BackupJob): string => `${name} (${schedule}, to ${storage})`;
