import { withoutUndefined } from "../collections";
import { type Dns, isStatic, type Network, type Nic } from "../lab";
import type { Position, Problem } from "../problem";
import type { NicVars } from "../schema/guest";
import { suggest } from "../schema/nearest";
import type { Origins } from "./origins";

interface Inputs {
  readonly host: string;
  readonly variable: "proxmox_lxc" | "proxmox_vm";
  readonly cards: readonly NicVars[];
  readonly networks: ReadonlyMap<string, Network>;
  /** Whether the network is described, but with faults: those are told, and nothing that follows from them. */
  readonly isFaulty: (network: string) => boolean;
  readonly defaultNetwork: { readonly name: string; readonly at: Position } | undefined;
  readonly origins: Origins;
  readonly report: (problem: Problem) => void;
}

/**
 * The network cards of a guest. A network gives its bridge, VLAN, prefix and DNS; its gateway only to the guest's first
 * card that has a way out, since two default routes would compete.
 */
export function nicsOf(inputs: Inputs): { nics: Nic[]; dns?: Dns } {
  const nics: Nic[] = [];
  let dns: Dns | undefined;
  let routed4 = false;
  let routed6 = false;
  for (const [index, card] of inputs.cards.entries()) {
    const link = linkOf(card, index, inputs);
    if (!link) continue;
    const { network } = link;
    const offers = network !== undefined && network.router !== inputs.host;
    const address = withPrefix(card.ip, network, "ip", index, inputs);
    const address6 = withPrefix(card.ip6, network, "ip6", index, inputs);
    const gateway: string | undefined =
      card.gateway ?? (offers && !routed4 && isStatic(address) ? network.gateway : undefined);
    const gateway6: string | undefined =
      card.gateway6 ?? (offers && !routed6 && isStatic(address6) ? network.gateway6 : undefined);
    routed4 ||= address === "dhcp" || gateway !== undefined;
    routed6 ||= address6 === "dhcp" || address6 === "auto" || gateway6 !== undefined;
    dns ??= network?.dns;
    refuseIdleGateway(card, index, inputs);
    inputs.origins.later(() => noteOrigins(card, index, inputs.origins, network));
    nics.push({
      name: card.name ?? `eth${index}`,
      bridge: link.bridge,
      ...withoutUndefined({
        network: network?.name,
        vlan: card.vlan ?? network?.vlan,
        address,
        gateway,
        address6,
        gateway6,
        mac: card.mac?.toUpperCase(),
        mtu: card.mtu,
        rateLimitMBps: card.rate_limit,
      }),
      firewall: card.firewall ?? false,
    });
  }
  return { nics, ...(dns ? { dns } : {}) };
}

/** What a card is plugged into. */
function linkOf(card: NicVars, index: number, inputs: Inputs): { bridge: string; network?: Network } | undefined {
  const { networks, defaultNetwork, origins } = inputs;
  const fallback = card.network === undefined && card.bridge === undefined ? defaultNetwork : undefined;
  const name = card.network ?? fallback?.name;
  const at = fallback?.at ?? origins.place("networks", index, ...(card.network === undefined ? [] : ["network"]));
  const complain = (rule: string, message: string, fix: string) =>
    inputs.report({
      ...about(inputs, index, card.network === undefined ? undefined : "network"),
      rule,
      at,
      message,
      fix,
    });
  if (name === undefined) {
    if (card.bridge !== undefined) return { bridge: card.bridge };
    complain(
      "nic-without-network",
      "the card names neither a network nor a bridge",
      "add network:, or set proxmox_default_network",
    );
    return undefined;
  }
  const network = networks.get(name);
  if (!network?.bridge && card.bridge === undefined && inputs.isFaulty(name)) return undefined;
  if (!network && card.bridge !== undefined && inputs.isFaulty(name)) return { bridge: card.bridge };
  if (!network) {
    complain("unknown-network", `no network is called "${name}"`, suggest(name, networks.keys()));
    return undefined;
  }
  const bridge = card.bridge ?? network.bridge;
  if (bridge === undefined) {
    complain(
      "network-without-bridge",
      `the network "${name}" has no bridge, so no guest can attach to it`,
      `add bridge: to proxmox_networks.${name}`,
    );
    return undefined;
  }
  return { bridge, network };
}

/** A static address gets the prefix of its network when it brings none. */
function withPrefix(
  address: string | undefined,
  network: Network | undefined,
  key: "ip" | "ip6",
  index: number,
  inputs: Inputs,
): string | undefined {
  if (address === undefined || address === "dhcp" || address === "auto" || address.includes("/")) return address;
  const prefix = (key === "ip" ? network?.cidr : network?.cidr6)?.split("/")[1];
  if (prefix !== undefined) return `${address}/${prefix}`;
  const named = inputs.cards[index]?.network ?? network?.name;
  if (named !== undefined && inputs.isFaulty(named)) return undefined;
  inputs.report({
    ...about(inputs, index, key),
    rule: "address-without-prefix",
    at: inputs.origins.place("networks", index, key),
    message: `the address ${address} has no prefix, and its network has no ${key === "ip" ? "cidr" : "cidr6"} to take one from`,
    fix: `write ${address}/${key === "ip" ? 24 : 64} (with the prefix of your network), or add the range to the network`,
  });
  return undefined;
}

/** Proxmox VE takes a gateway only together with a static address. */
function refuseIdleGateway(card: NicVars, index: number, inputs: Inputs): void {
  if (card.gateway === undefined && card.gateway6 === undefined) return;
  for (const [key, address, gateway] of [
    ["gateway", card.ip, card.gateway],
    ["gateway6", card.ip6, card.gateway6],
  ] as const) {
    const isDynamic = address === undefined || address === "dhcp" || address === "auto";
    if (gateway === undefined || !isDynamic) continue;
    inputs.report({
      ...about(inputs, index, key),
      rule: "gateway-without-address",
      at: inputs.origins.place("networks", index, key),
      message: `a gateway needs a static address on the same card, got ${address ?? "none"}`,
      fix: `delete ${key}, or give the card an address`,
    });
  }
}

function about(inputs: Inputs, index: number, key?: string) {
  const path = `${inputs.variable}.networks.${index}${key === undefined ? "" : `.${key}`}`;
  return { severity: "error", path, subject: inputs.host } as const;
}

const FIELDS = Object.entries({
  name: "name",
  network: "network",
  bridge: "bridge",
  vlan: "vlan",
  ip: "address",
  gateway: "gateway",
  ip6: "address6",
  gateway6: "gateway6",
  mac: "mac",
  mtu: "mtu",
  rate_limit: "rateLimitMBps",
  firewall: "firewall",
} as const);

const fieldNames: string[][] = [];

/** `nics.0.address` and the like, by card and in the order of FIELDS: thousands of cards have the same. */
function fieldsOf(index: number): readonly string[] {
  fieldNames[index] ??= FIELDS.map(([, field]) => `nics.${index}.${field}`);
  return fieldNames[index];
}

function noteOrigins(card: NicVars, index: number, origins: Origins, network: Network | undefined): void {
  origins.note(`nics.${index}`, "networks", index);
  const names = fieldsOf(index);
  for (const [position, [key, field]] of FIELDS.entries()) {
    const name = names[position]!;
    if (key in card) {
      origins.note(name, "networks", index, key);
      continue;
    }
    if (network && field !== "network") origins.noteField(name, network.source, field);
  }
}
