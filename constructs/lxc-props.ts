import type { ITerraformDependable } from "cdktf";
import type { Capability } from "./capabilities/capability";
import type { LxcTemplate } from "./container-template";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import type { VmidGuard } from "./vmid-guard";

export interface LxcFeatures {
  readonly nesting: boolean;
  readonly keyctl: boolean;
  readonly fuse: boolean;
  readonly mknod: boolean;
  readonly mount: readonly ("nfs" | "cifs")[];
}

/** A device file of the node, handed through. */
export interface LxcDevice {
  readonly path: string;
  /** Four octal digits. @default "0660" */
  readonly mode?: string;
  /** Owner inside the guest. @default 0 */
  readonly uid?: number;
  /** Group inside the guest. @default 0 */
  readonly gid?: number;
  /** @default false */
  readonly denyWrite?: boolean;
}

export interface LxcNic {
  /** Its name inside the guest: `eth0`. */
  readonly name: string;
  readonly bridge: string;
  /** 1 to 4094. @default untagged */
  readonly vlan?: number;
  /** `dhcp`, or an address with its prefix: `192.168.1.51/24`. @default no IPv4 */
  readonly address?: string;
  readonly gateway?: string;
  /** `dhcp`, `auto`, or an address with its prefix. @default no IPv6 */
  readonly address6?: string;
  readonly gateway6?: string;
  /** @default chosen by Proxmox VE */
  readonly mac?: string;
  /** @default the bridge's */
  readonly mtu?: number;
  readonly rateLimitMBps?: number;
  /** Whether guest firewall rules act on this card. @default false */
  readonly firewall?: boolean;
}

interface LxcMountOptions {
  /** Where it appears in the guest. */
  readonly path: string;
  /** @default false */
  readonly readOnly?: boolean;
  /** Whether backups hold it; for volumes only. @default false */
  readonly backup?: boolean;
  /** Whether replication copies it. @default true */
  readonly replicate?: boolean;
  /** Whether it is the same on every node. @default false */
  readonly shared?: boolean;
  /** @default the storage's */
  readonly acl?: boolean;
  /** @default false */
  readonly quota?: boolean;
  /** `noatime`, `discard` … @default none */
  readonly options?: readonly string[];
}

export type LxcMount =
  /** A folder of the node; only root@pam may bind one. */
  | (LxcMountOptions & { readonly kind: "bind"; readonly source: string })
  | (LxcMountOptions & { readonly kind: "volume"; readonly storage: string; readonly sizeGiB: number });

/** One role applied inside the guest. */
export interface StepSpec {
  /** Name of the role, unique in the guest. */
  readonly role: string;
  /** Folder of its scripts, relative to the project. @default "provision/<role>" */
  readonly scripts?: string;
  /** Roles of the same guest that must come before it. @default none */
  readonly after?: readonly string[];
  /** Whether it has an `ahead.sh`, so that its packages may be installed along with those of `base`. @default false */
  readonly ahead?: boolean;
  /** Everything but the secrets. @default none */
  readonly settings?: { readonly [name: string]: SettingValue };
  /** Setting's name → expression of a sensitive Terraform variable. @default none */
  readonly secrets?: { readonly [name: string]: string };
}

export type SettingValue =
  | string
  | number
  | boolean
  | null
  | readonly SettingValue[]
  | { readonly [key: string]: SettingValue };

export interface TieredLxcProps {
  readonly providers: ProxmoxProviders;
  /** Keeps this guest from taking over a foreign one; one for all guests of a stack. */
  readonly guard: VmidGuard;
  readonly node: NodeAccess;
  /** 100 to 999999999, unique in the cluster. */
  readonly vmid: number;
  readonly template: LxcTemplate;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
  /** Storage of the root file system. */
  readonly storage: string;

  /** @default the construct's id */
  readonly hostname?: string;
  /** @default 0 */
  readonly swapMiB?: number;
  /** At most this many cores' worth of time. @default no limit */
  readonly cpuLimit?: number;
  /** Weight against other guests. @default Proxmox VE's */
  readonly cpuUnits?: number;
  /** Changing it rebuilds the guest. @default true */
  readonly unprivileged?: boolean;
  /** @default no network */
  readonly nics?: readonly LxcNic[];
  /** @default the node's */
  readonly dnsDomain?: string;
  /** @default the node's */
  readonly dnsServers?: readonly string[];
  /** @default none */
  readonly mounts?: readonly LxcMount[];
  /** Flags set to `false` are refused where a capability needs them. @default all off, but for what capabilities add */
  readonly features?: Partial<LxcFeatures>;
  /** @default what capabilities add */
  readonly devices?: readonly LxcDevice[];
  /** @default none */
  readonly capabilities?: readonly Capability[];
  /** @default those of the capabilities */
  readonly steps?: readonly StepSpec[];
  /** @default "" */
  readonly description?: string;
  /** Beside those of the lab and of the capabilities. @default none */
  readonly tags?: readonly string[];
  /** An existing resource pool. @default none */
  readonly pool?: string;
  /** Proxmox VE and Terraform both refuse to destroy the guest. @default false */
  readonly protection?: boolean;
  /** @default true */
  readonly started?: boolean;
  /** @default the value of `started` */
  readonly startOnBoot?: boolean;
  /** @default no place in the order */
  readonly startupOrder?: number;
  readonly startupUpDelaySeconds?: number;
  readonly startupDownDelaySeconds?: number;
  /** @default Proxmox VE's: on, two terminals, tty */
  readonly console?: {
    readonly enabled: boolean;
    readonly ttyCount: number;
    readonly type: "console" | "shell" | "tty";
  };
  /** Volume of a snippet: `local:snippets/hook.pl`; only root@pam may set one. @default none */
  readonly hookScript?: string;
  /** Of the guest's init process. @default none */
  readonly environment?: { readonly [name: string]: string };
  /** Take over the container that has this VMID, by an import block. @default false */
  readonly adopt?: boolean;
  /** Writing a value, or another value, destroys the guest and creates it anew. @default never */
  readonly rebuild?: string;
  /** @default 1800 */
  readonly createTimeoutSeconds?: number;
  /** @default 1800 */
  readonly updateTimeoutSeconds?: number;
  /** @default 300 */
  readonly deleteTimeoutSeconds?: number;
  /** What must be there before the guest. @default the guard alone */
  readonly after?: readonly ITerraformDependable[];
}
