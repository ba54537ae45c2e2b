import type { Scalar } from "../tree";

/** What stands between `{{` and `}}`, parsed. Offsets count from the start of the whole string. */
export type Expression = { readonly offset: number } & (
  | { readonly kind: "literal"; readonly value: Scalar; readonly float?: true }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "mapping"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "get"; readonly of: Expression; readonly key: Expression }
  | { readonly kind: "filter"; readonly of: Expression; readonly name: string; readonly args: Arguments }
  | { readonly kind: "test"; readonly of: Expression; readonly test: Test; readonly negated: boolean }
  | { readonly kind: "unary"; readonly operator: "not" | "-" | "+"; readonly of: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "if";
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | undefined;
    }
);

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: ReadonlyMap<string, Expression>;
}

export const TESTS = ["defined", "undefined", "none"] as const;
export type Test = (typeof TESTS)[number];
