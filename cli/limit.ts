import type { Inventory } from "../model/inventory";
import { suggest } from "../model/schema/nearest";
import { UsageError } from "./output";

export const LIMIT_HELP = "these hosts and groups alone: web,docker_hosts,!db,&debian, or with * and ?";

/**
 * The hosts that a pattern of Ansible's `--limit` means: names of hosts and groups, `*` and `?`, with commas or colons between.
 * With `!` in front they are left out, with `&` only they are kept; where there are only such: of all hosts.
 *
 * @throws UsageError for a name that is none, and for a pattern that means nobody
 */
export function limitedHosts(pattern: string, inventory: Pick<Inventory, "groups" | "hosts">): Set<string> {
  const parts = pattern.split(/[,:]/).filter(Boolean);
  const meant = (name: string) => hostsOf(name, pattern, inventory);
  const wanted = parts.filter((part) => !/^[!&]/.test(part));
  let chosen = new Set(wanted.length > 0 ? wanted.flatMap(meant) : inventory.hosts.keys());
  for (const part of parts.filter((each) => /^[!&]/.test(each))) {
    const others = new Set(meant(part.slice(1)));
    chosen = new Set([...chosen].filter((host) => others.has(host) === part.startsWith("&")));
  }
  if (parts.length > 0 && chosen.size > 0) return chosen;
  throw new UsageError(`--limit ${pattern}: nobody is left; ${suggest("", [...inventory.hosts.keys()])}`);
}

function hostsOf(name: string, pattern: string, { groups, hosts }: Pick<Inventory, "groups" | "hosts">): string[] {
  const below = (group: string): string[] => {
    const { children = [], hosts: own = new Map() } = groups.get(group) ?? {};
    return [...own.keys(), ...children.flatMap(below)];
  };
  const fits = matcher(name);
  const found = [[...hosts.keys()].filter(fits), [...groups.keys()].filter(fits)] as const;
  if (found.flat().length > 0) return [...found[0], ...found[1].flatMap(below)];
  const hint = /^[~@]|\[/.test(name)
    ? "expected names of hosts and groups, with * and ?, and ! or & in front"
    : suggest(name, [...hosts.keys(), ...groups.keys()]);
  throw new UsageError(`--limit ${pattern}: there is no host or group "${name}"; ${hint}`);
}

function matcher(name: string): (candidate: string) => boolean {
  const source = name.replaceAll(/[^*?]/g, (each) => each.replaceAll(/[\\^$.|+()[\]{}]/g, "\\$&"));
  const pattern = new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`, "u");
  return (candidate) => pattern.test(candidate);
}
