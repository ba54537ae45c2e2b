import type { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { Firewall, type FirewallRule } from "../../constructs/firewall";
import { GuestFirewall } from "../../constructs/guest-firewall";
import type { Guest, FirewallRule as LabRule } from "../../model/lab";
import { literals } from "../escape";
import type { LabContext } from "../lab-context";

/** A guest as the stack has it: its construct, and the container or VM itself. */
export interface BuiltGuest {
  readonly scope: Construct;
  readonly resource: TerraformResource;
}

/** Proxmox VE's firewall: of the datacenter and its active nodes, then of the guests that have one. */
export function makeFirewalls(context: LabContext, built: (guest: Guest) => BuiltGuest | undefined): void {
  const { lab, stack } = context;
  const datacenter = lab.firewall && new Firewall(stack, ":firewall", datacenterProps(context, lab.firewall));
  for (const guest of lab.guests) {
    const made = built(guest);
    if (!made || !guest.firewall) continue;
    const { input, output, rules, source: _, ...options } = guest.firewall;
    new GuestFirewall(made.scope, ":firewall", {
      ...options,
      guest: made.resource,
      kind: guest.kind,
      name: guest.name,
      nodeName: guest.node,
      vmid: guest.vmid,
      inputPolicy: input,
      outputPolicy: output,
      rules: rules.map(rule),
      adopt: guest.adopt,
      ...(datacenter ? { after: datacenter.names } : {}),
    });
  }
}

function datacenterProps({ lab }: LabContext, firewall: NonNullable<LabContext["lab"]["firewall"]>) {
  const active = new Set(lab.nodes.filter((node) => node.active).map(({ name }) => name));
  return {
    enabled: firewall.enabled,
    inputPolicy: firewall.input,
    outputPolicy: firewall.output,
    forwardPolicy: firewall.forward,
    ebtables: firewall.ebtables,
    aliases: literals(firewall.aliases),
    ipsets: literals(firewall.ipsets),
    groups: firewall.groups.map(({ at: _, rules, ...group }) => ({ ...literals(group), rules: rules.map(packets) })),
    rules: firewall.rules.map(rule),
    nodes: firewall.nodes
      .filter(({ node }) => active.has(node))
      .map(({ at: _, rules, ...node }) => ({ ...node, rules: rules.map(rule) })),
    adopt: firewall.adopt,
  };
}

const packets = ({ at: _, kind: __, ...rest }: Extract<LabRule, { kind: "packets" }>) => literals(rest);

function rule(given: LabRule): FirewallRule {
  if (given.kind === "packets") return packets(given);
  const { at: _, kind: __, ...rest } = given;
  return literals(rest);
}
