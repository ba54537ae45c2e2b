import type { Definition, Inventory, VarLayer } from "../model/inventory";
import { effectiveVars } from "../model/merge";
import { formatPosition, type Position } from "../model/problem";
import type { Reference, Tree } from "../model/tree";

interface Found {
  readonly path: string;
  readonly link: Reference;
}

/** The references that a value and everything in it was reached by, each once; those of a part with its path. */
export function referenceLines(tree: Tree, key: string, inventory: Inventory, host: string): string[] {
  const once = new Map<string, Found>();
  for (const found of referencesIn(tree, key)) {
    const id = `${formatPosition(found.link.at)} ${found.link.expression}`;
    if (!once.has(id)) once.set(id, found);
  }
  return [...once.values()].map(({ link, path }) => {
    const part = path === key ? "" : `${path}  `;
    return `  ${formatPosition(link.at)}  ${part}{{ ${link.expression} }} → ${outcome(link, inventory, host)}`;
  });
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
  const owner = from && ownerOf(from, inventory, host);
  const source = from
    ? `${formatPosition(from)}${owner ? `  (${owner.kind} ${owner.name})` : ""}`
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
