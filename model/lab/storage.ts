import type { Sources } from "./sources";

/** A storage that the lab adds to Proxmox VE. It is also among the storages of its nodes. */
export interface Storage {
  readonly name: string;
  readonly content: readonly string[];
  readonly nodes: readonly string[];
  readonly sizeGiB?: number;
  readonly enabled: boolean;
  readonly target: StorageTarget;
  readonly source: Sources;
}

/** Where its data is, by Proxmox VE's type. Passwords and keys are names of secrets. */
export type StorageTarget =
  | { readonly type: "dir"; readonly path: string; readonly shared: boolean }
  | { readonly type: "nfs"; readonly server: string; readonly export: string; readonly options?: string }
  | {
      readonly type: "cifs";
      readonly server: string;
      readonly share: string;
      readonly username: string;
      readonly password: string;
      readonly domain?: string;
      readonly subdirectory?: string;
      readonly options?: string;
    }
  | {
      readonly type: "zfspool";
      readonly pool: string;
      readonly thin: boolean;
      readonly blockSize?: string;
      /** Properties of the dataset, which is made where it is missing. Absent: it is there. */
      readonly dataset?: readonly string[];
    }
  | {
      readonly type: "pbs";
      readonly server: string;
      readonly datastore: string;
      readonly username: string;
      readonly password: string;
      readonly namespace?: string;
      readonly fingerprint?: string;
      readonly encryptionKey?: string;
    };
