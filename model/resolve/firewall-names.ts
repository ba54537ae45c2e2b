import type { Network } from "../lab";
import type { Position, Problem } from "../problem";
import { looksLikeAddress } from "../schema/firewall-addresses";
import { suggest } from "../schema/nearest";
import { canonical } from "./ip";

/** What a rule has for source or destination, as Proxmox VE writes it. */
export interface End {
  readonly text: string;
  /** Absent for a set, which may hold both. */
  readonly family?: 4 | 6;
}

/** A place in the inventory that names something. */
export interface Place {
  readonly at: Position;
  readonly path: string;
  readonly subject?: string;
}

/** An address as pve-firewall keeps it: without the prefix of a single address, IPv6 in its short form. */
export function tidyAddress(text: string): string {
  const [first = "", prefix] = text.split("/");
  const address = first.includes("-") ? first.split("-").map(canonical).join("-") : canonical(first);
  const single = prefix === undefined || prefix === (address.includes(":") ? "128" : "32");
  return single ? address : `${address}/${prefix}`;
}

const familyOf = (text: string): 4 | 6 => (text.includes(":") ? 6 : 4);

/** Finds what names in rules stand for: the firewall's own before the lab's networks and hosts. */
export class FirewallNames {
  readonly #networks: ReadonlyMap<string, Network>;

  /**
   * @param aliases name → address
   * @param hosts name → static addresses; undefined for one with mistakes, which are told elsewhere
   */
  constructor(
    readonly aliases: ReadonlyMap<string, string>,
    readonly sets: ReadonlySet<string>,
    networks: readonly Network[],
    readonly hosts: ReadonlyMap<string, readonly string[] | undefined>,
    readonly report: (problem: Problem) => void,
  ) {
    this.#networks = new Map(networks.map((network) => [network.name, network]));
  }

  /** The ends that a list of addresses and names stands for; each needs a rule of its own. */
  ends(items: readonly string[], place: (index: number) => Place): End[] {
    const addresses: Record<4 | 6, string[]> = { 4: [], 6: [] };
    const names: End[] = [];
    for (const [index, item] of items.entries()) {
      const alias = this.aliases.get(item);
      if (alias !== undefined) names.push({ text: `dc/${item}`, family: familyOf(alias) });
      else if (this.sets.has(item)) names.push({ text: `+dc/${item}` });
      else for (const address of this.addresses(item, place(index))) addresses[familyOf(address)].push(address);
    }
    const lists = ([4, 6] as const).flatMap((family) => inParts([...new Set(addresses[family])], family));
    return [...lists, ...names];
  }

  /** Whether a network or host is called so. */
  isPlace(name: string): boolean {
    return this.#networks.has(name) || this.hosts.has(name);
  }

  /** The addresses of one that is an address itself, a network or a host; a problem when it is none. */
  addresses(item: string, place: Place): string[] {
    if (looksLikeAddress(item)) return [tidyAddress(item)];
    const network = this.#networks.get(item);
    if (!network && this.hosts.has(item) && this.hosts.get(item) === undefined) return [];
    const found = network ? [network.cidr, network.cidr6] : (this.hosts.get(item) ?? []);
    const addresses = found.filter((address) => address !== undefined).map(tidyAddress);
    if (addresses.length === 0)
      this.report(network || this.hosts.has(item) ? nameless(item, place) : this.#unknown(item, place));
    return addresses;
  }

  #unknown(item: string, place: Place): Problem {
    const known = [...this.aliases.keys(), ...this.sets, ...this.#networks.keys(), ...this.hosts.keys()];
    return {
      ...place,
      rule: "unknown-firewall-name",
      severity: "error",
      message: `no alias, IP set, network or host is called "${item}"`,
      fix: suggest(item, known),
    };
  }
}

const nameless = (item: string, place: Place): Problem => ({
  ...place,
  rule: "firewall-name-without-address",
  severity: "error",
  message: `"${item}" has no address that the inventory knows`,
  fix: "give it a static address or a cidr, or write the address here",
});

/** Proxmox VE takes 512 characters for the addresses of a rule (its API schema). */
const LONGEST = 512;

function inParts(addresses: readonly string[], family: 4 | 6): End[] {
  const parts: string[] = [];
  for (const address of addresses) {
    const last = parts.at(-1);
    if (last === undefined || last.length + address.length + 1 > LONGEST) parts.push(address);
    else parts[parts.length - 1] = `${last},${address}`;
  }
  return parts.map((text) => ({ text, family }));
}
