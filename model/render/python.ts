import type { Scalar, ScalarTree, Tree } from "../tree";
import { pythonNumber } from "../yaml/scalar";

/** Python's view of trees: Jinja's operators and filters are Python's. */

const SPECIAL: Readonly<Record<string, string>> = { NaN: "nan", Infinity: "inf", "-Infinity": "-inf" };

function numberText(value: number | bigint, float: boolean): string {
  const text = pythonNumber(value, float);
  return SPECIAL[text] ?? text;
}

/** `str(value)`. */
export function str(tree: Tree): string {
  return tree.kind === "scalar" && typeof tree.value === "string" ? tree.value : repr(tree);
}

/** `repr(value)`. */
export function repr(tree: Tree): string {
  if (tree.kind === "sequence") return `[${tree.items.map(repr).join(", ")}]`;
  if (tree.kind === "mapping") {
    return `{${[...tree.entries].map(([key, { value }]) => `${quote(key)}: ${repr(value)}`).join(", ")}}`;
  }
  const { value } = tree;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? quote(value) : numberText(value, tree.float === true);
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\p{Cc}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return NAMED_ESCAPES[character] ?? `\\x${code.toString(16).padStart(2, "0")}`;
  });
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

/** `bool(value)`. */
export function isTrue(tree: Tree): boolean {
  if (tree.kind === "sequence") return tree.items.length > 0;
  if (tree.kind === "mapping") return tree.entries.size > 0;
  return Boolean(tree.value);
}

/** `len(value)`; undefined for a value that has none. */
export function length(tree: Tree): number | undefined {
  if (tree.kind === "sequence") return tree.items.length;
  if (tree.kind === "mapping") return tree.entries.size;
  return typeof tree.value === "string" ? [...tree.value].length : undefined;
}

/** `a == b`: numbers and booleans compare by value, mappings without regard to order. */
export function equal(a: Tree, b: Tree): boolean {
  if (a.kind === "sequence" && b.kind === "sequence") {
    return a.items.length === b.items.length && a.items.every((item, index) => equal(item, b.items[index] as Tree));
  }
  if (a.kind === "mapping" && b.kind === "mapping") {
    return (
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, { value }]) => {
        const other = b.entries.get(key);
        return other !== undefined && equal(value, other.value);
      })
    );
  }
  if (a.kind !== "scalar" || b.kind !== "scalar") return false;
  const [left, right] = [numeric(a), numeric(b)];
  return left !== undefined && right !== undefined ? compare(left, right) === 0 : a.value === b.value;
}

/** Numbers, and booleans as 0 and 1. */
export function numeric({ value }: ScalarTree): number | bigint | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" || typeof value === "bigint" ? value : undefined;
}

/** Negative, zero or positive, as for a sort. */
export function compare<T extends number | bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a type is called in a message. */
export function typeName(tree: Tree): string {
  if (tree.kind !== "scalar") return tree.kind === "sequence" ? "a list" : "a mapping";
  return scalarTypeName(tree.value);
}

function scalarTypeName(value: Scalar): string {
  if (value === null) return "nothing (null)";
  if (typeof value === "boolean") return String(value);
  return typeof value === "string" ? `the text ${JSON.stringify(shorten(value))}` : `the number ${value}`;
}

const shorten = (text: string) => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

/** Python's `json.dumps(value)`: a space after comma and colon, everything beyond ASCII escaped. */
export function json(tree: Tree): string {
  if (tree.kind === "sequence") return `[${tree.items.map(json).join(", ")}]`;
  if (tree.kind === "mapping") {
    return `{${[...tree.entries].map(([key, { value }]) => `${jsonText(key)}: ${json(value)}`).join(", ")}}`;
  }
  const { value } = tree;
  if (typeof value === "string") return jsonText(value);
  return typeof value === "number" || typeof value === "bigint"
    ? pythonNumber(value, tree.float === true)
    : String(value);
}

function jsonText(text: string): string {
  return JSON.stringify(text).replace(
    /[\x80-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
