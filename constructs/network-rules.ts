import { shown } from "./construct-error";

/** What is let through between a bridge's guests, the node and other networks. */
export interface BridgeRules {
  readonly name: string;
  /** The range of its guests: `10.0.100.0/24`. Needed for NAT. */
  readonly range?: string;
  /** Its physical ports, behind which others may be reached though guests are isolated from each other. @default none */
  readonly ports?: readonly string[];
  /** Interface by which guests reach the Internet under the node's address; from there only forwarded ports lead in. @default no NAT */
  readonly uplink?: string;
  /** Bridges and interfaces that guests do not reach, with the ranges behind them. @default none */
  readonly isolatedFrom?: readonly { readonly name: string; readonly ranges: readonly string[] }[];
  /** What guests that are isolated may ask of the node. @default none */
  readonly nodeServices?: readonly ("dhcp" | "dns" | "ping" | "metrics")[];
  /** Guests do not reach each other. @default false */
  readonly isolateGuests?: boolean;
  /** @default none */
  readonly forwards?: readonly Forward[];
}

export interface Forward {
  readonly protocol: "tcp" | "udp";
  /** Of the node, on the uplink. */
  readonly port: number;
  readonly to: string;
  readonly toPort: number;
  /** @default from everywhere */
  readonly source?: string;
  /** @default none */
  readonly comment?: string;
}

const TABLE = "proxmox_lab";

const INTERFACE = [/^[A-Za-z0-9_.-]{1,15}$/, "vmbr1"] as const;
const RANGE = [/^[0-9a-fA-F.:]+\/\d{1,3}$/, "10.0.100.0/24"] as const;
const ADDRESS = [/^[0-9.]+$/, "10.0.100.5"] as const;

/** What cannot be written into the rules: they are text that a program reads. */
export function problemsWithRules(bridges: readonly BridgeRules[]): string[] {
  const wrong = (what: string, value: string, [form, example]: readonly [RegExp, string]) =>
    form.test(value)
      ? []
      : [`${what}: expected text of the form ${form.source}, got ${shown(value)}; write it as ${example}`];
  return bridges.flatMap(({ forwards = [], isolatedFrom = [], name, ports = [], range, uplink }) => [
    ...[name, ...ports, ...(uplink === undefined ? [] : [uplink]), ...isolatedFrom.map((each) => each.name)].flatMap(
      (each) => wrong(`${name}: an interface's name`, each, INTERFACE),
    ),
    ...[...(range === undefined ? [] : [range]), ...isolatedFrom.flatMap((each) => each.ranges)].flatMap((each) =>
      wrong(`${name}: a range`, each, RANGE),
    ),
    ...forwards.flatMap(({ source, to }) => [
      ...wrong(`${name}: forward to`, to, ADDRESS),
      ...(source === undefined ? [] : wrong(`${name}: forward source`, source, RANGE)),
    ]),
    ...(uplink !== undefined && range === undefined ? [`${name}: NAT needs the range of its guests; add range`] : []),
    ...(uplink === undefined && forwards.length > 0 ? [`${name}: forwards need an uplink; add uplink`] : []),
  ]);
}

/** Whether there is anything to enforce. */
export const hasRules = (bridges: readonly BridgeRules[]): boolean => bridges.some(isRuled);

const isRuled = ({ isolateGuests = false, isolatedFrom = [], uplink }: BridgeRules) =>
  isolateGuests || isolatedFrom.length > 0 || uplink !== undefined;

/**
 * The rules of a node as one file for `nft -f`, which replaces our two tables in one transaction and touches no other:
 * pve-firewall's and proxmox-firewall's own rules stay, and a packet has to pass theirs and ours.
 */
