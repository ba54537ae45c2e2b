import type { Alias, ParsedNode, YAMLMap, YAMLSeq, Scalar as YamlScalar } from "yaml";
import { isAlias, isMap, isScalar } from "yaml";
import type { Position, Problem } from "../problem";
import { suggest } from "../schema/nearest";
import type { MappingEntry, MappingTree, ScalarTree, Tree } from "../tree";
import { keyText } from "./scalar";
import type { Source } from "./source";
import { keyProblem } from "./syntax";
import { collectionKind, isLeftOut, isMergeKey, isVault, resolveScalar, shownTag, styleOf } from "./tags";

/** Deeper nesting than this is refused: nothing readable needs it, and every reader of a tree recurses. */
export const MAX_DEPTH = 100;
/** What aliases and merge keys may add to a file's own values before it is taken for an alias bomb. */
const MAX_SHARED = 1_000_000;

interface Anchor {
  readonly at: Position;
  /** Absent while the anchored value is being read: an alias to it would contain itself. */
  done?: { readonly tree: Tree; readonly size: number; readonly height: number };
}

interface Key {
  readonly text: string;
  readonly entry: { readonly keyAt: Position; readonly keyNotString?: true };
}

/** Turns the nodes of one YAML document into a tree, the way PyYAML's SafeLoader and Ansible's tags construct values. */
export class TreeComposer {
  readonly problems: Problem[] = [];
  private readonly anchors = new Map<string, Anchor>();
  private size = 0;
  private shared = 0;
  private deepest = 0;
  private unsafe = 0;
  /** Stand-ins for aliases that were refused, which is reported once. */
  private readonly refused = new WeakSet<Tree>();

  constructor(private readonly source: Source) {}

  compose(node: ParsedNode): Tree {
    return this.node(node, 1, this.source.at(node.range[0]));
  }

  /** `empty` is where a value that was left out is said to stand. */
  private node(node: ParsedNode | null, depth: number, empty: Position): Tree {
    this.size++;
    this.deepest = Math.max(this.deepest, depth);
    if (node === null) return { kind: "scalar", at: empty, value: null };
    if (isAlias(node)) return this.alias(node, depth);
    if (depth > MAX_DEPTH) return this.tooDeep(node.range[0]);
    if (node.anchor === undefined) return this.tagged(node, depth, empty);

    const anchor: Anchor = { at: this.source.at(node.range[0]) };
    this.addAnchor(node.anchor, anchor, node.range[0]);
    const [size, deepest] = [this.size, this.deepest];
    this.deepest = depth;
    const tree = this.tagged(node, depth, empty);
    anchor.done = { tree, size: this.size - size + 1, height: this.deepest - depth };
    this.deepest = Math.max(this.deepest, deepest);
    return tree;
  }

  private addAnchor(name: string, anchor: Anchor, offset: number): void {
    const first = this.anchors.get(name);
    if (first) {
      this.problems.push({
        ...this.source.error(
          "yaml-duplicate-anchor",
          offset,
          `the anchor &${name} is already taken`,
          "rename one of them",
        ),
        also: [{ at: first.at, note: `first &${name}` }],
      });
    }
    this.anchors.set(name, anchor);
  }

  private alias(node: Alias.Parsed, depth: number): Tree {
    const offset = node.range[0];
    const anchor = this.anchors.get(node.source);
    const none: ScalarTree = { kind: "scalar", at: this.source.at(offset), value: null, broken: true };
    this.refused.add(none);
    if (!anchor) {
      this.fail(
        "yaml-unknown-anchor",
        offset,
        `*${node.source} refers to no anchor above it`,
        suggest(node.source, this.anchors.keys()),
      );
      return none;
    }
    if (!anchor.done) {
      this.fail(
        "yaml-recursive-anchor",
        offset,
        `*${node.source} stands inside &${node.source}, so the value contains itself`,
        "write the value out, or move it out of the anchor",
      );
      return none;
    }
    const { tree, size, height } = anchor.done;
    if (depth + height > MAX_DEPTH) return this.tooDeep(offset);
    this.deepest = Math.max(this.deepest, depth + height);
    this.size += size - 1;
    return this.share(size, offset) ? tree : none;
  }

