import type { Inventory } from "../inventory";
import { formatPosition, type Position, type Problem } from "../problem";
import { nearest, suggest } from "../schema/nearest";
import type { Tree } from "../tree";
import { FACTS } from "./facts";
import { FILTERS } from "./filters";
import { typeName } from "./python";

/** The host and the variable that a problem is about. */
interface Subject {
  readonly host: string;
}

const RULE = "unknown-reference";

/** A name that is no variable of this host: what may have been meant, and where the name is set for others. */
export function unknownName(
  name: string,
  host: string,
  known: Iterable<string>,
  inventory: Inventory,
  at: Position,
): Problem {
  const base = { rule: RULE, severity: "error", at, subject: host } as const;
  const near = nearest(name, [...known, ...FACTS]);
  const others = definitionsElsewhere(inventory, name);
  if (others.length > 0) {
    const owners = others.map(({ owner }) => owner);
    const joining = owners.some((owner) => owner.startsWith("group ")) ? "put the host into such a group, " : "";
    return {
      ...base,
      message: `"${name}" is not set for this host: it is set for ${owners.slice(0, 5).join(", ")}${owners.length > 5 ? ", …" : ""}`,
      fix: `${joining}set "${name}" for it, or write {{ ${name} | default(…) }}`,
      also: others.slice(0, 3).map((other) => ({ at: other.at, note: `"${name}" of ${other.owner}` })),
    };
  }
  if (/^ansible_(facts|distribution|default|memtotal|processor|hostname|os_family|eth|all_ip)/.test(name)) {
    return {
      ...base,
      message: `"${name}" is a fact that Ansible gathers on the host; nothing is asked from hosts here`,
      fix: "write the value",
    };
  }
  const fix = near
    ? `did you mean "${near}"?`
    : `set "${name}" in group_vars or host_vars, or write {{ ${name} | default(…) }}`;
  return { ...base, message: `there is no variable "${name}"`, fix };
}

function definitionsElsewhere(inventory: Inventory, name: string): { owner: string; at: Position }[] {
  const found: { owner: string; at: Position }[] = [];
  const look = (owner: string, layers: Inventory["groups"] extends ReadonlyMap<string, infer G> ? G : never) => {
    const entry = layers.layers.map(({ vars }) => vars.entries.get(name)).find((each) => each !== undefined);
    if (entry) found.push({ owner, at: entry.keyAt });
  };
  for (const group of inventory.groups.values()) look(`group ${group.name}`, group);
  for (const host of inventory.hosts.values()) {
    const entry = host.layers.map(({ vars }) => vars.entries.get(name)).find((each) => each !== undefined);
    if (entry) found.push({ owner: `host ${host.name}`, at: entry.keyAt });
  }
  return found;
}

export function unknownHost(name: string, subject: string, hosts: Iterable<string>, at: Position): Problem {
  return {
    rule: RULE,
    severity: "error",
    at,
    subject,
    message: `there is no host "${name}"`,
    fix: suggest(name, hosts),
  };
}

/** A key or index that the value does not have. */
export function missingKey(tree: Tree, key: string, { host }: Subject, at: Position): Problem {
  const base = { rule: RULE, severity: "error", at, subject: host } as const;
  const place = `the value at ${formatPosition(tree.at)}`;
  if (tree.kind === "mapping") {
    return { ...base, message: `${place} has no key "${key}"`, fix: suggest(key, tree.entries.keys()) };
  }
  const isIndex = /^-?\d+$/.test(key);
  if (tree.kind === "sequence" && isIndex) {
    return { ...base, message: `${place} has no item ${key}: it has ${tree.items.length}, counted from 0` };
  }
  return { ...base, message: `expected a mapping with the key "${key}", found ${typeName(tree)} (${place})` };
}

export function unknownFilter(name: string): [string, string] {
  const known = ["default", ...FILTERS.keys()];
  const near = nearest(name, known);
  return [
    `found the filter "${name}"; the supported ones are ${known.join(", ")}`,
    near ? `did you mean "${near}"?` : "write the result out, or compute it where it is used",
  ];
}
