import ipaddr from "ipaddr.js";
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
      ? (taggedOnNode(served, network, self) ?? problemWith(served, network))
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
