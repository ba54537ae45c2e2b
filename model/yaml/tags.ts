import type { ParsedNode, Scalar } from "yaml";
import { isScalar } from "yaml";
import { construct, type Resolved, resolvePlain, type ScalarKind } from "./scalar";

const CORE = "tag:yaml.org,2002:";
const SCALAR_KINDS: readonly string[] = ["str", "int", "float", "bool", "null", "timestamp"];
const COLLECTIONS: readonly string[] = ["map", "seq", "set", "omap", "pairs"];

type CollectionKind = "map" | "seq" | "set" | "omap" | "pairs";

/** Which collection a tag asks for; undefined when it has no say, `unknown` when it is none of Ansible's. */
export function collectionKind(tag: string | undefined): CollectionKind | "unknown" | undefined {
  if (tag === undefined || tag === "!" || tag === "!unsafe") return undefined;
  const kind = tag.startsWith(CORE) ? tag.slice(CORE.length) : "";
  return isCollectionKind(kind) ? kind : "unknown";
}

/** The value of a scalar node; undefined when its tag is none of Ansible's. */
export function resolveScalar({ tag, type }: Scalar.Parsed, text: string): Resolved | undefined {
  if (tag === undefined) return type === "PLAIN" ? resolvePlain(text) : { value: text };
  // What follows these tags is resolved as if it were unquoted.
  if (tag === "!" || tag === "!unsafe" || isVault(tag)) return resolvePlain(text);
  const kind = tag.startsWith(CORE) ? tag.slice(CORE.length) : "";
  return isScalarKind(kind) ? construct(kind, text) : undefined;
}

export function isVault(tag: string | undefined): boolean {
  return tag === "!vault" || tag === "!vault-encrypted";
}

/** A tag as it is written. */
export function shownTag(tag: string): string {
  return tag.startsWith(CORE) ? `!!${tag.slice(CORE.length)}` : tag;
}

export function isMergeKey({ tag, type, value }: Scalar.Parsed): boolean {
  return tag === `${CORE}merge` || (value === "<<" && type === "PLAIN" && tag === undefined);
}

/** Nothing at all, as opposed to `~` or `""`. */
export function isLeftOut(node: ParsedNode | null): boolean {
  return node === null || (isScalar(node) && node.value === "" && node.type === "PLAIN" && node.tag === undefined);
}

function isScalarKind(kind: string): kind is Exclude<ScalarKind, "merge" | "value"> {
  return SCALAR_KINDS.includes(kind);
}

function isCollectionKind(kind: string): kind is CollectionKind {
  return COLLECTIONS.includes(kind);
}

/** How a scalar was written, where its text does not begin where it does. */
export function styleOf({ type }: Scalar.Parsed): { style?: "quoted" | "block" } {
  if (type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE") return { style: "quoted" };
  return type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED" ? { style: "block" } : {};
}
