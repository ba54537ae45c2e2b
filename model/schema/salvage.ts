import type { z } from "zod";
import { type Tree, toPlain } from "../tree";

/** What is sound of a faulty variable, and which of its own keys have a fault. */
export interface Salvaged<T> {
  /** Absent when what is left makes no value. Never for anything but finding further problems. */
  readonly value?: T;
  readonly faulty: ReadonlySet<string>;
}

/** Each round takes away what the one before has brought to light: a mapping without its faulty key may lack a needed one. */
const ROUNDS = 4;

const cache = new WeakMap<z.ZodType, WeakMap<Tree, Salvaged<unknown>>>();

/** Takes the faulty keys out of a mapping, the smallest part that can go: of a list with a fault the whole list. */
export function salvage<S extends z.ZodType>(schema: S, tree: Tree): Salvaged<z.output<S>> {
  const known = cache.get(schema) ?? new WeakMap<Tree, Salvaged<unknown>>();
  cache.set(schema, known);
  const found = known.get(tree) ?? prune(schema, tree);
  known.set(tree, found);
  return found as Salvaged<z.output<S>>;
}

/** Whether the mapping names `key`, but with faults, so that nothing can be concluded from what it lacks. */
export function isFaulty(schema: z.ZodType, tree: Tree | undefined, key: string): boolean {
  if (!tree) return false;
  const isNamed = tree.kind !== "mapping" || tree.entries.has(key);
  return isNamed && (salvage(schema, tree).faulty.has(key) || salvage(schema, tree).value === undefined);
}

function prune<S extends z.ZodType>(schema: S, tree: Tree): Salvaged<z.output<S>> {
  const faulty = new Set<string>();
  let left: Tree = tree;
  for (let round = 0; round <= ROUNDS; round++) {
    const result = schema.safeParse(toPlain(left));
    if (result.success) return { value: result.data, faulty };
    const cuts = result.error.issues.flatMap((issue) =>
      (issue.code === "unrecognized_keys" ? issue.keys : [[]]).map((key) => cutFor(left, [...issue.path, key].flat())),
    );
    for (const [first] of cuts) if (first !== undefined) faulty.add(first);
    left = cuts.reduce(without, left);
  }
  return { faulty };
}

/** The way to what has to go for the fault at `path`: the deepest key on it, or, where a key is missing, what lacks it. */
function cutFor(tree: Tree, path: readonly PropertyKey[]): string[] {
  const way: string[] = [];
  let here = tree;
  for (const step of path.map(String)) {
    if (here.kind !== "mapping") break;
    const next = here.entries.get(step);
    if (!next) break;
    way.push(step);
    here = next.value;
  }
  return way;
}

/** The tree without what stands at the end of `way`, if it is still there. */
function without(tree: Tree, [step, ...rest]: readonly string[]): Tree {
  const entry = tree.kind === "mapping" && step !== undefined ? tree.entries.get(step) : undefined;
  if (tree.kind !== "mapping" || step === undefined || !entry) return tree;
  const entries = new Map(tree.entries);
  if (rest.length > 0) entries.set(step, { ...entry, value: without(entry.value, rest) });
  else entries.delete(step);
  return { ...tree, entries };
}
