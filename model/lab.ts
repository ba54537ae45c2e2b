import type { BackupJob } from "./lab/backup";
import type { Firewall } from "./lab/firewall";
import type { Guest } from "./lab/guest";
import type { Network } from "./lab/network";
import type { Node } from "./lab/node";
import type { Acme, MetricsServer } from "./lab/node-system";
import type { Sources } from "./lab/sources";
import type { Storage } from "./lab/storage";
import type { Position } from "./problem";
import type { SecretOrigin } from "./tree";

export * from "./lab/backup";
export * from "./lab/bridge";
export * from "./lab/container";
export * from "./lab/firewall";
export * from "./lab/guest";
export * from "./lab/network";
export * from "./lab/node";
export * from "./lab/node-system";
export * from "./lab/sources";
export * from "./lab/step";
export * from "./lab/storage";
export * from "./lab/vm";

/**
 * A lab, checked and resolved: readonly plain data without a trace of YAML, cdktf or Terraform.
 * `loadLab` (model/index.ts) makes one from an inventory; `stacks/lab-stack.ts` turns it into constructs.
 */
export interface Lab {
  /** Also the name of the stack and of its state. */
  readonly name: string;
  /** The inventory's folder, relative to the folder the command runs in. */
  readonly folder: string;
  readonly connection: Connection;
  readonly backend: Backend;
  readonly nodes: readonly Node[];
  readonly networks: readonly Network[];
  readonly acme?: Acme;
  readonly metrics?: readonly MetricsServer[];
  /** Guests in order of VMID. */
  readonly guests: readonly Guest[];
  /** Absent: the lab leaves Proxmox VE's firewall as it is. */
  readonly firewall?: Firewall;
  /** Storages that the lab makes; they are among those of their nodes, too. */
  readonly storages?: readonly Storage[];
  readonly backupJobs?: readonly BackupJob[];
  /** Every secret that a guest, node or connection refers to, by name. */
  readonly secrets: readonly SecretRef[];
  /** The group graph, for `lab graph` and the documentation. */
  readonly groups: readonly GroupInfo[];
}

/** How Terraform reaches the Proxmox VE API and the nodes' shells. No credential is in here. */
export interface Connection {
  /** `https://host:8006/`, from proxmox_api_host and proxmox_api_port. */
  readonly endpoint: string;
  /** False turns off the check of the API's certificate. @default true */
  readonly verifyTls: boolean;
  readonly sshUser: string;
  /** The provider that acts as root@pam is there even where no guest needs it. @default false */
  readonly keepRoot?: boolean;
  readonly source: Sources;
}

/** Where Terraform keeps this lab's state. Credentials come only from the environment. */
export type Backend =
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "http"; readonly address: string; readonly lockAddress?: string; readonly unlockAddress?: string }
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly key: string;
      readonly region: string;
      readonly endpoint?: string;
      readonly useLockfile: boolean;
    }
  | { readonly kind: "pg"; readonly schemaName: string }
  | { readonly kind: "gitlab"; readonly address: string; readonly project: string; readonly stateName: string };

/** A reference to a secret: becomes the sensitive Terraform variable of this name, given as `TF_VAR_<name>`. */
export interface SecretRef {
  readonly name: string;
  readonly usedBy: readonly Position[];
  /** Where its value is encrypted. Absent for `{ secret: name }`, whose value may still be encrypted, in group `all`. */
  readonly origin?: SecretOrigin;
}

export interface GroupInfo {
  readonly name: string;
  readonly kind: "tier" | "functional" | "nodes" | "other";
  readonly children: readonly string[];
  readonly hosts: readonly string[];
}
