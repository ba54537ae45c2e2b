import type { Group, Inventory } from "../inventory";
import { groupsOf } from "../merge";
import type { Position } from "../problem";
import type { Tree } from "../tree";

/** The variables that Ansible sets itself and that an inventory can know. */
export const FACTS = ["inventory_hostname", "inventory_hostname_short", "group_names", "groups", "hostvars"] as const;

/** Whether a name is Ansible's own, whatever the inventory sets. */
export const isFact = (name: string): boolean => FACTS.some((known) => known === name);

const groupTrees = new WeakMap<Inventory, Tree>();

/** The value of a fact of one host; undefined for a name that is none. */
export function fact(inventory: Inventory, host: string, name: string): Tree | undefined {
  const at = inventory.hosts.get(host)?.at ?? { file: inventory.folder, line: 1, column: 1 };
  switch (name) {
    case "inventory_hostname":
      return { kind: "scalar", at, value: host };
    case "inventory_hostname_short":
      return { kind: "scalar", at, value: host.split(".")[0] ?? host };
    case "group_names":
      return names(
        at,
        groupsOf(inventory, host)
          .map((group) => group.name)
          .filter((group) => group !== "all")
          .sort(),
      );
    case "groups":
      return allGroups(inventory, at);
    default:
      return undefined;
  }
}

const names = (at: Position, values: readonly string[]): Tree => ({
  kind: "sequence",
  at,
  items: values.map((value) => ({ kind: "scalar", at, value })),
});

/** Every group with all its hosts, those of child groups included, in Ansible's order. */
function allGroups(inventory: Inventory, at: Position): Tree {
  let tree = groupTrees.get(inventory);
  if (!tree) {
    const entries = [...inventory.groups].map(([name, group]) => {
      const place = group.at ?? at;
      return [name, { keyAt: place, value: names(place, hostsOf(inventory, group)) }] as const;
    });
    tree = { kind: "mapping", at, entries: new Map(entries) };
    groupTrees.set(inventory, tree);
  }
  return tree;
}

function hostsOf(inventory: Inventory, group: Group): string[] {
  const groups = new Set([group.name]);
  const hosts = new Set<string>();
  for (const name of groups) {
    for (const host of inventory.groups.get(name)?.hosts.keys() ?? []) hosts.add(host);
    for (const child of inventory.groups.get(name)?.children ?? []) groups.add(child);
  }
  return [...hosts];
}
