import type { Position } from "../problem";

/** Where a value was written: `of["memory"]`, `of["nics.0.address"]`; `at` for the entity itself. */
export interface Sources {
  readonly at: Position;
  readonly of: { readonly [path: string]: Position };
}
