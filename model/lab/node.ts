import type { Bridge, NodeInterface } from "./bridge";
import type { NodeSystem } from "./node-system";
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
  /** Names of all bridges. */
  readonly bridges: readonly string[];
  /** Those bridges that the inventory says more of than a name. */
  readonly links: readonly Bridge[];
  /** Interfaces that are no bridges. */
  readonly interfaces: readonly NodeInterface[];
  readonly storages: readonly NodeStorage[];
  readonly gpus: readonly Gpu[];
  readonly usb: readonly UsbDevice[];
  readonly system: NodeSystem;
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
  /** The device files a container needs to use it; none for a card that is handed to VMs. */
  readonly devices: readonly string[];
  readonly use: "container" | "vm";
  /** `10de:1b38`. */
  readonly deviceId?: string;
  readonly subsystemId?: string;
  readonly iommuGroup?: number;
  /** PCI addresses of further functions that go with it. */
  readonly functions: readonly string[];
}

/** A USB device that VMs use by its name. */
export interface UsbDevice {
  readonly name: string;
  readonly id: string;
  /** The port, where the id alone leaves a doubt. */
  readonly path?: string;
  readonly comment?: string;
}
