import { type Guest, isStatic, type Network, type Nic, placeOf, staticAddresses, variableOf } from "../lab";
import type { Problem } from "../problem";
import { describesGuest } from "../resolve/facts";
import { canonical, contains, type Range, rangeOf, toNumber } from "../resolve/ip";
import type { Rule, Told } from "./rule";

const FAMILIES = [
  { cidr: "cidr", gateway: "gateway", address: "address", key: "ip" },
  { cidr: "cidr6", gateway: "gateway6", address: "address6", key: "ip6" },
] as const;
type Family = (typeof FAMILIES)[number];

/** `misaligned-cidr`: a range is written with its first address. */
export const alignedRanges: Rule = function* ({ lab }) {
  for (const network of lab.networks) {
    for (const { cidr } of FAMILIES) {
      const text = network[cidr];
      if (text === undefined || canonical(text) === canonical(rangeOf(text).canonical)) continue;
      yield {
        rule: "misaligned-cidr",
        severity: "error",
        at: placeOf(network.source, cidr),
        path: `proxmox_networks.${network.name}.${cidr}`,
        message: `${text} is not a network address: ${rangeOf(text).canonical} would be`,
        fix: `write ${rangeOf(text).canonical}, or choose another range`,
      };
    }
  }
};

/** `overlapping-networks`: an address belongs to one network. */
export const disjointRanges: Rule = function* ({ lab }) {
  const ranges = lab.networks.flatMap((network) =>
    FAMILIES.flatMap(({ cidr }) =>
      network[cidr] === undefined ? [] : [{ network, cidr, range: rangeOf(network[cidr]) }],
    ),
  );
  ranges.sort(
    (a, b) =>
      a.range.version - b.range.version || compare(a.range.first, b.range.first) || compare(b.range.last, a.range.last),
  );
  let widest: (typeof ranges)[number] | undefined;
  for (const next of ranges) {
    if (widest && widest.range.version === next.range.version && next.range.first <= widest.range.last) {
      const [a, b] = [next, widest].map(({ network, cidr }) => `${network.name} (${network[cidr]})`);
      yield {
        rule: "overlapping-networks",
        severity: "error",
        at: placeOf(next.network.source, next.cidr),
        also: [{ at: placeOf(widest.network.source, widest.cidr), note: `is the range of ${widest.network.name}` }],
        path: `proxmox_networks.${next.network.name}.${next.cidr}`,
        message: `${a} lies ${next.range.last <= widest.range.last ? "inside" : "partly inside"} ${b}`,
        fix: "choose ranges that do not overlap",
      };
    }
    if (!widest || widest.range.version !== next.range.version || next.range.last > widest.range.last) widest = next;
  }
};

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** `gateway-outside-network`: a network's gateway has one of its addresses. */
export const gatewaysInside: Rule = function* ({ lab }) {
  for (const network of lab.networks) {
    for (const { cidr, gateway } of FAMILIES) {
      const [range, address] = [network[cidr], network[gateway]];
      if (range === undefined || address === undefined || contains(rangeOf(range), address)) continue;
      yield {
        rule: "gateway-outside-network",
        severity: "error",
        at: placeOf(network.source, gateway),
        also: [{ at: placeOf(network.source, cidr), note: "is the network's range" }],
        path: `proxmox_networks.${network.name}.${gateway}`,
        message: `the gateway ${address} is not in ${rangeOf(range).canonical}`,
        fix: "correct the gateway or the range",
      };
    }
  }
};

/** `unknown-router`, `router-without-address`: a network's router is a guest that holds the gateway's address there. */
export const routersExist: Rule = function* ({ lab, facts }) {
  const guests = new Map(lab.guests.map((guest) => [guest.name, guest]));
  for (const network of lab.networks) {
    if (network.router === undefined) continue;
    const guest = guests.get(network.router);
    const host = facts.hosts.get(network.router);
    // What keeps it from being resolved is told.
    if (host?.isPartial || (!guest && host && describesGuest(host))) continue;
    const gateways = [network.gateway, network.gateway6].filter((gateway) => gateway !== undefined).map(canonical);
    const held = guest?.nics.flatMap(staticAddresses).map(canonical) ?? [];
    if (gateways.length > 0 && gateways.every((gateway) => held.includes(gateway))) continue;
    yield {
      rule: guest ? "router-without-address" : "unknown-router",
      severity: "error",
      at: placeOf(network.source, "router"),
      path: `proxmox_networks.${network.name}.router`,
      message: guest
        ? `${network.router} is to be the router of ${network.name}, but does not hold its gateway's address`
        : `no guest is called "${network.router}"`,
      fix: guest ? `give a card of ${network.router} the address of gateway:` : "name a guest of this lab",
    };
  }
};

/** One static address of a guest's card, and what it is held against. */
interface Addressed {
  readonly address: string;
  readonly guest: Guest;
  readonly nic: Nic;
  /** The card's place in the guest's list. */
  readonly index: number;
  readonly network: Network | undefined;
  readonly family: Family;
  /** The network's range, else that of the address and its prefix. */
  readonly range: Range;
}

