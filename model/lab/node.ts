import type { Sources } from "./sources";
import type { Step } from "./step";

/** A Proxmox VE node. Inactive ones are described and drawn, but absent from Terraform. */
export interface Node {
  /** Its name in the cluster. */
  readonly name: string;
  /** The address that SSH and the provider dial: pinned, never looked up through the API. */
  readonly address: string;
  readonly sshPort: number;
  /** Public host key, `ssh-ed25519 AAAA…`. */
  readonly sshHostKey?: string;
  readonly active: boolean;
  readonly cores?: number;
  readonly memoryMiB?: number;
  readonly bridges: readonly string[];
  readonly storages: readonly NodeStorage[];
  readonly gpus: readonly Gpu[];
  readonly groups: readonly string[];
  readonly steps: readonly Step[];
  readonly source: Sources;
}

export interface NodeStorage {
  readonly name: string;
  /** Proxmox VE's storage type: dir, lvmthin, zfspool, nfs, cifs, pbs, rbd, cephfs, btrfs … */
  readonly type: string;
  readonly sizeGiB?: number;
  readonly content: readonly string[];
}

export interface Gpu {
  readonly name: string;
  readonly vendor: "nvidia" | "amd" | "intel";
  readonly model?: string;
  readonly pciId?: string;
  readonly memoryMiB?: number;
  /** The device files a container needs to use it. */
  readonly devices: readonly string[];
}
