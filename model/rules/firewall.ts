import { MACRO_PORTS } from "../firewall-macros";
import {
  type Firewall,
  type FirewallRule,
  type GroupRule,
  type Guest,
  type Node,
  type PacketRule,
  placeOf,
  type SecurityGroup,
  staticAddresses,
  variableOf,
} from "../lab";
import type { Position, Problem } from "../problem";
import { OWN, WIDE } from "../resolve/firewall-sets";
import { canonical } from "../resolve/ip";
import { salvage } from "../schema/salvage";
import { VARIABLES } from "../schema/variables";
import { listed } from "../text";
import type { Rule, RuleInput } from "./rule";

/** Port of the API and the web interface (PVE::APIServer); pveproxy has no setting for another one. */
const API_PORT = 8006;
/** What pve-firewall lets in from the set `management` after all rules, as far as an operator needs it (PVE::Firewall). */
const MANAGEMENT_PORTS: readonly number[] = [22, API_PORT];
const MANAGEMENT = "management";
/** The alias that stands for the node's own network in that set; it may be defined anew. */
const LOCAL_NETWORK = "local_network";

/**
 * `firewall-lock-out`: where nodes let nobody in by default, the inventory says who may reach SSH and the API all the same.
 * Proxmox VE itself lets in the network of the node's own address, but whether the operator is in there is not known here.
 */
export const operatorsWayIn: Rule = function* ({ facts, lab, wide }) {
  const { firewall } = lab;
  if (!firewall?.enabled || firewall.input === "ACCEPT") return;
  const tree = wide.trees.get(WIDE);
  // What is left of a faulty block says nothing of what was meant.
  if (tree && salvage(VARIABLES[WIDE], tree).faulty.size > 0) return;
  if (facts.inventory.problems.some(({ severity }) => severity === "error")) return;
  const groups = new Map(firewall.groups.map((group) => [group.name, group]));
  const known = operatorsKnown(firewall, lab.guests);
  for (const node of lab.nodes) {
    const own = firewall.nodes.find((each) => each.node === node.name);
    if (!node.active || own?.enabled === false) continue;
    const rules = [...(own?.rules ?? []), ...firewall.rules].flatMap((rule) => expand(rule, groups));
    const shut = [...new Set([node.sshPort, API_PORT])].flatMap((port) => closed(port, rules, known) ?? []);
    if (shut.length > 0) yield lockOut(node, shut, firewall);
  }
};

interface Closed {
  readonly port: number;
  /** The rule that closes it, if it is not the default. */
  readonly by?: PacketRule;
}

/** Goes through the rules as a node does. Undefined: somebody is let in. */
function closed(port: number, rules: readonly PacketRule[], isKnown: boolean): Closed | undefined {
  for (const rule of rules) {
    if (!concerns(rule, port)) continue;
    if (rule.action === "ACCEPT") return undefined;
    const everyone = [rule.from, rule.to, rule.iface, rule.sourcePort].every((each) => each === undefined);
    if (everyone) return { port, by: rule };
  }
  return isKnown && MANAGEMENT_PORTS.includes(port) ? undefined : { port };
}

/** Whether the inventory says who looks after the nodes: somebody beside guests of this lab, from which nobody can mend it. */
function operatorsKnown({ aliases, ipsets }: Firewall, guests: readonly Guest[]): boolean {
  if (aliases.some(({ name }) => name === LOCAL_NETWORK)) return true;
  const byAlias = new Map(aliases.map(({ cidr, name }) => [`dc/${name}`, cidr]));
  const own = new Set(guests.flatMap(({ nics }) => nics.flatMap(staticAddresses).map(canonical)));
  const isGuest = (cidr: string) => !cidr.includes("/") && own.has(canonical(cidr));
  const entries = ipsets.find(({ name }) => name === MANAGEMENT)?.entries ?? [];
  return entries.some(({ cidr, except }) => !except && !isGuest(byAlias.get(cidr) ?? cidr));
}

function concerns({ direction, enabled, macro, port: ports, protocol }: PacketRule, port: number): boolean {
  if (!enabled || direction !== "in") return false;
  if (macro !== undefined) return MACRO_PORTS[macro] === port;
  if (protocol !== undefined && protocol !== "tcp") return false;
  return ports === undefined || ports.split(",").some((each) => includes(each, port));
}

function includes(range: string, port: number): boolean {
  const [first, last = first] = range.split(":").map(Number);
  return first !== undefined && port >= first && port <= (last ?? first);
}