/** What is wrong with the addresses of guests: see the ids below. */
export const guestAddresses: Rule = function* ({ lab, networks }) {
  for (const guest of lab.guests) {
    for (const [index, nic] of guest.nics.entries()) {
      const network = nic.network === undefined ? undefined : networks.get(nic.network);
      for (const family of FAMILIES) {
        const address = nic[family.address];
        if (!isStatic(address)) continue;
        const range = rangeOf(network?.[family.cidr] ?? address);
        yield* addressProblems({ address, guest, nic, index, network, family, range });
      }
    }
    if (guest.nics.length > 1) yield* competingGateways(guest);
  }
};

/** `address-outside-network`, `reserved-address`, `prefix-differs`, and those of the gateway. */
function* addressProblems(each: Addressed): Iterable<Problem> {
  const { address, family, network, nic, range } = each;
  const value = toNumber(address);
  if (!contains(range, address, value)) {
    yield problemOf(each, {
      rule: "address-outside-network",
      also: rangeOfNetwork(each),
      message: `${address} is not in ${nameOfRange(each)}`,
      fix: `choose an address of ${range.canonical}, or another network`,
    });
    return;
  }
  const reserved = reservedName(range, value);
  if (reserved)
    yield problemOf(each, {
      rule: "reserved-address",
      also: rangeOfNetwork(each),
      message: `${address} is the ${reserved} of ${nameOfRange(each)}`,
      fix: "choose another address",
    });
  const [alone, prefix] = address.split("/");
  if (network?.[family.cidr] !== undefined && Number(prefix) !== range.prefix)
    yield problemOf(each, {
      rule: "prefix-differs",
      also: rangeOfNetwork(each),
      message: `${address} has another prefix than ${nameOfRange(each)}`,
      fix: `write ${alone}, and the network gives the prefix`,
    });
  if (network || nic[family.gateway] !== undefined) yield* gatewayProblems(each);
}

/** `address-is-gateway`, `gateway-outside-network`. */
function* gatewayProblems(each: Addressed): Iterable<Problem> {
  const { family, guest, network, nic, range } = each;
  const address = canonical(each.address);
  const ofNetwork = network?.[family.gateway];
  const own = nic[family.gateway];
  const gateway = own ?? ofNetwork;
  if (gateway !== undefined && canonical(gateway) === address && network?.router !== guest.name)
    yield problemOf(each, {
      rule: "address-is-gateway",
      also:
        ofNetwork !== undefined && network
          ? [{ at: placeOf(network.source, family.gateway), note: `is the gateway of ${network.name}` }]
          : [],
      message: `${guest.name} has the address of its own gateway, ${address}`,
      fix: network
        ? `choose another address, or say that ${guest.name} is the gateway: proxmox_networks.${network.name}.router: ${guest.name}`
        : "choose another address or gateway",
    });
  if (own !== undefined && own !== ofNetwork && !contains(range, own))
    yield problemOf(each, {
      rule: "gateway-outside-network",
      message: `the gateway ${own} cannot be reached from ${address}: it is not in ${range.canonical}`,
      fix: "correct the gateway, or the address and its prefix",
    });
}

const problemOf = ({ family, guest, index }: Addressed, told: Told): Problem => ({
  severity: "error",
  at: placeOf(guest.source, `nics.${index}.${family.address}`),
  path: `${variableOf(guest)}.networks.${index}.${family.key}`,
  subject: guest.name,
  ...told,
});

const rangeOfNetwork = ({ family, network }: Addressed) =>
  network?.[family.cidr] === undefined
    ? []
    : [{ at: placeOf(network.source, family.cidr), note: `is the range of ${network.name}` }];

const nameOfRange = ({ family, network, range }: Addressed) =>
  network?.[family.cidr] === undefined ? range.canonical : `${network.name} (${range.canonical})`;

/** IPv6 has no broadcast address, and in /31 and /32 every address is a host's (RFC 3021). */
function reservedName(range: Range, value: bigint): string | undefined {
  if (range.version === 6 || range.prefix >= 31) return undefined;
  if (value === range.first) return "network address";
  return value === range.last ? "broadcast address" : undefined;
}

/** `two-gateways`: of two default routes the guest uses one, and nobody knows which. */
function* competingGateways(guest: Guest): Iterable<Problem> {
  for (const { gateway } of FAMILIES) {
    const [first, second] = guest.nics.flatMap((nic, index) => (nic[gateway] === undefined ? [] : [{ nic, index }]));
    if (!first || !second) continue;
    const place = (index: number) => placeOf(guest.source, `nics.${index}.${gateway}`);
    yield {
      rule: "two-gateways",
      severity: "warning",
      at: place(second.index),
      also: [{ at: place(first.index), note: `is the gateway of ${first.nic.name}` }],
      path: `${variableOf(guest)}.networks.${second.index}.${gateway}`,
      subject: guest.name,
      message: `${guest.name} has a gateway on ${first.nic.name} and on ${second.nic.name}: only one default route takes effect`,
      fix: "keep one gateway, and add routes for the other network inside the guest",
    };
  }
}
