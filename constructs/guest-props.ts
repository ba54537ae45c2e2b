import type { ITerraformDependable } from "cdktf";
import type { Capability } from "./capabilities/capability";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import type { RoleProps } from "./step";
import type { VmidGuard } from "./vmid-guard";

export type { Setting as SettingValue } from "./settings-file";

/** A network card of a container or a VM. */
export interface GuestNic {
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

/** One role applied inside the guest, once. */
export interface StepSpec extends RoleProps {
  /** Roles of the same guest that must come before it. @default none */
  readonly after?: readonly string[];
  /** Whether it has an `ahead.sh`, so that its packages may be installed along with those of `base`. @default false */
  readonly ahead?: boolean;
}

/** What containers and VMs are described by alike. */
export interface GuestProps {
  readonly providers: ProxmoxProviders;
  /** Keeps this guest from taking over a foreign one; one for all guests of a stack. */
  readonly guard: VmidGuard;
  readonly node: NodeAccess;
  /** 100 to 999999999, unique in the cluster. */
  readonly vmid: number;
  readonly cores: number;
  readonly memoryMiB: number;

  /** @default the construct's id */
  readonly hostname?: string;
  /** At most this many cores' worth of time. @default no limit */
  readonly cpuLimit?: number;
  /** Weight against other guests. @default Proxmox VE's */
  readonly cpuUnits?: number;
  /** @default no network */
  readonly nics?: readonly GuestNic[];
  /** @default the node's */
  readonly dnsDomain?: string;
  /** @default the node's */
  readonly dnsServers?: readonly string[];
  /** To a VM only their steps and tags mean something. @default none */
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
  /** Take over the guest that has this VMID, by an import block. @default false */
  readonly adopt?: boolean;
  /** Writing a value, or another value, destroys the guest and creates it anew. @default never */
  readonly rebuild?: string;
  /** @default 1800 */
  readonly createTimeoutSeconds?: number;
  /** What must be there before the guest. @default the guard alone */
  readonly after?: readonly ITerraformDependable[];
}
