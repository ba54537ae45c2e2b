import type { Position } from "./problem";
import type { SecretOrigin } from "./tree";

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

/** Where a value was written: `of["memory"]`, `of["nics.0.address"]`; `at` for the entity itself. */
export interface Sources {
  readonly at: Position;
  readonly of: { readonly [path: string]: Position };
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

/** A layer-2 segment with its IP plan, or (without a bridge) a range that is only planned, such as the pods of a cluster. */
export interface Network {
  readonly name: string;
  /** Absent for a range that no guest attaches to. */
  readonly bridge?: string;
  readonly vlan?: number;
  /** `192.168.1.0/24`. */
  readonly cidr?: string;
  readonly gateway?: string;
  readonly cidr6?: string;
  readonly gateway6?: string;
  /** The guest that is this network's gateway and therefore holds the gateway's address. */
  readonly router?: string;
  readonly dns?: Dns;
  readonly source: Sources;
}

export interface Dns {
  readonly domain?: string;
  readonly servers: readonly string[];
}

export type Guest = ContainerGuest | VmGuest;

interface GuestBase {
  /** The inventory's name of the host; also the construct's id, hence part of Terraform addresses. */
  readonly name: string;
  readonly vmid: number;
  /** DNS label that the guest calls itself. */
  readonly hostname: string;
  /** Name of the node it lives on. */
  readonly node: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
  readonly storage: string;
  readonly nics: readonly Nic[];
  readonly dns?: Dns;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly pool?: string;
  readonly protection: boolean;
  readonly started: boolean;
  readonly startOnBoot: boolean;
  readonly startup?: { readonly order?: number; readonly upDelaySeconds?: number; readonly downDelaySeconds?: number };
  /** Take over a guest that exists already, by an import block, instead of creating one. */
  readonly adopt: boolean;
  /** Any change of this value destroys and creates the guest anew: the only way to a rebuild. */
  readonly rebuild?: string;
  /** The resource tier, where the lab has tiers. */
  readonly tier?: string;
  /** Where it departs from its tier, and why. */
  readonly exceptions: readonly Exception[];
  readonly groups: readonly string[];
  readonly capabilities: readonly Capability[];
  /** What is configured inside, in order; roles that a capability brings are in the capability. */
  readonly steps: readonly Step[];
  readonly source: Sources;
}

export interface ContainerGuest extends GuestBase {
  readonly kind: "container";
  readonly os: Template;
  readonly unprivileged: boolean;
  readonly swapMiB: number;
  readonly cpuLimit?: number;
  readonly cpuUnits?: number;
  readonly features: Features;
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly hookScript?: string;
  readonly console?: {
    readonly enabled: boolean;
    readonly ttyCount: number;
    readonly type: "console" | "shell" | "tty";
  };
  readonly environment: { readonly [name: string]: string };
}

export interface VmGuest extends GuestBase {
  readonly kind: "vm";
  readonly bios: "seabios" | "ovmf";
  readonly machine?: string;
  readonly agent: boolean;
  readonly cpuType: string;
  /** Firmware-bound or image-bound details, grown by the constructs that build VMs. */
  readonly image?: {
    readonly url: string;
    readonly fileName: string;
    readonly sha256?: string;
    readonly sha512?: string;
  };
}

export interface Exception {
  readonly key: "cores" | "memory" | "disk";
  readonly tierValue: number;
  readonly value: number;
  readonly reason?: string;
}

/** One network card. */
export interface Nic {
  readonly name: string;
  readonly bridge: string;
  readonly network?: string;
  readonly vlan?: number;
  /** `dhcp`, or an address with its prefix: `192.168.1.51/24`. Absent: no IPv4. */
  readonly address?: string;
  readonly gateway?: string;
  /** `dhcp`, `auto`, or an address with its prefix. */
  readonly address6?: string;
  readonly gateway6?: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly rateLimitMBps?: number;
  readonly firewall: boolean;
}

/** The container template: a volume that is there already, or one to download. */
export type Template =
  | { readonly kind: "volume"; readonly volume: string; readonly osType: OsType }
  | {
      readonly kind: "download";
      readonly name: string;
      readonly url: string;
      readonly checksum: string;
      readonly checksumAlgorithm: "sha256" | "sha512";
      readonly fileName: string;
      readonly storage: string;
      readonly osType: OsType;
    };

/** Proxmox VE's `ostype` of containers. */
export type OsType =
  | "alpine"
  | "archlinux"
  | "centos"
  | "debian"
  | "devuan"
  | "fedora"
  | "gentoo"
  | "nixos"
  | "opensuse"
  | "ubuntu"
  | "unmanaged";

export interface Features {
  readonly nesting: boolean;
  readonly keyctl: boolean;
  readonly fuse: boolean;
  readonly mknod: boolean;
  readonly mount: readonly ("nfs" | "cifs")[];
}

export type Mount =
  | (MountOptions & { readonly kind: "bind"; readonly source: string })
  | (MountOptions & { readonly kind: "volume"; readonly storage: string; readonly sizeGiB: number });

export interface MountOptions {
  /** Where it appears in the guest. */
  readonly path: string;
  readonly readOnly: boolean;
  readonly backup: boolean;
  readonly replicate: boolean;
  readonly shared: boolean;
  readonly acl?: boolean;
  readonly quota: boolean;
  readonly options: readonly string[];
}

/** A device file of the node, handed through. */
export interface Device {
  readonly path: string;
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly denyWrite: boolean;
}

/** What belonging to a functional group adds to a guest. */
export type Capability =
  | { readonly kind: "docker"; readonly features: Partial<Features>; readonly step?: Step }
  | {
      readonly kind: "gpu";
      readonly gpus: readonly string[];
      readonly devices: readonly Device[];
      readonly step?: Step;
    }
  | { readonly kind: "wireguard"; readonly step?: Step }
  | { readonly kind: "service-agents"; readonly step?: Step };

/** One role applied to one guest or node. */
export interface Step {
  /** The role's name: the folder under provision/. */
  readonly role: string;
  /** Roles of the same guest that come before it, by name. */
  readonly after: readonly string[];
  /** Everything but the secrets. */
  readonly settings: { readonly [name: string]: Setting };
  /** Settings whose value is a secret: setting's name → secret's name. */
  readonly secrets: { readonly [name: string]: string };
}

export type Setting = string | number | boolean | null | readonly Setting[] | { readonly [key: string]: Setting };

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
