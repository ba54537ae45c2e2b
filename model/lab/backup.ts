import type { Sources } from "./sources";

/** A backup job of the cluster. */
export interface BackupJob {
  readonly name: string;
  /** A calendar event as Proxmox VE reads it. */
  readonly schedule: string;
  readonly storage: string;
  readonly what:
    | { readonly kind: "guests"; readonly guests: readonly string[] }
    /** Every guest of the cluster, also those that are not of this lab. */
    | { readonly kind: "cluster" }
    | { readonly kind: "pool"; readonly pool: string };
  readonly enabled: boolean;
  readonly mode: "snapshot" | "suspend" | "stop";
  readonly compress: "zstd" | "gzip" | "lzo" | "0";
  /** `{ "keep-daily": 7 }`. */
  readonly keep: { readonly [option: string]: number };
  readonly notes: string;
  readonly node?: string;
  readonly mailTo?: readonly string[];
  readonly mailWhen?: "always" | "failure";
  readonly bandwidthKiBps?: number;
  readonly repeatMissed: boolean;
  readonly changeDetection?: "legacy" | "data" | "metadata";
  readonly source: Sources;
}
