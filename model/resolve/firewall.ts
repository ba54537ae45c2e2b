import { withoutUndefined } from "../collections";
import {
  type Firewall,
  type FirewallAlias,
  type GroupRule,
  type Guest,
  type GuestFirewall,
  type Lab,
  type Network,
  type Node,
  type NodeFirewall,
  type Policy,
  type SecurityGroup,
  staticAddresses,
} from "../lab";
import type { Position, Problem } from "../problem";
import type { FirewallVars, GuestFirewallVars } from "../schema/firewall";
import { isIpv4, isIpv6 } from "../schema/formats";
import { suggest } from "../schema/nearest";
import { type Tree, toPlain, treeAt } from "../tree";
import { describesGuest, type Facts, type HostFacts } from "./facts";
import { FirewallNames, type Place, tidyAddress } from "./firewall-names";
import { RuleReader } from "./firewall-rules";
import { firewallSet, OWN, placeAt, WIDE } from "./firewall-sets";
import type { LabWide } from "./lab-wide";
import { Origins } from "./origins";

interface Inputs {
  readonly guests: readonly Guest[];
  readonly networks: readonly Network[];
  readonly nodes: ReadonlyMap<string, Node>;
  readonly facts: Facts;
  readonly wide: LabWide;
  readonly report: (problem: Problem) => void;
}

/** The datacenter's firewall and that of each guest; cards of guests that have one are filtered unless they say otherwise. */
export function firewallsOf(inputs: Inputs): Pick<Lab, "firewall" | "guests"> {
  const has = (name: string) => [...inputs.facts.hosts.values()].some(({ trees }) => trees.has(name));
  if (!has(WIDE) && !has(OWN)) return { guests: inputs.guests };
  const vars = inputs.wide.values[WIDE];
  const tree = inputs.wide.trees.get(WIDE);
  const described = vars && tree ? { vars, tree } : undefined;
  const reader = readerOf(described?.vars, inputs);
  const firewall = described && datacenterOf(described.vars, described.tree, reader, inputs);
  const brought = described ? broughtGroups(described.vars, described.tree, inputs) : new Map<string, GroupRule[]>();
  const guests = inputs.guests.map((guest) => {
    const host = inputs.facts.hosts.get(guest.name);
    return host ? withFirewall(guest, host, brought.get(guest.name) ?? [], reader) : guest;
  });
  return { guests, ...(firewall ? { firewall } : {}) };
}

function readerOf(vars: FirewallVars | undefined, inputs: Inputs): RuleReader {
  const { facts, networks, report, wide } = inputs;
  const tree = wide.trees.get(WIDE);
  // Also names whose description has mistakes: those are told, and nothing that follows from them.
  const named = (key: string): string[] => {
    const found = tree && treeAt(tree, [key]);
    return found?.found && found.tree.kind === "mapping" ? [...found.tree.entries.keys()] : [];
  };
  const aliases = new Map(named("aliases").map((name) => [name, addressOf(vars?.aliases[name])]));
  const guests = new Map(inputs.guests.map((guest) => [guest.name, guest]));
  const hosts = new Map([...facts.hosts.values()].map((host) => [host.name, addressesOf(host, guests, inputs)]));
  const names = new FirewallNames(aliases, new Set(named("ipsets")), networks, hosts, report);
  return new RuleReader(names, new Set(named("security_groups")));
}

const addressOf = (alias: FirewallVars["aliases"][string] | undefined): string =>
  typeof alias === "object" ? alias.address : (alias ?? "");

/** The static addresses of a host; undefined when it describes a guest or node that has mistakes. */
function addressesOf(
  host: HostFacts,
  guests: ReadonlyMap<string, Guest>,
  { nodes }: Inputs,
): readonly string[] | undefined {
  const guest = guests.get(host.name);
  if (guest) return guest.nics.flatMap(staticAddresses).map((address) => address.slice(0, address.indexOf("/")));
  if (describesGuest(host)) return undefined;
  const other = host.trees.get("ansible_host");
  const address = nodes.get(host.name)?.address ?? (other ? toPlain(other) : undefined);
  return typeof address === "string" && (isIpv4(address) || isIpv6(address)) ? [address] : [];
}

