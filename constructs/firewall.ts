import type { ITerraformDependable, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { NodeFirewall } from "../.gen/providers/proxmox/node-firewall";
import { VirtualEnvironmentClusterFirewall } from "../.gen/providers/proxmox/virtual-environment-cluster-firewall";
import { VirtualEnvironmentClusterFirewallSecurityGroup } from "../.gen/providers/proxmox/virtual-environment-cluster-firewall-security-group";
import { VirtualEnvironmentFirewallAlias } from "../.gen/providers/proxmox/virtual-environment-firewall-alias";
import { VirtualEnvironmentFirewallIpset } from "../.gen/providers/proxmox/virtual-environment-firewall-ipset";
import { VirtualEnvironmentFirewallRules } from "../.gen/providers/proxmox/virtual-environment-firewall-rules";
import { giveAddress } from "./address";
import {
  type FirewallLogLevel,
  type FirewallPolicy,
  type FirewallRule,
  type PacketRule,
  ruleBlock,
} from "./firewall-rules";
import { TerraformFragment } from "./terraform-data";

export type { FirewallLogLevel, FirewallPolicy, FirewallRule, PacketRule, SecurityGroupUse } from "./firewall-rules";

/** What the datacenter's rules are called in Terraform: `proxmox_virtual_environment_firewall_rules.datacenter`. */
export const DATACENTER = "datacenter";

export interface FirewallProps {
  /** Whether Proxmox VE filters at all: nodes and guests. */
  readonly enabled: boolean;
  /** What happens to packets to nodes that no rule names. @default "DROP" */
  readonly inputPolicy?: FirewallPolicy;
  /** @default "ACCEPT" */
  readonly outputPolicy?: FirewallPolicy;
  /** @default "ACCEPT" */
  readonly forwardPolicy?: "ACCEPT" | "DROP";
  /** Filter Ethernet frames, too. @default true */
  readonly ebtables?: boolean;
  /** @default none */
  readonly aliases?: readonly { readonly name: string; readonly cidr: string; readonly comment?: string }[];
  /** @default none */
  readonly ipsets?: readonly FirewallSetProps[];
  /** @default none */
  readonly groups?: readonly SecurityGroupProps[];
  /** Rules of every node, after those of the node itself. @default none */
  readonly rules?: readonly FirewallRule[];
  /** @default none: nodes have the datacenter's rules and Proxmox VE's options */
  readonly nodes?: readonly NodeFirewallProps[];
  /** Take over rules that are there already, by import blocks. @default false: they are an error */
  readonly adopt?: boolean;
}

export interface FirewallSetProps {
  readonly name: string;
  readonly comment?: string;
  readonly entries: readonly { readonly cidr: string; readonly except?: boolean; readonly comment?: string }[];
}

export interface SecurityGroupProps {
  /** At most 18 characters, in lower case. */
  readonly name: string;
  readonly comment?: string;
  readonly rules: readonly PacketRule[];
}

export interface NodeFirewallProps {
  readonly node: string;
  /** @default true */
  readonly enabled?: boolean;
  /** @default "nolog" */
  readonly logIn?: FirewallLogLevel;
  /** @default "nolog" */
  readonly logOut?: FirewallLogLevel;
  /** @default "nolog" */
  readonly logForward?: FirewallLogLevel;
  /** IPv6 neighbour discovery. @default true */
  readonly ndp?: boolean;
  /** @default true */
  readonly nosmurfs?: boolean;
  /** @default false */
  readonly nftables?: boolean;
  /** @default none */
  readonly rules?: readonly FirewallRule[];
}

/**
 * Proxmox VE's firewall of the datacenter and its nodes: names first, then rules, and only then what switches it on, so that
 * whoever is let in by a rule is let in from the first moment.
 *
 * While it is on and lets nobody in by default it cannot be destroyed: the provider would take the rules away and leave it on
 * (bpg/proxmox 0.111.1, proxmoxtf/resource/cluster/firewall). It has to be switched off first.
 */
export class Firewall extends Construct {
  readonly options: VirtualEnvironmentClusterFirewall;
  /** What rules may name: guests' rules have to wait for these. */
  readonly names: readonly TerraformResource[];

  constructor(scope: Construct, id: string, props: FirewallProps) {
    super(scope, id);
    const { aliases = [], enabled, groups = [], inputPolicy = "DROP", ipsets = [], nodes = [], rules = [] } = props;
    const named = aliases.map(({ name, ...rest }) =>
      giveAddress(new VirtualEnvironmentFirewallAlias(this, `alias-${name}`, { name, ...rest }), name),
    );
    const sets = ipsets.map((set) => this.#set(set, named));
    this.names = [...named, ...sets, ...groups.map((group) => this.#group(group, [...named, ...sets]))];
    const own = this.#rules(DATACENTER, "cluster", rules, props);
    const ofNodes = nodes.flatMap((node) => this.#node(node, props));
    this.options = giveAddress(
      new VirtualEnvironmentClusterFirewall(this, "options", {
        enabled,
        inputPolicy,
        outputPolicy: props.outputPolicy ?? "ACCEPT",
        forwardPolicy: props.forwardPolicy ?? "ACCEPT",
        ebtables: props.ebtables ?? true,
        logRatelimit: { enabled: true, burst: 5, rate: "1/second" },
        dependsOn: [...sets, own, ...ofNodes],
        ...(enabled && inputPolicy !== "ACCEPT" ? { lifecycle: { preventDestroy: true } } : {}),
      }),
      DATACENTER,
    );
  }

  #set({ comment, entries, name }: FirewallSetProps, dependsOn: ITerraformDependable[]): TerraformResource {
    const cidr = entries.map((entry) => ({
      name: entry.cidr,
      nomatch: entry.except ?? false,
      ...(entry.comment === undefined ? {} : { comment: entry.comment }),
    }));
    const set = { name, cidr, dependsOn, ...(comment === undefined ? {} : { comment }) };
    return giveAddress(new VirtualEnvironmentFirewallIpset(this, `ipset-${name}`, set), name);
  }

  #group({ comment, name, rules }: SecurityGroupProps, dependsOn: ITerraformDependable[]): TerraformResource {
    const group = {
      name,
      rule: rules.map(ruleBlock).map(({ securityGroup: _, ...rule }) => rule),
      dependsOn,
      ...(comment === undefined ? {} : { comment }),
    };
    return giveAddress(new VirtualEnvironmentClusterFirewallSecurityGroup(this, `group-${name}`, group), name);
  }

  #node(props: NodeFirewallProps, { adopt = false }: FirewallProps): TerraformResource[] {
    const { node: nodeName, logForward = "nolog", logIn = "nolog", logOut = "nolog", rules = [] } = props;
    const options = giveAddress(
      new NodeFirewall(this, `options-${nodeName}`, {
        nodeName,
        enabled: props.enabled ?? true,
        logLevelIn: logIn,
        logLevelOut: logOut,
        logLevelForward: logForward,
        ndp: props.ndp ?? true,
        nosmurfs: props.nosmurfs ?? true,
        nftables: props.nftables ?? false,
      }),
      nodeName,
    );
    return [options, this.#rules(nodeName, `node/${nodeName}`, rules, { adopt }, nodeName)];
  }

  #rules(
    name: string,
    importId: string,
    rules: readonly FirewallRule[],
    { adopt = false }: Pick<FirewallProps, "adopt">,
    nodeName?: string,
  ): TerraformResource {
    // A node may be called like the rules of all of them.
    const id = nodeName === DATACENTER ? `node-${name}` : name;
    const made = giveAddress(
      new VirtualEnvironmentFirewallRules(this, `rules-${id}`, {
        ...(nodeName === undefined ? {} : { nodeName }),
        rule: rules.map(ruleBlock),
        dependsOn: [...this.names],
      }),
      name,
    );
    if (adopt) importRules(this, `import-${id}`, made, importId);
    return made;
  }
}

/** Takes over the rules that are there already. */
export function importRules(scope: Construct, id: string, rules: TerraformResource, importId: string): void {
  new TerraformFragment(scope, id, () => ({
    import: [{ to: `${rules.terraformResourceType}.${rules.friendlyUniqueId}`, id: importId }],
  }));
}
