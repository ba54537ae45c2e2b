import type { ContainerGuest, Device, Features } from "./container";
import type { GuestFirewall } from "./firewall";
import type { Dns } from "./network";
import type { Sources } from "./sources";
import type { Step } from "./step";
import type { VmGuest } from "./vm";

export type Guest = ContainerGuest | VmGuest;

export interface GuestBase {
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
  /** Why no backup job takes it. */
  readonly notBackedUp?: string;
  /** The resource tier, where the lab has tiers. */
  readonly tier?: string;
  /** Where it departs from its tier, and why. */
  readonly exceptions: readonly Exception[];
  readonly groups: readonly string[];
  readonly capabilities: readonly Capability[];
  /** What is configured inside, in order; roles that a capability brings are in the capability. */
  readonly steps: readonly Step[];
  /** Absent: no firewall of its own. */
  readonly firewall?: GuestFirewall;
  readonly source: Sources;
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

/** Whether an address is one of a card's own, with its prefix: neither absent nor `dhcp` or `auto`. */
export const isStatic = (address: string | undefined): address is string => address?.includes("/") ?? false;

/** A card's own addresses, each with its prefix. */
export const staticAddresses = ({ address, address6 }: Pick<Nic, "address" | "address6">): string[] =>
  [address, address6].filter(isStatic);

/** The variable that describes a guest. */
export const variableOf = ({ kind }: Guest) => (kind === "container" ? "proxmox_lxc" : "proxmox_vm");

/** What belonging to a functional group adds to a guest. */
export type Capability =
  | { readonly kind: "docker"; readonly features: Partial<Features>; readonly step?: Step }
  | {
      readonly kind: "gpu";
      /** The cards of its node that it uses, in order. */
      readonly gpus: readonly GpuClaim[];
      readonly devices: readonly Device[];
      readonly step?: Step;
    }
  | { readonly kind: "wireguard"; readonly step?: Step }
  | { readonly kind: "service-agents"; readonly step?: Step };

/** A guest's use of one of its node's cards. */
export interface GpuClaim {
  readonly gpu: string;
  /** No other running guest may use the card. */
  readonly exclusive: boolean;
  /** What its services ask for of the card's memory. Absent: not added up. */
  readonly memoryMiB?: number;
}
