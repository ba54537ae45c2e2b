import type { Position } from "../problem";
import { isPlain } from "../traits";
import type { MappingEntry, ScalarTree, Tree } from "../tree";

const sizes = new WeakMap<Tree, number>();

/** How many values a tree has, shared ones counted as often as they appear. */
export function sizeOf(tree: Tree): number {
  if (tree.kind === "scalar") return 1;
  let size = sizes.get(tree);
  if (size === undefined) {
    const parts = tree.kind === "sequence" ? tree.items : [...tree.entries.values()].map(({ value }) => value);
    size = parts.reduce((sum, part) => sum + sizeOf(part), 1);
    sizes.set(tree, size);
  }
  return size;
}

/** The same collection with other parts. */
export function mapParts(tree: Exclude<Tree, ScalarTree>, render: (part: Tree) => Tree): Tree {
  if (tree.kind === "sequence") return { ...tree, items: tree.items.map(render) };
  const entries = new Map<string, MappingEntry>();
  for (const [key, entry] of tree.entries) {
    const value = render(entry.value);
    entries.set(key, value === entry.value ? entry : { ...entry, value });
  }
  return { ...tree, entries };
}

/** The way from a tree to a template in it. */
export function pathIn(tree: Tree, wanted: Tree): string[] | undefined {
  if (tree === wanted) return [];
  if (tree.kind === "scalar" || isPlain(tree)) return undefined;
  const parts: (readonly [string, Tree])[] =
    tree.kind === "sequence"
      ? tree.items.map((item, index) => [String(index), item] as const)
      : [...tree.entries].map(([key, { value }]) => [key, value] as const);
  for (const [key, part] of parts) {
    const found = pathIn(part, wanted);
    if (found) return [key, ...found];
  }
  return undefined;
}

/** Where an offset of a string stands in its file; text that spans lines is only known to begin at its own place. */
export function placeIn(tree: ScalarTree, offset: number): Position {
  const text = String(tree.value);
  if (tree.style === "block" || text.lastIndexOf("\n", offset) >= 0) return tree.at;
  // A plain scalar cannot begin with a brace, so a template that does is quoted.
  const quoted = tree.style === "quoted" || (tree.style === undefined && text.startsWith("{"));
  return { ...tree.at, column: tree.at.column + offset + (quoted ? 1 : 0) };
}

export const samePlace = (a: Position, b: Position) => a.file === b.file && a.line === b.line && a.column === b.column;

export const before = (a: Position, b: Position) =>
  a.file === b.file ? a.line < b.line || (a.line === b.line && a.column < b.column) : a.file < b.file;
