import type { Position, Problem } from "../problem";
import type { Reference, ScalarTree, Tree } from "../tree";
import type { Scope } from "./scope";

/** What an expression yields. */
export type Value = Known | Missing | { readonly kind: "hostvars" } | { readonly kind: "host"; readonly scope: Scope };

export interface Known {
  readonly kind: "known";
  readonly tree: Tree;
  /** Whose variables the references in the tree mean; absent when nothing in it is left to render. */
  readonly scope?: Scope | undefined;
  readonly via: readonly Reference[];
  /** True for a fact or a computed value: written nowhere. */
  readonly fact?: true;
}

/** What was looked up for one `{{ … }}`. */
export interface Lookups {
  /** Values, in the order of the expression. */
  readonly consulted: Known[];
  /** What defaults stood in for (Reference.defaults). */
  readonly defaults: string[];
}

/** A name or key that does not exist: an error unless `default` or `is defined` looks at it. */
export interface Missing {
  readonly kind: "missing";
  readonly problem: () => Problem;
  /** The secret that it is taken for, because the host sees encrypted files: for whoever needs a value. */
  readonly sealed?: ScalarTree | undefined;
}

/** A template that cannot be rendered: thrown to where the value is wanted, where it becomes data again. */
export class Failure extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** Builds the results of one expression, all at its place. */
export interface Maker {
  scalar(value: string | number | bigint | boolean | null, float?: boolean): Tree;
  sequence(items: readonly Tree[]): Tree;
  mapping(entries: readonly (readonly [string, Tree])[]): Tree;
  fail(message: string, fix?: string): never;
}

export function maker(at: Position, fail: Maker["fail"]): Maker {
  return {
    scalar: (value, float) => (float ? { kind: "scalar", at, value, float } : { kind: "scalar", at, value }),
    sequence: (items) => ({ kind: "sequence", at, items }),
    mapping: (entries) => ({
      kind: "mapping",
      at,
      entries: new Map(entries.map(([key, value]) => [key, { keyAt: at, value }])),
    }),
    fail,
  };
}