const policyOf = (given: string | undefined, otherwise: Policy): Policy =>
  given === undefined ? otherwise : given === "accept" ? "ACCEPT" : given === "drop" ? "DROP" : "REJECT";

function datacenterOf(vars: FirewallVars, tree: Tree, reader: RuleReader, { facts, report }: Inputs): Firewall {
  const origins = new Origins(tree.at, tree);
  origins.noteAll();
  for (const name of Object.keys(vars.aliases)) {
    if (Object.hasOwn(vars.ipsets, name)) report(twice(name, tree));
  }
  return {
    enabled: vars.enabled,
    input: policyOf(vars.input, "DROP"),
    output: policyOf(vars.output, "ACCEPT"),
    forward: vars.forward === "drop" ? "DROP" : "ACCEPT",
    ebtables: vars.ebtables ?? true,
    aliases: aliasesOf(vars),
    ipsets: Object.keys(vars.ipsets).map((name) => firewallSet(name, vars, tree, reader.names)),
    groups: Object.keys(vars.security_groups).map((name) => groupOf(name, vars, tree, reader)),
    rules: reader.read({ rules: vars.rules, tree, path: [WIDE, "rules"], level: "datacenter" }),
    nodes: Object.keys(vars.nodes).flatMap((name) => nodeOf(name, vars, tree, reader, facts)),
    adopt: vars.adopt ?? false,
    source: origins.sources(),
  };
}

const aliasesOf = (vars: FirewallVars): FirewallAlias[] =>
  Object.entries(vars.aliases).map(([name, each]) =>
    typeof each === "string"
      ? { name, cidr: tidyAddress(each) }
      : { name, cidr: tidyAddress(each.address), ...withoutUndefined({ comment: each.comment }) },
  );

function groupOf(name: string, vars: FirewallVars, tree: Tree, reader: RuleReader): SecurityGroup {
  const given = vars.security_groups[name] ?? [];
  const isList = Array.isArray(given);
  const path = [WIDE, "security_groups", name, ...(isList ? [] : ["rules"])];
  const rules = reader.readGroup({ rules: isList ? given : given.rules, tree, path, level: "group" });
  return {
    name,
    ...(isList ? {} : withoutUndefined({ comment: given.comment })),
    rules,
    at: treeAt(tree, ["security_groups", name]).tree.at,
  };
}

function nodeOf(name: string, vars: FirewallVars, tree: Tree, reader: RuleReader, facts: Facts): NodeFirewall[] {
  const given = vars.nodes[name];
  if (!given) return [];
  const place = placeAt(tree, ["nodes", name]);
  const nodes = facts.members.get("proxmox_nodes") ?? new Map<string, Position>();
  if (!nodes.has(name)) {
    const message = `no node is called "${name}"`;
    reader.names.report({
      ...place,
      rule: "unknown-node",
      severity: "error",
      message,
      fix: suggest(name, nodes.keys()),
    });
    return [];
  }
  const rules = {
    rules: given.rules,
    tree,
    path: [WIDE, "nodes", name, "rules"],
    level: "node",
    subject: name,
  } as const;
  return [
    {
      node: name,
      enabled: given.enabled ?? true,
      logIn: given.log_in ?? "nolog",
      logOut: given.log_out ?? "nolog",
      logForward: given.log_forward ?? "nolog",
      ndp: given.ndp ?? true,
      nosmurfs: given.nosmurfs ?? true,
      nftables: given.nftables ?? false,
      rules: reader.read(rules),
      at: place.at,
    },
  ];
}

