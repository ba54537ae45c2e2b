import type { Inventory } from "../inventory";
import type { Position } from "../problem";

/** Group → every host in it or in its child groups, with the line that names the host there. */
export type Members = ReadonlyMap<string, ReadonlyMap<string, Position>>;

/** Who belongs to which group, directly or through child groups. A cycle of groups, which the reader reports, does no harm. */
export function membersOf(inventory: Inventory): Members {
  const result = new Map<string, Map<string, Position>>();
  const collect = (name: string): ReadonlyMap<string, Position> => {
    const known = result.get(name);
    if (known) return known;
    const group = inventory.groups.get(name);
    const hosts = new Map(group?.hosts ?? []);
    result.set(name, hosts);
    for (const child of group?.children ?? []) {
      for (const [host, at] of collect(child)) if (!hosts.has(host)) hosts.set(host, at);
    }
    return hosts;
  };
  for (const name of inventory.groups.keys()) collect(name);
  for (const [name, host] of inventory.hosts) {
    const all = result.get("all");
    if (all && !all.has(name)) all.set(name, host.at);
  }
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
