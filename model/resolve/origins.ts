import type { Sources } from "../lab";
import type { Position } from "../problem";
import { type Tree, treeAt } from "../tree";

/** Notes where the fields of one entity of the lab were written. */
export class Origins {
  private readonly of: { [path: string]: Position } = {};

  constructor(
    private readonly at: Position,
    /** The variable that describes the entity. */
    private readonly tree: Tree,
  ) {}

  /** The place of `path` in the entity's variable, or of the deepest part of it that is written. */
  place(...path: readonly PropertyKey[]): Position {
    return treeAt(this.tree, path).tree.at;
  }

  /** Whether the entity's variable has `path` at all, right or wrong. */
  has(...path: readonly PropertyKey[]): boolean {
    return treeAt(this.tree, path).found;
  }

  /** Each of these keys of the variable that is written is a field of the same name. */
  noteAll(keys: readonly string[]): void {
    if (this.tree.kind !== "mapping") return;
    const { entries } = this.tree;
    for (const key of keys) {
      const entry = entries.get(key);
      if (entry) this.of[key] = entry.value.at;
    }
  }

  /** The lab's field `field` was written at `path` of the variable, if it is there at all. */
  note(field: string, ...path: readonly PropertyKey[]): void {
    const found = treeAt(this.tree, path);
    if (found.found) this.of[field] = found.tree.at;
  }

  /** The lab's field comes from another variable. */
  noteAt(field: string, at: Position | undefined): void {
    if (at) this.of[field] = at;
  }

  sources(): Sources {
    return { at: this.at, of: this.of };
  }
}
