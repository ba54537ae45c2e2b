import type { Sources } from "../lab";
import type { Position } from "../problem";
import { type Tree, treeAt, writtenAt } from "../tree";

/**
 * Notes where the fields of one entity of the lab were written. What is noted is looked up when somebody asks, which of a
 * sound guest hardly anybody does.
 */
export class Origins {
  private readonly of: { [path: string]: Position } = {};
  private readonly written: { [path: string]: Position } = {};
  /** What has been noted and not looked up yet. Undefined once somebody has asked. */
  private waiting: (() => void)[] | undefined = [];

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

  /** Each key of the variable is a field of the same name. */
  noteAll(): void {
    const { tree } = this;
    if (tree.kind !== "mapping") return;
    this.later(() => {
      for (const [key, { value }] of tree.entries) this.keep(key, value);
    });
  }

  /** The lab's field `field` was written at `path` of the variable, if it is there at all. */
  note(field: string, ...path: readonly PropertyKey[]): void {
    this.later(() => {
      const found = treeAt(this.tree, path);
      if (found.found) this.keep(field, found.tree);
    });
  }

  /** The lab's field comes from another variable. */
  noteTree(field: string, tree: Tree | undefined): void {
    if (tree) this.later(() => this.keep(field, tree));
  }

  /** The lab's field comes from a field of another entity. */
  noteField(field: string, sources: Sources, other: string): void {
    const at = sources.of[other];
    if (!at) return;
    this.later(() => {
      this.of[field] = at;
      const written = sources.written?.[other];
      if (written) this.written[field] = written;
    });
  }

  /** Puts off what notes several fields, until somebody asks for any. */
  later(note: () => void): void {
    if (this.waiting) this.waiting.push(note);
    else note();
  }

  sources(): Sources {
    const lookedUp = () => this.lookedUp();
    return {
      at: this.at,
      get of() {
        return lookedUp().of;
      },
      get written() {
        return lookedUp().written;
      },
    };
  }

  private keep(field: string, tree: Tree): void {
    this.of[field] = tree.at;
    if (tree.via) this.written[field] = writtenAt(tree);
  }

  private lookedUp() {
    const { of, waiting = [], written } = this;
    this.waiting = undefined;
    for (const note of waiting) note();
    return { of, written };
  }
}
