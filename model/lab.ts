import type { Guest } from "./lab/guest";
import type { Network } from "./lab/network";
import type { Node } from "./lab/node";
import type { Sources } from "./lab/sources";
import type { Position } from "./problem";
import type { SecretOrigin } from "./tree";

export * from "./lab/container";
export * from "./lab/guest";
export * from "./lab/network";
export * from "./lab/node";
export * from "./lab/sources";
export * from "./lab/step";
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
  /** Guests in order of VMID. */
  readonly guests: readonly Guest[];
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