  /** Counts what aliases and merges repeat; false, with one problem, once that is out of all proportion. */
  private share(size: number, offset: number): boolean {
    const before = this.shared;
    this.shared += size;
    if (this.shared <= MAX_SHARED) return true;
    if (before <= MAX_SHARED) {
      this.fail(
        "yaml-alias-bomb",
        offset,
        `the aliases up to here repeat more than ${MAX_SHARED} values`,
        "repeat less: an inventory never needs that many",
      );
    }
    return false;
  }

  private tooDeep(offset: number): Tree {
    if (!this.problems.some(({ rule }) => rule === "yaml-depth")) {
      this.fail("yaml-depth", offset, `values are nested more than ${MAX_DEPTH} levels deep`, "flatten them");
    }
    return { kind: "scalar", at: this.source.at(offset), value: null };
  }

  private tagged(node: Exclude<ParsedNode, Alias.Parsed>, depth: number, empty: Position): Tree {
    if (node.tag !== "!unsafe") return this.untainted(node, depth, empty);
    this.unsafe++;
    try {
      return this.untainted(node, depth, empty);
    } finally {
      this.unsafe--;
    }
  }

  private untainted(node: Exclude<ParsedNode, Alias.Parsed>, depth: number, empty: Position): Tree {
    if (isScalar(node)) return this.scalar(node, empty);
    const kind = collectionKind(node.tag);
    if (isMap(node)) {
      if (kind === "set") return this.keysOf(node, depth);
      if (kind !== undefined && kind !== "map") this.unknownTag(node);
      return this.mapping(node, depth);
    }
    if (kind === "omap" || kind === "pairs") return this.pairs(node, depth);
    if (kind !== undefined && kind !== "seq") this.unknownTag(node);
    return this.sequence(node, depth);
  }

  private scalar(node: YamlScalar.Parsed, empty: Position): ScalarTree {
    const text = String(node.value ?? "");
    const offset = node.range[0];
    const at = isLeftOut(node) ? empty : this.source.at(offset);
    const written = { kind: "scalar", at, ...styleOf(node) } as const;
    const resolved = resolveScalar(node, text);
    if (!resolved || "problem" in resolved) {
      if (resolved) this.fail("yaml-value", offset, resolved.problem, resolved.fix);
      else this.unknownTag(node);
      return { ...written, value: text };
    }
    // A date is printed as text, but it is none to Ansible, so !unsafe and !vault do not apply to it.
    const isText = typeof resolved.value === "string" && (node.type !== "PLAIN" || resolved.value === text);
    if (isVault(node.tag)) {
      const message = `${node.tag} must be followed by encrypted text`;
      if (!isText) this.fail("yaml-tag", offset, message, "write it with ansible-vault encrypt_string");
      return { ...written, value: text, tag: "vault" };
    }
    return isText && this.unsafe > 0 ? { ...written, value: text, tag: "unsafe" } : { ...written, ...resolved };
  }

  private unknownTag(node: ParsedNode): void {
    const tag = shownTag(node.tag ?? "");
    const message = `the tag ${tag} cannot be used here: an inventory knows !vault, !unsafe, !!str, !!int, !!float, !!bool`;
    this.fail("yaml-tag", node.range[0], message, `remove ${tag}`);
  }

  private sequence(node: YAMLSeq.Parsed, depth: number): Tree {
    const at = this.source.at(node.range[0]);
    return { kind: "sequence", at, items: node.items.map((item) => this.node(item as ParsedNode, depth + 1, at)) };
  }

  /** `!!set` is a list to ansible-inventory; Python prints it in no stable order, here it keeps the written one. */
  private keysOf(node: YAMLMap.Parsed, depth: number): Tree {
    const { at, entries } = this.mapping(node, depth);
    return {
      kind: "sequence",
      at,
      items: [...entries].map(([value, { keyAt }]) => ({ kind: "scalar", at: keyAt, value })),
    };
  }

