import type { Inventory } from "../inventory";
import type { Position } from "../problem";

/** Group → every host in it or in its child groups, with the line that names the host there. */
export type Members = ReadonlyMap<string, ReadonlyMap<string, Position>>;

const NOBODY: ReadonlyMap<string, Position> = new Map();

/** Who belongs to which group, directly or through child groups. A cycle of groups, which the reader reports, does no harm. */
export function membersOf(inventory: Inventory): Members {
  const result = new Map<string, ReadonlyMap<string, Position>>();
  const collect = (name: string): ReadonlyMap<string, Position> => {
    const known = result.get(name);
    if (known) return known;
    const { children = [], hosts: direct = NOBODY } = inventory.groups.get(name) ?? {};
    if (children.length === 0 && name !== "all") {
      result.set(name, direct);
      return direct;
    }
    const hosts = new Map(direct);
    result.set(name, hosts);
    for (const child of children) {
      for (const [host, at] of collect(child)) if (!hosts.has(host)) hosts.set(host, at);
    }
    if (name === "all")
      for (const host of inventory.hosts.values()) if (!hosts.has(host.name)) hosts.set(host.name, host.at);
    return hosts;
  };
  for (const name of inventory.groups.keys()) collect(name);
  return result;
}

/** Direct child groups of a group that may not exist. */
export const childrenOf = (inventory: Inventory, name: string): readonly string[] =>
  inventory.groups.get(name)?.children ?? [];

/** The groups of each host, without `all` and `ungrouped`, in the inventory's order. */
export function groupsByHost(members: Members): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, string[]>();
  for (const [group, hosts] of members) {
    if (group === "all" || group === "ungrouped") continue;
    for (const host of hosts.keys()) {
      const groups = result.get(host);
      if (groups) groups.push(group);
      else result.set(host, [group]);
    }
  }
  return result;
}