const expand = (rule: FirewallRule, groups: ReadonlyMap<string, SecurityGroup>): readonly PacketRule[] =>
  rule.kind === "packets" ? [rule] : rule.enabled ? (groups.get(rule.group)?.rules ?? []) : [];

function lockOut(node: Node, shut: readonly Closed[], { ipsets, source }: Firewall): Problem {
  const ports = shut.map(({ port }) => (port === API_PORT ? `${port} (API and web interface)` : `${port} (SSH)`));
  const also = shut.flatMap(({ by, port }) => (by ? [{ at: by.at, note: `closes port ${port} to everyone` }] : []));
  const members = ipsets.find(({ name }) => name === MANAGEMENT)?.entries ?? [];
  const idle = also.length === 0 && members.some(({ except }) => !except) && source.of.ipsets;
  const notes = idle
    ? [{ at: idle, note: `has only guests of this lab in ${MANAGEMENT}, who are out of reach with the node` }]
    : also;
  const other = shut.some(({ port }) => !MANAGEMENT_PORTS.includes(port));
  const rule = `rules: [{ allow: { from: <your address>, protocol: tcp, port: [${shut.map(({ port }) => port).join(", ")}] } }]`;
  return {
    rule: "firewall-lock-out",
    severity: "error",
    at: placeOf(source, "input", "enabled"),
    ...(notes.length > 0 ? { also: notes } : {}),
    path: `${WIDE}.input`,
    subject: node.name,
    message: `${node.name} would let nobody in to port ${ports.join(" and ")} but the network of its own address, so you could be locked out`,
    fix:
      also.length > 0 || other
        ? `put first ${rule}`
        : `add ipsets: { management: [<your address or network>] }, which Proxmox VE lets in to both, or ${rule}`,
  };
}

/** `firewall-closes-steps`: a VM is configured through SSH, so its firewall must let SSH in. */
export const stepsGetThrough: Rule = function* ({ lab }) {
  if (!lab.firewall?.enabled) return;
  const groups = new Map(lab.firewall.groups.map((group) => [group.name, group]));
  for (const guest of lab.guests) {
    const { firewall } = guest;
    if (guest.kind !== "vm" || !guest.login || !firewall?.enabled || firewall.input === "ACCEPT") continue;
    const hasSteps = guest.steps.length > 0 || guest.capabilities.some(({ step }) => step);
    if (!hasSteps || !guest.started || !guest.nics.some((nic) => nic.firewall)) continue;
    const { host, port } = guest.login;
    const rules = firewall.rules.flatMap((rule) => expand(rule, groups));
    if (rules.some((rule) => rule.action === "ACCEPT" && concerns(rule, port))) continue;
    yield {
      rule: "firewall-closes-steps",
      severity: "error",
      at: placeOf(firewall.source, "rules"),
      path: `${OWN}.rules`,
      subject: guest.name,
      message: `${guest.name} is configured through SSH (${host}, port ${port}), which its firewall lets nobody in to`,
      fix: `add { allow: { from: <the node's address in its network>, protocol: tcp, port: ${port} } } to its rules or to a security group`,
    };
  }
};

/** `firewall-without-effect`: no rule or option stands where a level that is off keeps it from acting. */
export const firewallsAct: Rule = function* (input) {
  const { firewall } = input.lab;
  if (firewall) {
    yield* datacenterOff(firewall);
    yield* nodesOff(firewall);
    yield* idleGroups(firewall, input);
    yield* forwardRules(firewall);
  }
  for (const guest of input.lab.guests) if (guest.firewall) yield* guestOff(guest, firewall);
};

interface Idle {
  readonly at: Position;
  readonly path: string;
  readonly also?: Problem["also"];
  readonly subject?: string;
  readonly message: string;
  readonly fix: string;
}

const idle = ({ also, ...rest }: Idle): Problem => ({
  rule: "firewall-without-effect",
  severity: "warning",
  ...rest,
  ...(also ? { also } : {}),
});

function* datacenterOff({ enabled, nodes, rules, source }: Firewall): Iterable<Problem> {
  const first = [...rules, ...nodes.flatMap((node) => node.rules)][0];
  if (enabled || !first) return;
  yield idle({
    at: first.at,
    path: `${WIDE}.rules`,
    also: [{ at: placeOf(source, "enabled"), note: "switches it off" }],
    message: "the rules of datacenter and nodes have no effect while the datacenter's firewall is off",
    fix: `set ${WIDE}.enabled: true, or leave them for later`,
  });
}

