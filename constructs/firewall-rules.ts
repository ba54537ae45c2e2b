import type { VirtualEnvironmentFirewallRulesRule } from "../.gen/providers/proxmox/virtual-environment-firewall-rules";
import { compact } from "./compact";

export type FirewallPolicy = "ACCEPT" | "DROP" | "REJECT";
export type FirewallLogLevel = "emerg" | "alert" | "crit" | "err" | "warning" | "notice" | "info" | "debug" | "nolog";

/** What happens to some packets. */
export interface PacketRule {
  readonly action: FirewallPolicy;
  /** @default "in" */
  readonly direction?: "in" | "out" | "forward";
  /** Addresses of one family, or one alias (`dc/lan`), or one IP set (`+dc/admins`). @default from everywhere */
  readonly from?: string;
  /** Written like `from`. @default to everywhere */
  readonly to?: string;
  /** `tcp`. @default every protocol */
  readonly protocol?: string;
  /** `443`, `80,8000:8010`. Needs a protocol. @default every port */
  readonly port?: string;
  /** @default every port */
  readonly sourcePort?: string;
  /** One of Proxmox VE's macros, instead of protocol and ports. @default none */
  readonly macro?: string;
  /** `net0` of a guest, an interface of a node. @default every one */
  readonly iface?: string;
  /** @default not logged */
  readonly log?: FirewallLogLevel;
  /** @default "" */
  readonly comment?: string;
  /** @default true */
  readonly enabled?: boolean;
}

/** Applies a security group. */
export interface SecurityGroupUse {
  readonly group: string;
  /** @default every one */
  readonly iface?: string;
  /** @default "" */
  readonly comment?: string;
  /** @default true */
  readonly enabled?: boolean;
}

/** The first rule that matches a packet decides. */
export type FirewallRule = PacketRule | SecurityGroupUse;

/** A rule as the provider takes it. Everything it would fill in is left out: it reads the same back. */
export function ruleBlock(rule: FirewallRule): VirtualEnvironmentFirewallRulesRule {
  const common = { iface: rule.iface, comment: rule.comment, enabled: rule.enabled ?? true };
  if ("group" in rule) return compact({ securityGroup: rule.group, ...common });
  return compact({
    type: rule.direction ?? "in",
    action: rule.action,
    source: rule.from,
    dest: rule.to,
    proto: rule.protocol,
    dport: rule.port,
    sport: rule.sourcePort,
    macro: rule.macro,
    log: rule.log,
    ...common,
  });
}
