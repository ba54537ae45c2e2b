import type { z } from "zod";

export type Context = z.core.$RefinementCtx;

/** Says of what stands at `path` in a value that is checked as a whole what is wrong with it, and what to do. */
export const refuse = (context: Context, path: readonly PropertyKey[], message: string, fix: string): void =>
  context.addIssue({ code: "custom", path: [...path], message, params: { fix } });

/**
 * A value whose `type` decides which keys it cannot do without, once a check has asked for them. The schema itself keeps all
 * keys of all types beside each other, so that a wrong one is told by its name.
 */
export type OfTypes<T extends { readonly type: string }, Needed extends Readonly<Record<T["type"], keyof T>>> = {
  [K in T["type"]]: T & { readonly type: K } & { readonly [Key in Needed[K]]-?: Exclude<T[Key], undefined> };
}[T["type"]];
