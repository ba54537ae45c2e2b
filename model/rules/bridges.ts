import { type Bridge, type Network, type Node, placeOf } from "../lab";
import type { Problem } from "../problem";
import { rangeBehind, rangesBehind } from "../resolve/bridges";
import { canonical, type Range, rangeOf } from "../resolve/ip";
import { suggest } from "../schema/nearest";
import { type Claim, ofNode, type Rule, repeated, type Told } from "./rule";

/** A problem with one key of a bridge. */
export function ofBridge(node: Node, { name }: Bridge, key: string, told: Told): Problem {
  const link = `links.${name}`;
  return ofNode(node, `bridges.${name}.${key}`, [`${link}.${key}`, `${link}.${key.split(".")[0]}`, link], told);
}

/** Every bridge that the inventory says more of than a name, with its node. */
export function* allLinks(nodes: readonly Node[]): Iterable<{ readonly node: Node; readonly link: Bridge }> {
  for (const node of nodes) for (const link of node.links) yield { node, link };
}

export const hostOf = (cidr: string) => canonical(cidr);

/** Ranges that lie behind a bridge itself; those behind its VLANs lie elsewhere. */
export const untagged = (networks: readonly Network[], bridge: string) =>
  networks.filter((network) => network.bridge === bridge && network.vlan === undefined);

/** `bridge-name`: what the provider takes for the name of a bridge that it makes. */
export const bridgeNames: Rule = function* ({ lab }) {
  for (const { link, node } of allLinks(lab.nodes)) {
    if (link.write !== "create" || /^[A-Za-z][A-Za-z0-9_]{0,9}$/.test(link.name)) continue;
    yield ofBridge(node, link, "name", {
      rule: "bridge-name",
      message: `"${link.name}" cannot be the name of a bridge that is made: expected letters, digits and _, at most ten`,
      fix: "call it vmbr1 or the like; with existing: true any name is right",
    });
  }
};

const WRITTEN_ONLY = ["mtu", "comment", "autostart", "vlan_aware"] as const;

/** `bridge-without-effect`: what only a bridge that is written can have, of one that is described. */
export const describedStaysAsIs: Rule = function* ({ lab }) {
  for (const { link, node } of allLinks(lab.nodes)) {
    if (link.write !== "none") continue;
    for (const key of WRITTEN_ONLY) {
      if (!node.source.of[`links.${link.name}.${key}`]) continue;
      yield ofBridge(node, link, key, {
        rule: "bridge-without-effect",
        severity: "warning",
        message: `${key} has no effect: ${link.name} is there already (existing: true), and is never written`,
        fix: `delete ${key} and set it on the node, or let the lab write the bridge: without existing: true`,
      });
    }
  }
};

/** `overlapping-bridges`: every range lies behind one interface of a node. */
export const disjointBridges: Rule = function* ({ lab }) {
  for (const node of lab.nodes) {
    const seen: { readonly name: string; readonly range: Range }[] = node.interfaces.flatMap(({ address, name }) =>
      address === undefined ? [] : [{ name, range: rangeOf(address) }],
    );
    for (const link of node.links) {
      if (link.address === undefined) continue;
      const range = rangeOf(link.address);
      const other = seen.find((each) => each.range.first <= range.last && range.first <= each.range.last);
      if (other)
        yield ofBridge(node, link, "address", {
          rule: "overlapping-bridges",
          message: `${range.canonical} lies behind ${link.name} and behind ${other.name} of ${node.name}: only one would be used`,
          fix: "choose ranges that do not overlap",
        });
      seen.push({ name: link.name, range });
    }
  }
};

/** `port-used-twice`, `port-in-use`: a physical port belongs to one bridge, and carries no address of its own then. */
export const portsAreFree: Rule = function* ({ lab }) {
  for (const node of lab.nodes) {
    const ports = node.links.flatMap((link) => link.ports.map((port, index) => ({ link, port, index })));
    const claims: Claim[] = ports.map(({ index, link, port }) => ({
      value: port,
      holder: link.name,
      at: placeOf(node.source, `links.${link.name}.ports.${index}`),
      path: `proxmox_node.bridges.${link.name}.ports.${index}`,
    }));
    for (const { claim, first } of repeated(claims))
      yield {
        rule: "port-used-twice",
        severity: "error",
        at: claim.at,
        also: [{ at: first.at, note: `is a port of ${first.holder}` }],
        ...(claim.path === undefined ? {} : { path: claim.path }),
        subject: node.name,
        message: `${claim.value} is a port of ${first.holder} and of ${claim.holder}`,
        fix: "give it to one of them",
      };
    for (const { index, link, port } of ports) {
      const own = node.interfaces.find(({ name }) => name === port);
      const user = node.links.find(({ uplink }) => uplink === port);
      if (!own?.address && !user) continue;
      yield ofBridge(node, link, `ports.${index}`, {
        rule: "port-in-use",
        message: own?.address
          ? `${port} carries ${own.address}, which it would lose as a port of ${link.name}`
          : `${port} is the uplink of ${user?.name}, and would be no interface of its own as a port of ${link.name}`,
        fix: `give the address to ${link.name} and make ${link.name} the uplink, or choose another port`,
      });
    }
  }
};

