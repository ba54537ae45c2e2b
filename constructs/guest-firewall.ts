import type { ITerraformDependable, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { VirtualEnvironmentFirewallOptions } from "../.gen/providers/proxmox/virtual-environment-firewall-options";
import { VirtualEnvironmentFirewallRules } from "../.gen/providers/proxmox/virtual-environment-firewall-rules";
import { giveAddress } from "./address";
import { ConstructError } from "./construct-error";
import { DATACENTER, importRules } from "./firewall";
import { type FirewallLogLevel, type FirewallPolicy, type FirewallRule, ruleBlock } from "./firewall-rules";

export interface GuestFirewallProps {
  /** The container or VM itself. */
  readonly guest: TerraformResource;
  readonly kind: "container" | "vm";
  /** What the guest is called; also the last part of the addresses of its rules and options. */
  readonly name: string;
  readonly nodeName: string;
  readonly vmid: number;
  /** @default true */
  readonly enabled?: boolean;
  /** What happens to packets to the guest that no rule names. @default "DROP" */
  readonly inputPolicy?: FirewallPolicy;
  /** @default "ACCEPT" */
  readonly outputPolicy?: FirewallPolicy;
  /** @default false */
  readonly dhcp?: boolean;
  /** IPv6 neighbour discovery. @default true */
  readonly ndp?: boolean;
  /** The guest may send router advertisements. @default false */
  readonly radv?: boolean;
  /** Only the cards' own MAC addresses may send. @default true */
  readonly macfilter?: boolean;
  /** Only the cards' own addresses may send. @default false */
  readonly ipfilter?: boolean;
  /** @default "nolog" */
  readonly logIn?: FirewallLogLevel;
  /** @default "nolog" */
  readonly logOut?: FirewallLogLevel;
  /** @default none */
  readonly rules?: readonly FirewallRule[];
  /** Take over rules that the guest has already, by an import block. @default false */
  readonly adopt?: boolean;
  /** What rules name: aliases, IP sets, security groups. @default nothing */
  readonly after?: readonly ITerraformDependable[];
}

/**
 * The firewall of one guest: its rules, and then what switches it on. It acts only where the datacenter's firewall is on and
 * the guest's network cards are filtered.
 */
export class GuestFirewall extends Construct {
  readonly options: VirtualEnvironmentFirewallOptions;
  /** Absent without rules. */
  readonly rules?: VirtualEnvironmentFirewallRules;

  constructor(scope: Construct, id: string, props: GuestFirewallProps) {
    super(scope, id);
    const { after = [], guest, kind, name, nodeName, rules = [], vmid } = props;
    if (name === DATACENTER) {
      const text = `name: expected one that is not "${DATACENTER}", which is the address of the datacenter's rules`;
      throw new ConstructError(this, [`${text}; rename the guest`]);
    }
    const owner = { nodeName, ...(kind === "container" ? { containerId: vmid } : { vmId: vmid }) };
    // Proxmox VE removes a guest's firewall with the guest, and the provider would look for its rules in the new one.
    const lifecycle = { replaceTriggeredBy: [`${guest.terraformResourceType}.${guest.friendlyUniqueId}.id`] };
    if (rules.length > 0) {
      const rule = rules.map(ruleBlock);
      const made = new VirtualEnvironmentFirewallRules(this, "rules", {
        ...owner,
        rule,
        lifecycle,
        dependsOn: [guest, ...after],
      });
      this.rules = giveAddress(made, name);
      if (props.adopt) importRules(this, "import", made, `${kind}/${nodeName}/${vmid}`);
    }
    this.options = giveAddress(
      new VirtualEnvironmentFirewallOptions(this, "options", {
        ...owner,
        ...optionsOf(props),
        lifecycle,
        dependsOn: [this.rules ?? guest],
      }),
      name,
    );
  }
}

function optionsOf(props: GuestFirewallProps) {
  return {
    enabled: props.enabled ?? true,
    inputPolicy: props.inputPolicy ?? "DROP",
    outputPolicy: props.outputPolicy ?? "ACCEPT",
    dhcp: props.dhcp ?? false,
    ndp: props.ndp ?? true,
    radv: props.radv ?? false,
    macfilter: props.macfilter ?? true,
    ipfilter: props.ipfilter ?? false,
    logLevelIn: props.logIn ?? "nolog",
    logLevelOut: props.logOut ?? "nolog",
  };
}
