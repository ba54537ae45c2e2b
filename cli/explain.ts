import { z } from "zod";
import type { LoadResult } from "../model";
import { guestNeeds, type Need, needsOf } from "../model/credentials";
import { FALLBACKS, isSize } from "../model/fallbacks";
import type { Definition, EffectiveVar, Inventory } from "../model/inventory";
import { effectiveVars } from "../model/merge";
import { formatPosition } from "../model/problem";
import { nearest, suggest } from "../model/schema/nearest";
import { keysAt } from "../model/schema/shape";
import { VARIABLES } from "../model/schema/variables";
import { pathIn, type Tree, treeAt, writtenAt } from "../model/tree";
import { referenceLines } from "./explain-references";
import { EXIT, type ExitCode, type Io, table, UsageError } from "./output";
import { tellProblems } from "./problems";
import { loadHost } from "./target";
import { explainUnset, variableSchema } from "./unset";
import { brief, compact } from "./values";

/** How the inventory's schema says so of a key. */
const NEEDS_ROOT = /Needs root@pam/;

/**
 * Tells a host's final values, and where each comes from.
 *
 * @param written the key, with the entries of lists as `.0` or `[0]`
 */
export function explain(target: string, written: string | undefined, io: Io): ExitCode {
  const { result, host } = loadHost(target, io);
  const key = written?.replace(/\[(\d+)\]/g, ".$1");
  const vars = result.vars.get(host) ?? new Map<string, Tree>();
  if (key === undefined) explainAll(vars, io);
  else for (const line of explainKey(result, host, key, io)) io.out(line);
  const concerns = result.problems.filter(
    ({ subject, path, severity }) => severity === "error" && subject === host && (!key || path?.startsWith(key)),
  );
  tellProblems(concerns, io);
  return concerns.length > 0 ? EXIT.problems : EXIT.ok;
}

function explainAll(vars: ReadonlyMap<string, Tree>, { out, colors }: Io): void {
  const rows = [...vars].flatMap(([name, tree]) => leaves(name, tree));
  const cells = rows.map(([key, tree]) => [key, brief(tree), formatPosition(writtenAt(tree))]);
  out(table(["KEY", "VALUE", "WRITTEN AT"], cells, colors));
}

/** Mappings are opened, lists and scalars are shown whole. */
function leaves(key: string, tree: Tree): (readonly [string, Tree])[] {
  if (tree.kind !== "mapping" || tree.entries.size === 0) return [[key, tree]];
  return [...tree.entries].flatMap(([name, { value }]) => leaves(`${key}.${name}`, value));
}

function explainKey(result: LoadResult, host: string, key: string, io: Io): string[] {
  const { colors } = io;
  const [name = "", ...parts] = key.split(".");
  const effective = effectiveVars(result.inventory, host);
  const variable = effective.get(name);
  const rendered = result.vars.get(host)?.get(name);
  const path = rendered ? pathIn(rendered, parts) : parts;
  const place = rendered && treeAt(rendered, path);
  if (!variable || !rendered || !place?.found) {
    // An entry that a list does not have could not be set by its key.
    const unset = place?.tree.kind === "sequence" ? undefined : explainUnset(result, host, [name, ...path], io);
    const lines = unset ?? refuse(host, [name, ...path], rendered, [...effective.keys()]);
    // What is needed as the guest is says nothing of a key that would need more once it is set.
    const isForRoot = lines.some((line) => NEEDS_ROOT.test(line));
    return [...lines, ...(isForRoot ? [] : credentialLines(result, host, name, path))];
  }
  const { tree } = place;
  return [
    `${colors.bold(key)} = ${colors.green(compact(tree))}`,
    ...chainLines(variable, path, result.inventory, io),
    ...referenceLines({ host, name, path, variable: rendered }, result.inventory),
    ...tierLines(name, path, result, host),
    ...credentialLines(result, host, name, path),
  ];
}

/** Says what else may have been meant by a key that is not there and could not be. */
function refuse(
  host: string,
  [name = "", ...path]: readonly string[],
  rendered: Tree | undefined,
  set: readonly string[],
): never {
  if (!rendered) {
    const guest = (["proxmox_lxc", "proxmox_vm"] as const).find((each) => set.includes(each));
    const inside = guest && nearest(name, keysAt(VARIABLES[guest], []));
    const known = [...set, ...Object.keys(VARIABLES)];
    const near = known.includes(name)
      ? undefined
      : (nearest(name, known) ?? (inside === undefined ? undefined : [guest, inside, ...path].join(".")));
    throw new UsageError(
      `${host} has no variable "${name}"; ${near === undefined ? suggest(name, set) : `did you mean "${near}"?`}`,
    );
  }
  throw new UsageError(`${host} has no key "${[name, ...path].join(".")}"; ${nearestKey(rendered, name, path)}`);
}