function* nodesOff({ nodes }: Firewall): Iterable<Problem> {
  for (const { at, enabled, node, rules } of nodes) {
    const [first] = rules;
    if (enabled || !first) continue;
    yield idle({
      at: first.at,
      path: `${WIDE}.nodes.${node}.rules`,
      also: [{ at, note: `switches the firewall of ${node} off` }],
      subject: node,
      message: `the rules of ${node} have no effect while its firewall is off`,
      fix: `delete enabled: false of ${node}`,
    });
  }
}

/** Groups of the inventory may bring one to guests that have no firewall, and one may be named by nobody. */
function* idleGroups(firewall: Firewall, { facts, lab, wide }: RuleInput): Iterable<Problem> {
  const used = new Set(
    [...firewall.rules, ...firewall.nodes.flatMap(({ rules }) => rules), ...lab.guests.flatMap(rulesOf)]
      .filter((rule): rule is GroupRule => rule.kind === "group")
      .map(({ group }) => group),
  );
  const vars = wide.values[WIDE]?.security_groups ?? {};
  for (const { at, name } of firewall.groups) {
    const given = vars[name];
    const named = given && !Array.isArray(given) ? [given.hosts ?? []].flat() : [];
    const members = new Set(named.flatMap((each) => [...(facts.members.get(each)?.keys() ?? [each])]));
    const bare = lab.guests.filter((guest) => members.has(guest.name) && !guest.firewall);
    const path = `${WIDE}.security_groups.${name}`;
    if (bare.length > 0) {
      const who = bare.map((guest) => guest.name);
      yield idle({
        at,
        path,
        message: `the security group ${name} has no effect for ${listed(who)}: no ${OWN} is set there`,
        fix: `add ${OWN}: { enabled: true } for them`,
      });
    } else if (!used.has(name)) {
      yield idle({
        at,
        path,
        message: `nobody uses the security group ${name}`,
        fix: "add hosts:, or group: in a rule",
      });
    }
  }
}

const rulesOf = ({ firewall }: Guest): readonly FirewallRule[] => firewall?.rules ?? [];

/** pve-firewall passes over rules for forwarded packets; proxmox-firewall, made for nftables, applies them (Proxmox VE's guide). */
function* forwardRules({ groups, nodes, rules }: Firewall): Iterable<Problem> {
  if (nodes.some(({ nftables }) => nftables)) return;
  const all = [...rules, ...nodes.flatMap((node) => node.rules), ...groups.flatMap((group) => group.rules)];
  const first = all.find((rule) => rule.kind === "packets" && rule.direction === "forward");
  if (!first) return;
  yield idle({
    at: first.at,
    path: WIDE,
    message: "rules for forwarded packets have no effect in the firewall that Proxmox VE uses unless told otherwise",
    fix: `set ${WIDE}.nodes.<node>.nftables: true`,
  });
}

function* guestOff(guest: Guest, datacenter: Firewall | undefined): Iterable<Problem> {
  const { enabled, rules, source } = guest.firewall!;
  const common = { at: source.at, path: OWN, subject: guest.name };
  if (!enabled) {
    const [first] = rules;
    if (first)
      yield idle({
        ...common,
        at: placeOf(source, "enabled"),
        message: `the rules of ${guest.name} have no effect while its firewall is off`,
        fix: "delete enabled: false",
      });
    return;
  }
  if (!datacenter?.enabled) {
    yield idle({
      ...common,
      ...(datacenter ? { also: [{ at: placeOf(datacenter.source, "enabled"), note: "is off" }] } : {}),
      message: "a guest's firewall has no effect while that of the datacenter is off",
      fix: datacenter ? `set ${WIDE}.enabled: true` : `add ${WIDE}: { enabled: true, … }, in group_vars/all`,
    });
  }
  for (const [index, nic] of guest.nics.entries()) {
    if (nic.firewall) continue;
    yield idle({
      ...common,
      at: guest.source.of[`nics.${index}.firewall`] ?? source.at,
      path: `${variableOf(guest)}.networks.${index}.firewall`,
      also: [{ at: source.at, note: "says that the guest is filtered" }],
      message: `no rule has an effect on ${nic.name} of ${guest.name}, which is not filtered`,
      fix: "delete firewall: false",
    });
  }
}