  private pairs(node: YAMLSeq.Parsed, depth: number): Tree {
    const items = node.items.flatMap((item): Tree[] => {
      const tree = this.node(item as ParsedNode, depth + 1, this.source.at(node.range[0]));
      if (tree.kind === "mapping" && tree.entries.size === 1) {
        const [[key, { keyAt, value }]] = [...tree.entries] as [[string, MappingEntry]];
        return [{ kind: "sequence", at: tree.at, items: [{ kind: "scalar", at: keyAt, value: key }, value] }];
      }
      this.problems.push({
        rule: "yaml-tag",
        severity: "error",
        at: tree.at,
        message: "expected a mapping with one key in a list of pairs",
      });
      return [];
    });
    return { kind: "sequence", at: this.source.at(node.range[0]), items };
  }

  private mapping(node: YAMLMap.Parsed, depth: number): MappingTree {
    const own = new Map<string, MappingEntry>();
    const merged = new Map<string, MappingEntry>();
    for (const pair of node.items) {
      const keyNode = pair.key as ParsedNode | null;
      const offset = keyNode?.range[0] ?? node.range[0];
      if (isScalar(keyNode) && isMergeKey(keyNode)) {
        this.merge(pair.value as ParsedNode | null, depth, offset, merged);
        continue;
      }
      const key = this.key(keyNode, offset, depth + 1);
      const value = this.node(pair.value as ParsedNode | null, depth + 1, key?.entry.keyAt ?? this.source.at(offset));
      if (!key) continue;
      const first = own.get(key.text);
      if (first) this.duplicate(key, first);
      own.set(key.text, { ...key.entry, value });
    }
    const at = this.source.at(node.range[0]);
    if (merged.size === 0) return { kind: "mapping", at, entries: own };
    for (const [key, entry] of own) merged.set(key, entry);
    return { kind: "mapping", at, entries: merged };
  }

  private duplicate(key: Key, first: MappingEntry): void {
    this.problems.push({
      rule: "yaml-duplicate-key",
      severity: "error",
      at: key.entry.keyAt,
      message: `"${key.text}" stands twice in one mapping (lines ${first.keyAt.line} and ${key.entry.keyAt.line}); Ansible would silently use the last`,
      fix: "remove or rename one of them",
      also: [{ at: first.keyAt, note: `first "${key.text}"` }],
    });
  }

  /** `<<`: later lists lose to earlier ones, and all of them to the mapping's own keys. */
  private merge(node: ParsedNode | null, depth: number, offset: number, into: Map<string, MappingEntry>): void {
    const value = this.node(node, depth + 1, this.source.at(offset));
    const parts = value.kind === "sequence" ? [...value.items].reverse() : [value];
    for (const part of parts) {
      if (this.refused.has(part)) continue;
      if (part.kind !== "mapping") {
        this.fail(
          "yaml-merge",
          offset,
          "expected a mapping, or a list of mappings, after <<",
          "name an anchor of a mapping: <<: *name",
        );
        continue;
      }
      if (!this.share(part.entries.size, offset)) return;
      for (const [key, entry] of part.entries) into.set(key, entry);
    }
  }

  private key(node: ParsedNode | null, offset: number, depth: number): Key | undefined {
    const keyAt = this.source.at(offset);
    const tree: Tree =
      isScalar(node) && node.value === "=" ? { kind: "scalar", at: keyAt, value: "=" } : this.node(node, depth, keyAt);
    if (tree.kind !== "scalar" || isLeftOut(node)) {
      this.problems.push(keyProblem(this.source, offset, tree.kind === "scalar"));
      return undefined;
    }
    const notString = typeof tree.value !== "string";
    return {
      text: keyText(tree.value, tree.float ?? false),
      entry: notString ? { keyAt, keyNotString: true } : { keyAt },
    };
  }

  private fail(rule: string, offset: number, message: string, fix?: string): void {
    this.problems.push(this.source.error(rule, offset, message, fix));
  }
}