/** What there is where the path leaves the tree: that far it is right. */
function nearestKey(rendered: Tree, name: string, path: readonly string[]): string {
  let depth = 0;
  while (depth < path.length && treeAt(rendered, path.slice(0, depth + 1)).found) depth++;
  const { tree } = treeAt(rendered, path.slice(0, depth));
  const parent = [name, ...path.slice(0, depth)].join(".");
  const step = path[depth] ?? "";
  if (tree.kind === "sequence") {
    const count = tree.items.length;
    return `${parent} has ${count} ${count === 1 ? "entry" : "entries"}${count === 0 ? "" : `, 0 to ${count - 1}`}`;
  }
  const schema = variableSchema(name);
  const known = schema instanceof z.ZodType ? keysAt(schema, path.slice(0, depth)) : [];
  if (tree.kind !== "mapping" && known.length === 0) return `${parent} is no mapping`;
  const keys = new Set([...(tree.kind === "mapping" ? tree.entries.keys() : []), ...known]);
  const near = nearest(step, keys) ?? nearest(path.slice(depth).join("."), keys);
  return near === undefined ? suggest(step, keys) : `did you mean "${parent}.${near}"?`;
}

function chainLines(
  { chain, winner }: EffectiveVar,
  path: readonly string[],
  inventory: Inventory,
  { colors }: Io,
): string[] {
  return [...chain].reverse().map((definition) => {
    const { tree, found } = treeAt(definition.tree, path);
    const isHere = found || isTemplate(tree);
    const place = formatPosition(isHere ? tree.at : definition.at);
    const value = isHere ? compact(tree) : "(whole variable, without this key)";
    const owner = `${definition.owner.kind} ${definition.owner.name}`;
    const verdict = definition === winner ? `wins: ${reason(definition, chain, inventory)}` : "overridden as a whole";
    const line = `  ${place}  ${value}  (${owner}) ${verdict}`;
    return definition === winner ? line : colors.dim(line);
  });
}

/** Whether what is below is known only after rendering. */
const isTemplate = (tree: Tree): boolean =>
  tree.kind === "scalar" && tree.tag === undefined && typeof tree.value === "string" && tree.value.includes("{{");

function reason(winner: Definition, chain: readonly Definition[], inventory: Inventory): string {
  if (chain.length === 1) return "nothing else sets it";
  const rival = chain[chain.length - 2];
  if (winner.owner.kind === "host") {
    return rival?.owner.kind === "host"
      ? "host_vars are stronger than the hosts file"
      : "a host is stronger than its groups";
  }
  return rival ? betweenGroups(winner, rival, inventory) : "nothing else sets it";
}

/** The rule that decided, in the order in which Ansible asks them (model/merge.ts). */
function betweenGroups(winner: Definition, rival: Definition, { groups, sources }: Inventory): string {
  if (rival.owner.name === winner.owner.name) return "the later file of the same group wins";
  if (rival.owner.name === "all") return "every group is stronger than all";
  if (sources.includes(rival.at.file) && !sources.includes(winner.at.file)) {
    return "group_vars are stronger than the variables of groups in a hosts file";
  }
  const [own, other] = [groups.get(winner.owner.name), groups.get(rival.owner.name)];
  if (!own || !other) return "the stronger group wins";
  if (own.depth !== other.depth) {
    return `it is ${own.depth} groups below all, ${other.name} only ${other.depth}: the deeper group wins`;
  }
  if (own.priority !== other.priority) {
    return `its ansible_group_priority is ${own.priority}, that of ${other.name} ${other.priority}: the higher one wins`;
  }
  return `${own.name} comes after ${other.name} in the alphabet, and they are equal in depth and ansible_group_priority`;
}

/** The tier's value that a host's own size stands against. */
function tierLines(name: string, path: readonly string[], result: LoadResult, host: string): string[] {
  const [key = ""] = path;
  if (!isSize(key) || path.length !== 1 || (name !== "proxmox_lxc" && name !== "proxmox_vm")) return [];
  const tierName = FALLBACKS[key];
  const tier = effectiveVars(result.inventory, host).get(tierName);
  const value = result.vars.get(host)?.get(tierName);
  const guest = result.vars.get(host)?.get(name);
  if (!tier || !value || !guest) return [];
  const own = treeAt(guest, path).tree;
  if (own.via?.some(({ expression }) => expression.includes(tierName)) || compact(own) === compact(value)) return [];
  const { owner } = tier.winner;
  const exception = treeAt(guest, ["exceptions", key]);
  const why = exception.found
    ? `${formatPosition(exception.tree.at)}  because: ${compact(exception.tree)}`
    : "no reason is given";
  return [
    `  ${formatPosition(value.at)}  ${compact(value)}  (${owner.kind} ${owner.name}: ${tierName}) not used: the host's own value is an exception`,
    `    ${why}`,
  ];
}

function credentialLines({ lab }: LoadResult, host: string, name: string, path: readonly string[]): string[] {
  const guest = lab?.guests.find((each) => each.name === host);
  const key =
    name === "proxmox_lxc" || name === "proxmox_vm"
      ? path.join(".")
      : name.replace(/^lxc_/, "") + path.map((part) => `.${part}`).join("");
  if (!guest || key === "") return [];
  const { credential, needs } = guestNeeds(guest);
  const own = needsOf(needs, key);
  const others = needs.filter((need) => need.credential === "root" && !own.includes(need)).map(({ option }) => option);
  const whole =
    own.length > 0 && credential === "root" && others.length > 0
      ? [`  but root@pam manages the whole guest, because of ${others.join(", ")}`]
      : [];
  return [...own.map((need) => `  needs ${needText(need)}`), ...whole];
}

export function needText({ avoid, credential, grants, option, why }: Need): string {
  if (credential === "root") return `the password of root@pam for ${option}: ${why}; to avoid it, ${avoid}`;
  return `the API token with ${grants.map(({ path, privilege }) => `${privilege} on ${path}`).join(", ")}`;
}
