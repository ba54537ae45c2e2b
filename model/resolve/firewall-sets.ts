import { withoutUndefined } from "../collections";
import type { FirewallSet } from "../lab";
import type { FirewallVars } from "../schema/firewall";
import { type Tree, treeAt } from "../tree";
import type { FirewallNames, Place } from "./firewall-names";

/** The variable that describes the datacenter's firewall. */
export const WIDE = "proxmox_firewall";
export const OWN = "proxmox_guest_firewall";

/** A place inside it. */
export const placeAt = (tree: Tree, inside: readonly (string | number)[]): Place => ({
  at: treeAt(tree, inside).tree.at,
  path: [WIDE, ...inside].join("."),
});

/** A set as Proxmox VE keeps it: by address, each once. */
export function firewallSet(name: string, vars: FirewallVars, tree: Tree, names: FirewallNames): FirewallSet {
  const given = vars.ipsets[name] ?? [];
  const isList = Array.isArray(given);
  const members = isList ? given : given.members;
  const inside = ["ipsets", name, ...(isList ? [] : ["members"])];
  const entries = members.flatMap((member, index) => {
    const { address, comment, except = false } = typeof member === "string" ? { address: member } : member;
    const place = placeAt(tree, [...inside, index, ...(typeof member === "string" ? [] : ["address"])]);
    const cidrs = names.aliases.has(address) ? [`dc/${address}`] : plainMembers(address, place, names);
    return cidrs.map((cidr) => ({ cidr, except, ...withoutUndefined({ comment }) }));
  });
  const byCidr = new Map(entries.map((entry) => [entry.cidr, entry]));
  return {
    name,
    ...(isList ? {} : withoutUndefined({ comment: given.comment })),
    entries: [...byCidr.values()].sort((a, b) => (a.cidr < b.cidr ? -1 : 1)),
  };
}

/** Proxmox VE's sets hold addresses, ranges with a prefix and aliases; so the set `management` may name the network of that name. */
function plainMembers(address: string, place: Place, names: FirewallNames): string[] {
  const refused =
    names.sets.has(address) && !names.isPlace(address)
      ? "an IP set cannot hold another one"
      : address.includes("-") && /^[\d.:a-f-]+$/i.test(address)
        ? "an IP set takes no range from one address to another"
        : undefined;
  if (refused === undefined) return names.addresses(address, place);
  const fix = "write its addresses, or ranges with a prefix such as 192.168.1.0/28";
  names.report({ ...place, rule: "firewall-set", severity: "error", message: refused, fix });
  return [];
}