/** Guest → the security groups that name it or one of its groups, in the order in which they are written. */
function broughtGroups(vars: FirewallVars, tree: Tree, { facts, guests, report }: Inputs): Map<string, GroupRule[]> {
  const result = new Map<string, GroupRule[]>();
  const guestNames = new Set(guests.map(({ name }) => name));
  for (const [group, given] of Object.entries(vars.security_groups)) {
    if (Array.isArray(given) || given.hosts === undefined) continue;
    const single = typeof given.hosts === "string";
    const members = new Set<string>();
    for (const [index, name] of [given.hosts].flat().entries()) {
      const place = placeAt(tree, ["security_groups", group, "hosts", ...(single ? [] : [index])]);
      const found = facts.members.get(name)?.keys() ?? (facts.hosts.has(name) ? [name] : undefined);
      if (!found) report(unknownHosts(name, place, facts));
      else for (const host of found) members.add(host);
    }
    const { at } = placeAt(tree, ["security_groups", group, "hosts"]);
    for (const guest of members) {
      if (!guestNames.has(guest)) continue;
      const rules = result.get(guest) ?? [];
      rules.push({ kind: "group", group, enabled: true, at });
      result.set(guest, rules);
    }
  }
  return result;
}

function withFirewall(guest: Guest, host: HostFacts, brought: readonly GroupRule[], reader: RuleReader): Guest {
  const vars = host.values[OWN];
  const tree = host.trees.get(OWN);
  if (!vars || !tree) return guest;
  const firewall = guestFirewall(guest, vars, tree, brought, reader);
  const stated = guest.source.of;
  const nics = guest.nics.map((nic, index) =>
    stated[`nics.${index}.firewall`] ? nic : { ...nic, firewall: firewall.enabled },
  );
  const of = { ...stated };
  for (const index of nics.keys()) of[`nics.${index}.firewall`] ??= tree.at;
  return { ...guest, nics, firewall, source: { ...guest.source, of } };
}

function guestFirewall(
  guest: Guest,
  vars: GuestFirewallVars,
  tree: Tree,
  brought: readonly GroupRule[],
  reader: RuleReader,
): GuestFirewall {
  const origins = new Origins(tree.at, tree);
  origins.noteAll();
  const list = { rules: vars.rules, tree, path: [OWN, "rules"], level: "guest", nics: guest.nics } as const;
  const own = reader.read({ ...list, subject: guest.name });
  const named = new Set(own.flatMap((rule) => (rule.kind === "group" ? [rule.group] : [])));
  // Its system finds its address in its own way, whatever the inventory knows of it.
  const asksItself = guest.kind === "vm" && guest.cloudInit === undefined;
  const isDynamic = (address: string | undefined) => address === "dhcp";
  return {
    enabled: vars.enabled ?? true,
    input: policyOf(vars.input, "DROP"),
    output: policyOf(vars.output, "ACCEPT"),
    dhcp:
      vars.dhcp ??
      (asksItself || guest.nics.some(({ address, address6 }) => isDynamic(address) || isDynamic(address6))),
    ndp: vars.ndp ?? true,
    radv: vars.radv ?? false,
    macfilter: vars.macfilter ?? true,
    ipfilter: vars.ipfilter ?? false,
    logIn: vars.log_in ?? "nolog",
    logOut: vars.log_out ?? "nolog",
    // What the guest names itself stands where it names it.
    rules: [...own, ...brought.filter(({ group }) => !named.has(group))],
    source: origins.sources(),
  };
}

const twice = (name: string, tree: Tree): Problem => ({
  ...placeAt(tree, ["ipsets", name]),
  rule: "firewall-name-twice",
  severity: "error",
  also: [{ at: treeAt(tree, ["aliases", name]).tree.at, note: "is the alias" }],
  message: `"${name}" is both an alias and an IP set, so a rule that names it could mean either`,
  fix: "rename one of them",
});

const unknownHosts = (name: string, place: Place, { hosts, members }: Facts): Problem => ({
  ...place,
  rule: "unknown-hosts",
  severity: "error",
  message: `no group or host of the inventory is called "${name}"`,
  fix: suggest(name, [...members.keys(), ...hosts.keys()]),
});
