import type { Definition, Inventory, VarLayer } from "../model/inventory";
import { effectiveVars } from "../model/merge";
import { formatPosition, type Position } from "../model/problem";
import { type Reference, type Tree, treesTo } from "../model/tree";
import { compact } from "./values";

interface Found {
  readonly path: string;
  readonly link: Reference;
}

/** What is explained: a part of a host's variable. */
interface Part {
  readonly host: string;
  readonly name: string;
  readonly path: readonly string[];
  /** The whole variable, rendered. */
  readonly variable: Tree;
}

/**
 * The references that a value, all that it is a part of, and everything in it was reached by, each once; with the path
 * where that is not the value's own. Of a part of what was referred to, the place where the part is written comes last.
 */
export function referenceLines({ host, name, path, variable }: Part, inventory: Inventory): string[] {
  const once = new Map<string, Found>();
  const way = treesTo(variable, path);
  const tree = way.at(-1)!;
  const key = [name, ...path].join(".");
  const above = way.slice(0, -1).flatMap(({ via = [] }, depth) => {
    const whole = [name, ...path.slice(0, depth)].join(".");
    return via.map((link) => ({ path: whole, link }));
  });
  for (const found of [...above, ...referencesIn(tree, key)]) {
    const id = `${formatPosition(found.link.at)} ${found.link.expression}`;
    if (!once.has(id)) once.set(id, found);
  }
  const lines = [...once.values()].map(({ link, path: at }) => {
    const part = at === key ? "" : `${at}  `;
    return `  ${formatPosition(link.at)}  ${part}{{ ${link.expression} }} → ${outcome(link, inventory, host)}`;
  });
  const taker = way.findLast(({ via }) => via);
  // What a template spells out itself is written where the template is, which the first lines say.
  if (!taker || (taker.at.file === tree.at.file && taker.at.line === tree.at.line)) return lines;
  return [...lines, `  ${formatPosition(tree.at)}  ${compact(tree)}${ownerText(tree.at, inventory, host)}`];
}

function ownerText(at: Position, inventory: Inventory, host: string): string {
  const owner = ownerOf(at, inventory, host);
  return owner ? `  (${owner.kind} ${owner.name})` : "";
}

function referencesIn(tree: Tree, path: string): Found[] {
  const own = (tree.via ?? []).map((link) => ({ path, link }));
  const parts = partsOf(tree).flatMap(([step, part]) => referencesIn(part, `${path}.${step}`));
  return [...own, ...parts];
}

function partsOf(tree: Tree): (readonly [string, Tree])[] {
  if (tree.kind === "scalar") return [];
  if (tree.kind === "sequence") return tree.items.map((item, index) => [String(index), item] as const);
  return [...tree.entries].map(([name, { value }]) => [name, value] as const);
}

/** What a reference led to. */
function outcome({ defaults = [], fact, from }: Reference, inventory: Inventory, host: string): string {
  const source = from
    ? `${formatPosition(from)}${ownerText(from, inventory, host)}`
    : fact && "a fact that Ansible knows of the host";
  const reasons = [...new Set(defaults)].map((reason) => `${reason}, so the default is used`);
  const parts = source ? [source, ...reasons] : reasons;
  return parts.length > 0 ? parts.join("; ") : "computed from nothing that is set";
}

/**
 * The group or host that a value is written for, whichever host's variable led there. An anchor's value belongs to
 * every place that repeats it: the one that the host itself sees is the one that counts.
 */
function ownerOf(at: Position, inventory: Inventory, host: string): Definition["owner"] | undefined {
  const owners = [
    ...[...inventory.groups.values()].map(({ layers, name }) => ({ kind: "group" as const, name, layers })),
    ...[...inventory.hosts.values()].map(({ layers, name }) => ({ kind: "host" as const, name, layers })),
  ].filter(({ layers }) => layers.some((layer) => sets(layer, at)));
  const seen = owners.length < 2 ? undefined : winners(inventory, host).find(({ tree }) => holds(tree, at))?.owner;
  return seen ?? owners[0];
}

const winners = (inventory: Inventory, host: string) =>
  [...effectiveVars(inventory, host).values()].map(({ winner }) => winner);

const sets = ({ file, vars }: VarLayer, at: Position) => file === at.file && holds(vars, at);

const holds = (tree: Tree, at: Position): boolean =>
  formatPosition(tree.at) === formatPosition(at) || partsOf(tree).some(([, part]) => holds(part, at));
