import { withoutUndefined } from "../collections";
import type { Bridge, Network, Node } from "../lab";
import type { BridgeVars, NodeVars } from "../schema/node";
import { rangeOf } from "./ip";
import type { Origins } from "./origins";

/** The bridges that the inventory says more of than a name, with the places of what it says: `links.vmbr1.address`. */
export function linksOf(vars: NodeVars, origins: Origins): Bridge[] {
  if (Array.isArray(vars.bridges)) return [];
  return Object.entries(vars.bridges).map(([name, stated]) => {
    // Nothing said: left as it is. It is a link all the same, so that rules which it had before are taken away.
    const bridge = stated && Object.keys(stated).length > 0 ? stated : { existing: true };
    origins.note(`links.${name}`, "bridges", name);
    for (const key of Object.keys(bridge)) origins.note(`links.${name}.${key}`, "bridges", name, key);
    for (const key of ["ports", "isolated_from", "forward"] as const)
      for (const index of (bridge[key] ?? []).keys())
        origins.note(`links.${name}.${key}.${index}`, "bridges", name, key, index);
    return linkOf(name, bridge);
  });
}

function linkOf(name: string, bridge: BridgeVars): Bridge {
  const { address, address6, comment, mtu } = bridge;
  return {
    name,
    write: bridge.management ?? (bridge.existing === true ? "none" : "create"),
    ...withoutUndefined({ address, address6, comment, mtu, uplink: bridge.nat?.uplink }),
    ports: bridge.ports ?? [],
    vlanAware: bridge.vlan_aware ?? false,
    autostart: bridge.autostart ?? true,
    isolatedFrom: bridge.isolated_from ?? [],
    nodeServices: bridge.node_services ?? [],
    isolateGuests: bridge.isolate_guests ?? false,
    forwards: (bridge.forward ?? []).map(({ comment: note, port, protocol, source, to, to_port }) => ({
      protocol: protocol ?? "tcp",
      port,
      to,
      toPort: to_port ?? port,
      ...withoutUndefined({ source, comment: note }),
    })),
  };
}

/** The range of the guests of a bridge, by the node's own address on it. */
export const rangeBehind = ({ address }: Pick<Bridge, "address">): string | undefined =>
  address === undefined ? undefined : rangeOf(address).canonical;

/** Every range that is known to lie behind a bridge or interface of a node. */
export function rangesBehind(name: string, node: Node, networks: readonly Network[]): string[] {
  const own = [...node.links, ...node.interfaces].filter((each) => each.name === name);
  const of = networks.filter((network) => network.bridge === name && network.vlan === undefined);
  const stated = [
    ...own.flatMap(({ address, address6 }) => [address, address6]),
    ...of.flatMap(({ cidr, cidr6 }) => [cidr, cidr6]),
  ];
  return [...new Set(stated.filter((each) => each !== undefined).map((each) => rangeOf(each).canonical))].sort();
}
