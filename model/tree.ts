import type { Position } from "./problem";

/** What a YAML scalar can be once read as PyYAML reads it. Timestamps arrive as the strings that `ansible-inventory` prints. */
export type Scalar = string | number | bigint | boolean | null;

/** A YAML value in which every part knows its place. Trees are immutable and shared: aliases and merges point at one tree. */
export type Tree = ScalarTree | SequenceTree | MappingTree;

export interface ScalarTree {
  readonly kind: "scalar";
  readonly at: Position;
  readonly value: Scalar;
  /** `vault` for `!vault` text, which is never decrypted here; `unsafe` for `!unsafe` (never rendered). */
  readonly tag?: "vault" | "unsafe";
  /** Which secret vault text is. Only after rendering (model/vault/names.ts). */
  readonly secret?: VaultSecret;
  /** True for a number that was written as a float, so that `1.0` is printed as Ansible prints it. */
  readonly float?: true;
  /** How it was written, where that shifts the place of its text: behind a quote, or on the lines below (`|`, `>`). */
  readonly style?: "quoted" | "block";
  /** True for a `{{ … }}` that could not be rendered: a problem says why, and no other check need look at it. */
  readonly broken?: true;
  /** The `{{ … }}` references that were followed to get here, nearest first. Only after rendering. */
  readonly via?: readonly Reference[];
}

/** A secret whose value is in the inventory, encrypted. */
export interface VaultSecret {
  /** The Terraform variable that it becomes. */
  readonly name: string;
  readonly origin: SecretOrigin;
  /** For a name that no readable file sets: what else may have been meant. */
  readonly instead?: string;
}

/** Where a secret's value is encrypted: in `!vault` text, or under a path in the encrypted files that a host sees. */
export type SecretOrigin =
  | { readonly kind: "text"; readonly text: string; readonly at: Position; readonly owner: string }
  | { readonly kind: "file"; readonly host: string; readonly owner: string; readonly path: readonly string[] };

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
  /** Where the value that replaced it was written; absent for facts such as `inventory_hostname`, and for literals. */
  readonly from?: Position;
  /** True where a fact such as `inventory_hostname` was looked up for it. */
  readonly fact?: true;
  /** What a default stood in for, each with the reason: `color is not set`. */
  readonly defaults?: readonly string[];
  /** True where more than the value at `from` decides: text around it, other references, arithmetic. */
  readonly computed?: true;
}

/** Where a rendered value was written: what lone references in the end led to, else the template that makes it. */
export function writtenAt({ at, via = [] }: Tree): Position {
  let place = at;
  for (const link of via) {
    // The way to a mapping whose key is meant is told too: it starts elsewhere.
    const isNext = link.at.file === place.file && link.at.line === place.line && link.at.column >= place.column;
    if (!isNext) continue;
    if (link.computed || !link.from) break;
    place = link.from;
  }
  return place;
}

/** The plain JavaScript value of a tree; vault text is the reference to its secret. */
export type Plain = Scalar | readonly Plain[] | { readonly [key: string]: Plain };

const OWN = { enumerable: true, configurable: true, writable: true } as const;

export function toPlain(tree: Tree): Plain {
  switch (tree.kind) {
    case "scalar":
      return tree.tag === "vault" ? { secret: tree.secret?.name ?? "" } : tree.value;
    case "sequence":
      return tree.items.map(toPlain);
    case "mapping": {
      const plain: { [key: string]: Plain } = {};
      for (const [key, { value }] of tree.entries) {
        if (key === "__proto__") Object.defineProperty(plain, key, { value: toPlain(value), ...OWN });
        else plain[key] = toPlain(value);
      }
      return plain;
    }
  }
}

/** The trees on the way to `path`, the root first, as far as they exist. */
export function treesTo(tree: Tree, path: readonly PropertyKey[]): readonly Tree[] {
  const way = [tree];
  for (const step of path) {
    const next = treeAt(way.at(-1)!, [step]);
    if (!next.found) break;
    way.push(next.tree);
  }
  return way;
}

/** The path that a dotted key means: keys of mappings may have dots themselves, and the longest that is there counts. */
export function pathIn(tree: Tree, parts: readonly string[]): readonly string[] {
  if (parts.length === 0) return [];
  const lengths = tree.kind === "mapping" ? parts.map((_, index) => parts.length - index) : [];
  const length = lengths.find((each) => treeAt(tree, [parts.slice(0, each).join(".")]).found) ?? 1;
  const step = parts.slice(0, length).join(".");
  const rest = parts.slice(length);
  const next = treeAt(tree, [step]);
  return [step, ...(next.found ? pathIn(next.tree, rest) : rest)];
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
