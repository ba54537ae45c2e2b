import type { Inventory } from "../model/inventory";
import { suggest } from "../model/schema/nearest";
import { UsageError } from "./output";

export const LIMIT_HELP = "these hosts and groups alone: web,docker_hosts,!db, or with * and ?";

/**
 * The hosts that a pattern of Ansible's `--limit` means: names of hosts and groups, `*` and `?`, with commas or colons between;
 * with `!` in front, they are left out. Only such: all others.
 *
 * @throws UsageError for a name that is none, and for a pattern that means nobody
 */
export function limitedHosts(pattern: string, { groups, hosts }: Pick<Inventory, "groups" | "hosts">): Set<string> {
  const parts = pattern.split(/[,:]/).filter(Boolean);
  const below = (group: string): string[] => {
    const { children = [], hosts: own = new Map() } = groups.get(group) ?? {};
    return [...own.keys(), ...children.flatMap(below)];
  };
  const meant = (name: string): string[] => {
    const fits = matcher(name);
    const found = [...[...hosts.keys()].filter(fits), ...[...groups.keys()].filter(fits).flatMap(below)];
    if (found.length > 0) return found;
    const known = [...hosts.keys(), ...groups.keys()];
    throw new UsageError(`--limit ${pattern}: there is no host or group "${name}"; ${suggest(name, known)}`);
  };
  const wanted = parts.filter((part) => !part.startsWith("!"));
  const chosen = new Set(wanted.length > 0 ? wanted.flatMap(meant) : hosts.keys());
  for (const part of parts.filter((each) => each.startsWith("!")))
    for (const host of meant(part.slice(1))) chosen.delete(host);
  if (parts.length > 0 && chosen.size > 0) return chosen;
  throw new UsageError(`--limit ${pattern}: nobody is left; ${suggest("", [...hosts.keys()])}`);
}

function matcher(name: string): (candidate: string) => boolean {
  const source = name.replaceAll(/[^*?]/g, (each) => each.replaceAll(/[\\^$.|+()[\]{}]/g, "\\$&"));
  const pattern = new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`, "u");
  return (candidate) => pattern.test(candidate);
}