export function networkRules(bridges: readonly BridgeRules[]): string {
  const ruled = bridges.filter(isRuled);
  const lines = [
    "# Written by the role node-network; changed by hand it is written anew.",
    ...["inet", "bridge"].flatMap((family) => [`table ${family} ${TABLE}`, `delete table ${family} ${TABLE}`]),
    `table inet ${TABLE} {`,
    ...chain("zones", "filter hook prerouting priority raw", [
      // Proxmox VE Administration Guide, Network Configuration, Masquerading (NAT): a guest's firewall bridge tracks its
      // connections first, and NAT would not see them as new.
      'iifname "fwbr*" ct zone set 1',
    ]),
    ...chain("forwarded_ports", "nat hook prerouting priority dstnat", ruled.flatMap(forwardRules)),
    ...chain("source_nat", "nat hook postrouting priority srcnat", ruled.flatMap(masqueradeRules)),
    ...chain("routed", "filter hook forward priority filter", [
      "ct state established,related accept",
      ...ruled.flatMap(routedRules),
    ]),
    ...chain(
      "to_node",
      "filter hook input priority filter",
      ruled.filter(isIsolated).flatMap(({ name, nodeServices = [] }) => nodeRules(name, nodeServices)),
    ),
    "}",
    `table bridge ${TABLE} {`,
    ...chain("switched", "filter hook forward priority filter", ruled.flatMap(switchedRules)),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`  chain ${name} {`, `    type ${hook}; policy accept;`, ...rules.map((rule) => `    ${rule}`), "  }"];
}

const isIsolated = ({ isolatedFrom = [] }: BridgeRules) => isolatedFrom.length > 0;
const set = (values: readonly string[]) => `{ ${values.join(", ")} }`;
const quoted = (names: readonly string[]) => set(names.map((name) => `"${name}"`));

function forwardRules({ forwards = [], uplink }: BridgeRules): string[] {
  return forwards.map(({ port, protocol, source, to, toPort }) => {
    const from = source === undefined ? "" : `ip saddr ${source} `;
    return `iifname "${uplink}" fib daddr type local ${from}${protocol} dport ${port} dnat ip to ${to}:${toPort}`;
  });
}

function masqueradeRules({ range, uplink }: BridgeRules): string[] {
  return uplink === undefined ? [] : [`ip saddr ${range} oifname "${uplink}" masquerade`];
}

function routedRules({ isolateGuests, isolatedFrom = [], name, uplink }: BridgeRules): string[] {
  // What lies behind the uplink is told from the Internet by its addresses alone.
  const closed = isolatedFrom.map((each) => each.name).filter((each) => each !== uplink);
  const ranges = [...new Set(isolatedFrom.flatMap((each) => each.ranges))].sort();
  const [v6, v4] = [ranges.filter((range) => range.includes(":")), ranges.filter((range) => !range.includes(":"))];
  return [
    ...(isolateGuests ? [`iifname "${name}" oifname "${name}" drop`] : []),
    ...(closed.length > 0 ? [`iifname "${name}" oifname ${quoted(closed)} drop`] : []),
    ...(v4.length > 0 ? [`iifname "${name}" ip daddr ${set(v4)} drop`] : []),
    ...(v6.length > 0 ? [`iifname "${name}" ip6 daddr ${set(v6)} drop`] : []),
    // `ct status` is a set of bits: `!= dnat` would ask whether there are others.
    ...(uplink === undefined
      ? []
      : ["ct status dnat accept", "drop"].map((rule) => `iifname "${uplink}" oifname "${name}" ${rule}`)),
  ];
}

const SERVICES = {
  dhcp: "udp dport 67 accept",
  dns: "meta l4proto { tcp, udp } th dport 53 accept",
  ping: "meta l4proto { icmp, ipv6-icmp } accept",
  metrics: "tcp dport 9100 accept",
} as const;

function nodeRules(name: string, services: readonly (keyof typeof SERVICES)[]): string[] {
  const rules = [
    "ct state established,related accept",
    // Without them a guest with IPv6 would not find the node as its router.
    "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept",
    ...services.map((service) => SERVICES[service]),
    "drop",
  ];
  return rules.map((rule) => `iifname "${name}" ${rule}`);
}

function switchedRules({ isolateGuests, name, ports = [] }: BridgeRules): string[] {
  if (!isolateGuests) return [];
  const outside = ports.length > 0 ? ` iifname != ${quoted(ports)} oifname != ${quoted(ports)}` : "";
  return [`meta ibrname "${name}"${outside} drop`];
}
