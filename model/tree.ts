import type { Position } from "./problem";

/** What a YAML scalar can be once read as PyYAML reads it. Timestamps arrive as the strings that `ansible-inventory` prints. */
export type Scalar = string | number | bigint | boolean | null;

/** A YAML value in which every part knows its place. Trees are immutable and shared: aliases and merges point at one tree. */
export type Tree = ScalarTree | SequenceTree | MappingTree;

export interface ScalarTree {
  readonly kind: "scalar";
  readonly at: Position;
  readonly value: Scalar;
  /** `vault` for `!vault` text that was not decrypted, `unsafe` for `!unsafe` (never rendered). */
  readonly tag?: "vault" | "unsafe";
  /** True for a number that was written as a float, so that `1.0` is printed as Ansible prints it. */
  readonly float?: true;
  /** How it was written, where that shifts the place of its text: behind a quote, or on the lines below (`|`, `>`). */
  readonly style?: "quoted" | "block";
  /** True for a `{{ … }}` that could not be rendered: a problem says why, and no other check need look at it. */
  readonly broken?: true;
  /** The `{{ … }}` references that were followed to get here, nearest first. Only after rendering. */
  readonly via?: readonly Reference[];
}

export interface SequenceTree {
  readonly kind: "sequence";
  readonly at: Position;
  readonly items: readonly Tree[];
  readonly via?: readonly Reference[];
}

export interface MappingTree {
  readonly kind: "mapping";
  readonly at: Position;
  readonly entries: ReadonlyMap<string, MappingEntry>;
  readonly via?: readonly Reference[];
}

export interface MappingEntry {
  readonly keyAt: Position;
  /** True when the key was not a string (`301:`, `yes:`); the map holds it as `ansible-inventory` prints it. */
  readonly keyNotString?: true;
  readonly value: Tree;
}

/** One `{{ name }}` that was replaced by the value of `name`, written at `at`. */
export interface Reference {
  readonly expression: string;
  readonly at: Position;
  /** Where the value that replaced it was written; absent for facts such as `inventory_hostname`. */
  readonly from?: Position;
}

/** The plain JavaScript value of a tree. */
export type Plain = Scalar | readonly Plain[] | { readonly [key: string]: Plain };

export function toPlain(tree: Tree): Plain {
  switch (tree.kind) {
    case "scalar":
      return tree.value;
    case "sequence":
      return tree.items.map(toPlain);
    case "mapping":
      return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, toPlain(entry.value)]));
  }
}

/** The subtree at `path`, or the deepest one that exists on the way there (so that a missing key is reported at its parent). */
export function treeAt(tree: Tree, path: readonly PropertyKey[]): { tree: Tree; keyAt?: Position; found: boolean } {
  let here: { tree: Tree; keyAt?: Position } = { tree };
  for (const step of path) {
    const current: Tree = here.tree;
    const next: MappingEntry | undefined =
      current.kind === "mapping"
        ? current.entries.get(String(step))
        : current.kind === "sequence" && current.items[Number(step)] !== undefined
          ? { keyAt: current.items[Number(step)]!.at, value: current.items[Number(step)]! }
          : undefined;
    if (!next) return { ...here, found: false };
    here = { tree: next.value, keyAt: next.keyAt };
  }
  return { ...here, found: true };
}
