import type { Position } from "../problem";
import type { Sources } from "./sources";

/** Proxmox VE's firewall of the datacenter, with what its nodes have beside. */
export interface Firewall {
  readonly enabled: boolean;
  readonly input: Policy;
  readonly output: Policy;
  readonly forward: "ACCEPT" | "DROP";
  readonly ebtables: boolean;
  readonly aliases: readonly FirewallAlias[];
  readonly ipsets: readonly FirewallSet[];
  readonly groups: readonly SecurityGroup[];
  readonly rules: readonly FirewallRule[];
  readonly nodes: readonly NodeFirewall[];
  /** Rules that are there already are taken over. */
  readonly adopt: boolean;
  readonly source: Sources;
}

export type Policy = "ACCEPT" | "DROP" | "REJECT";
export type FirewallLog = "emerg" | "alert" | "crit" | "err" | "warning" | "notice" | "info" | "debug" | "nolog";

export interface FirewallAlias {
  readonly name: string;
  readonly cidr: string;
  readonly comment?: string;
}

export interface FirewallSet {
  readonly name: string;
  readonly comment?: string;
  /** By address, as Proxmox VE keeps them. */
  readonly entries: readonly { readonly cidr: string; readonly except: boolean; readonly comment?: string }[];
}

export interface SecurityGroup {
  readonly name: string;
  readonly comment?: string;
  readonly rules: readonly PacketRule[];
  readonly at: Position;
}

export interface NodeFirewall {
  readonly node: string;
  readonly enabled: boolean;
  readonly logIn: FirewallLog;
  readonly logOut: FirewallLog;
  readonly logForward: FirewallLog;
  readonly ndp: boolean;
  readonly nosmurfs: boolean;
  readonly nftables: boolean;
  readonly rules: readonly FirewallRule[];
  readonly at: Position;
}

/** The firewall of one guest. */
export interface GuestFirewall {
  readonly enabled: boolean;
  readonly input: Policy;
  readonly output: Policy;
  readonly dhcp: boolean;
  readonly ndp: boolean;
  readonly radv: boolean;
  readonly macfilter: boolean;
  readonly ipfilter: boolean;
  readonly logIn: FirewallLog;
  readonly logOut: FirewallLog;
  /** Its own rules, then the security groups that its groups bring. */
  readonly rules: readonly FirewallRule[];
  readonly source: Sources;
}

export type FirewallRule = PacketRule | GroupRule;

/** Says what happens to some packets. Its addresses are as Proxmox VE writes them: `dc/lan`, `+dc/admins`, `10.0.0.0/24`. */
export interface PacketRule extends RuleBase {
  readonly kind: "packets";
  readonly direction: "in" | "out" | "forward";
  readonly action: Policy;
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: string;
  /** `80,443,8000:8010`. */
  readonly port?: string;
  readonly sourcePort?: string;
  readonly macro?: string;
  readonly log?: FirewallLog;
}

/** Applies a security group. */
export interface GroupRule extends RuleBase {
  readonly kind: "group";
  readonly group: string;
}

interface RuleBase {
  /** `net0` of a guest, an interface of a node. */
  readonly iface?: string;
  readonly comment?: string;
  readonly enabled: boolean;
  readonly at: Position;
}
