import ipaddr from "ipaddr.js";
import { z } from "zod";
import type { HostView, LabView, NetworkView } from "../role";

export interface Served {
  readonly network: string;
  readonly interface?: string;
  readonly range?: { readonly first: string; readonly last: string };
  readonly lease_time?: string;
}

type Refuse = (path: readonly PropertyKey[], message: string, fix: string) => void;

/** A configuration of dnsmasq that serves these networks, and answers no DNS. */
export function serverConfig(lab: LabView, self: HostView, networks: readonly Served[], refuse: Refuse): string {
  const blocks = networks.map((served) => {
    const network = lab.networks.find(({ name }) => name === served.network);
    const problem = network
      ? (taggedOnNode(served, network, self) ??
        keptFromNode(served, network, self) ??
        problemWith(served, network) ??
        lentTwice(served, network, lab))
      : unknown(served, lab);
    if (!network || problem) {
      refuse(["dhcp_networks", served.network, ...(problem?.path ?? [])], problem?.message ?? "", problem?.fix ?? "");
      return [];
    }
    return block(served, network, lab, self);
  });
  return ["# Written by proxmox-lab.", "port=0", "bind-dynamic", "dhcp-authoritative", ...blocks.flat(), ""].join("\n");
}

interface Wrong {
  readonly path: readonly string[];
  readonly message: string;
  readonly fix: string;
}

const unknown = ({ network }: Served, lab: LabView): Wrong => ({
  path: [],
  message: `no network is called "${network}"`,
  fix: `there are: ${lab.networks.map(({ name }) => name).join(", ")}`,
});

/** The bridge itself is its untagged network: another than this one. */
function taggedOnNode({ interface: card }: Served, { bridge, name, vlan }: NetworkView, { kind }: HostView) {
  if (kind !== "node" || card !== undefined || vlan === undefined) return undefined;
  const message = `${name} is VLAN ${vlan} of ${bridge}, on which the node needs an interface of its own to serve it`;
  return { path: [], message, fix: `add interface: ${bridge}.${vlan}, or whatever that VLAN is called on the node` };
}

/** What is read of `proxmox_node`, which is unchecked here: a bridge with `isolated_from` lets in only its `node_services`. */
const BRIDGES = z.object({
  bridges: z.record(
    z.string(),
    z
      .object({ isolated_from: z.array(z.unknown()).optional(), node_services: z.array(z.unknown()).optional() })
      .nullable(),
  ),
});

/** Guests of an isolated bridge reach no server on the node, unless it is named. */
function keptFromNode({ interface: card }: Served, { bridge, name }: NetworkView, self: HostView): Wrong | undefined {
  if (self.kind !== "node" || bridge === undefined || (card ?? bridge) !== bridge) return undefined;
  const link = BRIDGES.safeParse(self.variable("proxmox_node")).data?.bridges[bridge];
  if (!link?.isolated_from?.length || link.node_services?.includes("dhcp")) return undefined;
  const services = [...(link.node_services ?? []), "dhcp"].join(", ");
  const message = `${bridge} of ${self.name} has isolated_from, so nobody on ${name} would reach the server`;
  return { path: [], message, fix: `write node_services: [${services}] for ${bridge}` };
}

/** An address that somebody has for good must not be lent; where the server knows the MAC address, it is lent to nobody else. */
function lentTwice({ range }: Served, { gateway, name }: NetworkView, lab: LabView): Wrong | undefined {
  if (!range) return undefined;
  const [first, last] = [asNumber(range.first), asNumber(range.last)];
  const isLent = (address: string) =>
    ipaddr.IPv4.isValidFourPartDecimal(address) && first <= asNumber(address) && asNumber(address) <= last;
  const lent = `${range.first} to ${range.last} would be lent`;
  if (gateway !== undefined && isLent(gateway)) {
    const message = `${lent}, and ${gateway} in there is the gateway of ${name}`;
    return { path: ["range"], message, fix: "choose a range without it" };
  }
  for (const { addresses, kind, name: host } of lab.hosts)
    for (const { address, mac, network } of addresses) {
      if ((mac !== undefined && network === name) || !isLent(address)) continue;
      const isGuest = kind === "container" || kind === "vm";
      return {
        path: ["range"],
        message: `${lent}, and ${address} in there is that of ${host}${isGuest ? ", whose card has no mac" : ""}`,
        fix: isGuest ? `add mac: to networks of ${host}, or choose a range without it` : "choose a range without it",
      };
    }
  return undefined;
}

function problemWith({ range }: Served, { cidrs, name }: NetworkView): Wrong | undefined {
  const cidr = range4(cidrs);
  if (!cidr) return { path: [], message: `${name} has no IPv4 range`, fix: `add cidr: to proxmox_networks.${name}` };
  if (!range) return undefined;
  for (const key of ["first", "last"] as const)
    if (!ipaddr.IPv4.parse(range[key]).match(ipaddr.IPv4.parseCIDR(cidr)))
      return {
        path: ["range", key],
        message: `${range[key]} is not in ${cidr}`,
        fix: "write an address of the network",
      };
  if (asNumber(range.first) > asNumber(range.last))
    return { path: ["range"], message: `${range.first} comes after ${range.last}`, fix: "exchange the two" };
  return undefined;
}

function block(served: Served, network: NetworkView, lab: LabView, self: HostView): string[] {
  const {
    interface: card = (self.kind === "node" ? network.bridge : undefined) ?? "eth0",
    lease_time = "12h",
    range,
  } = served;
  const cidr = range4(network.cidrs) ?? "";
  const mask = ipaddr.IPv4.subnetMaskFromPrefixLength(Number(cidr.split("/")[1])).toString();
  // A tag that no name of a network can break: dnsmasq's syntax knows only commas and colons.
  const tag = `set:${network.name}`;
  const option = (name: string, value: string) => `dhcp-option=tag:${network.name},option:${name},${value}`;
  return [
    `interface=${card}`,
    range
      ? `dhcp-range=${tag},${range.first},${range.last},${mask},${lease_time}`
      : `dhcp-range=${tag},${cidr.split("/")[0]},static,${mask},${lease_time}`,
    ...(network.gateway === undefined
      ? [`dhcp-option=tag:${network.name},option:router`]
      : [option("router", network.gateway)]),
    ...(network.nameServers.length > 0 ? [option("dns-server", network.nameServers.join(","))] : []),
    ...(network.domain === undefined ? [] : [option("domain-name", network.domain)]),
    ...lab.hosts.flatMap(({ addresses, hostname }) =>
      addresses
        .filter(({ address, mac, network: on }) => mac !== undefined && on === network.name && !address.includes(":"))
        .map(({ address, mac }) => `dhcp-host=${mac?.toLowerCase()},${address},${hostname}`),
    ),
  ];
}

const range4 = (cidrs: readonly string[]) => cidrs.find((cidr) => !cidr.includes(":"));
const asNumber = (address: string) =>
  ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