/** `unknown-uplink`, `nat-without-address`: where guests leave to, and from which range. */
export const uplinksExist: Rule = function* ({ lab }) {
  for (const { link, node } of allLinks(lab.nodes)) {
    const { uplink } = link;
    if (uplink === undefined) continue;
    const known = [...node.bridges, ...node.interfaces.map(({ name }) => name)];
    if (uplink === link.name || !known.includes(uplink))
      yield ofBridge(node, link, "nat", {
        rule: "unknown-uplink",
        message:
          uplink === link.name
            ? `${link.name} cannot be its own uplink`
            : `${node.name} has no bridge or interface "${uplink}"`,
        fix: `${suggest(
          uplink,
          known.filter((each) => each !== link.name),
        )}; name a physical port under interfaces: { ${uplink}: {} }`,
      });
    if (link.address === undefined)
      yield ofBridge(node, link, "nat", {
        rule: "nat-without-address",
        message: `${link.name} has NAT, but the node has no address on it, which its guests would send to`,
        fix: "add address: 10.0.100.1/24 or the like",
      });
  }
};

/** `unknown-isolation`, `isolation-without-range`, `idle-node-services`: what guests are kept from can be told from the rest. */
export const isolationHolds: Rule = function* ({ lab }) {
  for (const { link, node } of allLinks(lab.nodes)) {
    const known = [...node.bridges, ...node.interfaces.map(({ name }) => name)].filter((name) => name !== link.name);
    for (const [index, name] of link.isolatedFrom.entries()) {
      if (!known.includes(name))
        yield ofBridge(node, link, `isolated_from.${index}`, {
          rule: "unknown-isolation",
          message:
            name === link.name
              ? `${name} cannot be isolated from itself`
              : `${node.name} has no bridge or interface "${name}"`,
          fix: name === link.name ? "write isolate_guests: true" : suggest(name, known),
        });
      else if (name === link.uplink && rangesBehind(name, node, lab.networks).length === 0)
        yield ofBridge(node, link, `isolated_from.${index}`, {
          rule: "isolation-without-range",
          message: `${name} is the uplink, too: its neighbours are told from the Internet by their range, and none is known`,
          fix: `add a network with bridge: ${name} and its cidr to proxmox_networks, or the address of ${name} to interfaces`,
        });
    }
    if (link.nodeServices.length > 0 && link.isolatedFrom.length === 0)
      yield ofBridge(node, link, "node_services", {
        rule: "idle-node-services",
        severity: "warning",
        message: `guests of ${link.name} reach all of ${node.name}, for they are isolated from nothing`,
        fix: "add isolated_from, or delete node_services",
      });
  }
};

/** `bridge-outside-network`, `gateway-is-not-node`, `nat-without-gateway`: a bridge and the networks on it agree. */
export const bridgesFitNetworks: Rule = function* ({ lab }) {
  for (const { link, node } of allLinks(lab.nodes)) {
    if (link.address === undefined) continue;
    for (const network of untagged(lab.networks, link.name)) {
      const also = [{ at: placeOf(network.source, "cidr"), note: `is the network ${network.name}` }];
      if (network.cidr !== undefined && rangeOf(network.cidr).canonical !== rangeBehind(link)) {
        yield ofBridge(node, link, "address", {
          rule: "bridge-outside-network",
          also,
          message: `${link.address} is not an address of ${network.name} (${network.cidr}), whose bridge ${link.name} is`,
          fix: "write an address of the network with the network's prefix",
        });
      } else if (link.uplink !== undefined && network.router === undefined) {
        yield* gatewayProblems(node, link, network, also);
      }
    }
  }
};

function* gatewayProblems(node: Node, link: Bridge, network: Network, also: NonNullable<Problem["also"]>) {
  const address = hostOf(link.address ?? "");
  if (network.gateway === undefined) {
    yield ofBridge(node, link, "nat", {
      rule: "nat-without-gateway",
      severity: "warning",
      also,
      message: `${node.name} leads ${network.name} to the Internet, but its guests are told no gateway`,
      fix: `add gateway: ${address} to proxmox_networks.${network.name}`,
    });
  } else if (canonical(network.gateway) !== address) {
    yield ofBridge(node, link, "address", {
      rule: "gateway-is-not-node",
      also,
      message: `${node.name} leads ${network.name} to the Internet from ${address}, but its gateway is ${network.gateway}`,
      fix: `write gateway: ${address}, or give ${link.name} the address ${network.gateway}/${link.address?.split("/")[1]}`,
    });
  }
}
