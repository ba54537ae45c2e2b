import type { Position } from "../problem";

/** Where a value was written: `of["memory"]`, `of["nics.0.address"]`; `at` for the entity itself. */
export interface Sources {
  readonly at: Position;
  readonly of: { readonly [path: string]: Position };
  /** Where the value itself was written, of the fields for which `of` is a template: `{{ lxc_memory }}`. */
  readonly written?: { readonly [path: string]: Position };
}

/** Where the value of a field was written in the end: the line to change for another value. */
export const causeOf = ({ of, written }: Sources, field: string): Position | undefined => written?.[field] ?? of[field];

/** Where the first of these fields was written that was written at all, else the entity. */
export function placeOf({ at, of }: Sources, ...fields: readonly string[]): Position {
  for (const field of fields) {
    const found = of[field];
    if (found) return found;
  }
  return at;
}
