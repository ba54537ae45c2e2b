import { type Bridge, type Network, type Node, placeOf } from "../lab";
import { canonical, contains, rangeOf } from "../resolve/ip";
import { isIpv4, isIpv6 } from "../schema/formats";
import { allLinks, hostOf, ofBridge, untagged } from "./bridges";
import type { Rule } from "./rule";

const isAddress = (text: string) => isIpv4(text) || isIpv6(text);
/** The node itself: no bridge leads there. */
const isLoopback = (address: string) => isAddress(address) && /^(127\.|::1$)/.test(canonical(address));

const carries = (own: Pick<Bridge, "address" | "address6">, node: Node): boolean =>
  [own.address, own.address6].some((each) => each !== undefined && hostOf(each) === canonical(node.address));

const holds = ({ cidr, cidr6 }: Network, address: string): boolean =>
  [cidr, cidr6].some((range) => range !== undefined && contains(rangeOf(range), address));

/** Whether a bridge carries the address by which the lab reaches the node, as far as the inventory says. */
function isManagement(link: Bridge, node: Node, networks: readonly Network[]): boolean {
  if (!isAddress(node.address)) return false;
  return carries(link, node) || untagged(networks, link.name).some((network) => holds(network, node.address));
}

/** Whether something that stays as it is is known to carry the node's address; a name may be that of any described bridge. */
function isWayKnown(node: Node, networks: readonly Network[]): boolean {
  const { address, interfaces, links } = node;
  if (isLoopback(address)) return true;
  const kept = links.filter(({ write }) => write === "none");
  if (!isAddress(address)) {
    const isDescribed = (link: Bridge) =>
      Boolean(link.address ?? link.address6) || untagged(networks, link.name).length > 0;
    return [...kept, ...links.filter(({ write }) => write === "rewrite")].some(isDescribed);
  }
  // A network that is on no bridge of the map, or on one that is written, says nothing of what is left alone.
  return (
    [...interfaces, ...links].some((each) => carries(each, node)) ||
    networks.some((network) => kept.some(({ name }) => name === network.bridge) && holds(network, address))
  );
}

/** `management-unknown`: where bridges are written, the way to the node is known, or a slip in its address would unlock it. */
export const managementIsKnown: Rule = function* ({ lab }) {
  for (const node of lab.nodes) {
    const written = node.links.find(({ write }) => write === "create");
    // A network's range that holds the address is told as management-bridge, with what to do about it.
    if (!node.active || !written || isWayKnown(node, lab.networks)) continue;
    if (node.links.some((link) => isManagement(link, node, lab.networks))) continue;
    const { address, source } = node;
    const at = source.of[`links.${written.name}`];
    yield {
      rule: "management-unknown",
      severity: "error",
      at: placeOf(source, "address"),
      ...(at ? { also: [{ at, note: `has ${written.name} written` }] } : {}),
      path: "proxmox_node.address",
      subject: node.name,
      message: isAddress(address)
        ? `no bridge or interface of ${node.name} has ${address}, so nothing keeps ${written.name}, which is written, from being the way to the node`
        : `${address} is a name, so it is not known which bridge leads to ${node.name}, and ${written.name}, which is written, may be the one`,
      fix: isAddress(address)
        ? `correct the address, or describe what carries it: vmbr0: { existing: true, address: ${address}/${isIpv4(address) ? 24 : 64} } or interfaces: { eno1: { address: … } }`
        : "write the address instead of the name, or describe the bridge that leads there: vmbr0: { existing: true, address: 192.168.1.10/24 }",
    };
  }
};

/**
 * `management-bridge`, `management-isolated`, `management-rewrite`, `management-address`, `management-range`: the way on which the lab reaches a node is
 * changed on purpose only, and never so that it ends.
 */
export const managementStays: Rule = function* ({ lab }) {
  for (const { link, node } of allLinks(lab.nodes)) {
    const { address, name, write } = link;
    const isOwn = isManagement(link, node, lab.networks);
    if (isOwn && link.isolatedFrom.length > 0)
      yield ofBridge(node, link, "isolated_from", {
        rule: "management-isolated",
        message: `${node.name} is reached through ${name} (${node.address}), and nobody behind it would reach the node any more`,
        fix: "isolate the guests' bridges from this one instead, and keep guests off it",
      });
    if (isOwn && write === "create") {
      yield ofBridge(node, link, "address", {
        rule: "management-bridge",
        message: `${name} carries the address by which ${node.name} is reached, ${node.address}: a mistake in it would cut the node off`,
        fix: "write existing: true to describe it only, or management: rewrite to have it written in earnest",
      });
    } else if (!isOwn && write === "rewrite" && isAddress(node.address)) {
      yield ofBridge(node, link, "management", {
        rule: "management-rewrite",
        message: `nothing says that ${name} carries ${node.address}, by which ${node.name} is reached`,
        fix: `write its address: ${node.address}/…, or delete management`,
      });
    } else if (write === "rewrite" && address !== undefined && isIpv4(node.address)) {
      if (hostOf(address) !== canonical(node.address))
        yield ofBridge(node, link, "address", {
          rule: "management-address",
          message: `${name} would get ${address}, and ${node.name}, dialled at ${node.address}, be out of reach`,
          fix: `write ${node.address}/${address.split("/")[1]}; to move a node, change its address by hand first, then proxmox_node.address`,
        });
    } else if (write === "create" && address !== undefined && isIpv4(node.address)) {
      if (contains(rangeOf(address), node.address))
        yield ofBridge(node, link, "address", {
          rule: "management-range",
          message: `${rangeOf(address).canonical} has ${node.address} in it, by which ${node.name} is reached: answers would leave by ${name}, and the node be cut off`,
          fix: "choose another range for the bridge",
        });
    }
  }
};
