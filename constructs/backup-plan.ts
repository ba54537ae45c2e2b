import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { BackupJob, type BackupJobConfig } from "../.gen/providers/proxmox/backup-job";
import { giveAddress } from "./address";
import { compact } from "./compact";
import { ConstructError } from "./construct-error";

export interface BackupPlanProps {
  readonly jobs: readonly BackupJobProps[];
  /** What must be there before, such as the storages. @default nothing */
  readonly after?: readonly ITerraformDependable[];
}

export interface BackupJobProps {
  /** Its id in Proxmox VE: letters, digits, `-` and `_`. */
  readonly name: string;
  /** A calendar event: `02:30`, `sat 18:15`. */
  readonly schedule: string;
  readonly storage: string;
  /** The guests by VMID, `"cluster"` for every one, or the members of a pool. */
  readonly what: readonly number[] | "cluster" | { readonly pool: string };
  /** `{ "keep-daily": 7 }`; `keep-all` keeps every backup. */
  readonly keep: { readonly [option: string]: number };
  /** @default "snapshot" */
  readonly mode?: "snapshot" | "suspend" | "stop";
  /** `"0"`: not at all. @default "zstd" */
  readonly compress?: "zstd" | "gzip" | "lzo" | "0";
  /** Template of the notes, with Proxmox VE's own variables. @default "{{guestname}}" */
  readonly notes?: string;
  /** Only on this node. @default on every one */
  readonly node?: string;
  /** @default nobody */
  readonly mailTo?: readonly string[];
  /** @default "always" */
  readonly mailWhen?: "always" | "failure";
  /** @default no limit */
  readonly bandwidthKiBps?: number;
  /** @default false */
  readonly repeatMissed?: boolean;
  /** For backup servers. @default Proxmox VE's */
  readonly changeDetection?: "legacy" | "data" | "metadata";
  /** @default true */
  readonly enabled?: boolean;
}

/** The backup jobs of a cluster. Destroying one leaves its backups. */
export class BackupPlan extends Construct {
  readonly jobs: readonly BackupJob[];

  constructor(scope: Construct, id: string, { after = [], jobs }: BackupPlanProps) {
    super(scope, id);
    const idle = jobs.filter(({ what }) => Array.isArray(what) && what.length === 0);
    if (idle.length > 0)
      throw new ConstructError(
        this,
        idle.map(({ name }) => `${name}.what: expected at least one VMID, got none; delete the job`),
      );
    this.jobs = jobs.map((job) => {
      const made = new BackupJob(this, job.name, {
        ...configOf(job),
        ...(after.length > 0 ? { dependsOn: [...after] } : {}),
      });
      return giveAddress(made, job.name);
    });
  }
}

function configOf(job: BackupJobProps): BackupJobConfig {
  const { what } = job;
  const guests = Array.isArray(what) ? [...what].sort((a, b) => a - b).map(String) : undefined;
  return compact<BackupJobConfig>({
    id: job.name,
    schedule: job.schedule,
    storage: job.storage,
    enabled: job.enabled ?? true,
    // Not false: the provider takes it as another choice beside guests or pool.
    all: what === "cluster" ? true : undefined,
    vmid: guests,
    pool: typeof what === "object" && "pool" in what ? what.pool : undefined,
    mode: job.mode ?? "snapshot",
    compress: job.compress ?? "zstd",
    pruneBackups: Object.fromEntries(Object.entries(job.keep).map(([option, number]) => [option, String(number)])),
    notesTemplate: job.notes ?? "{{guestname}}",
    nodeAttribute: job.node,
    mailto: job.mailTo && [...job.mailTo],
    mailnotification: job.mailWhen,
    bwlimit: job.bandwidthKiBps,
    repeatMissed: job.repeatMissed ?? false,
    pbsChangeDetectionMode: job.changeDetection,
  });
}
