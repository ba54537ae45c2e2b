import type { Position } from "../problem";
import type { MappingEntry, Scalar, ScalarTree, Tree } from "../tree";
import type { Source } from "./source";

const TOKEN = /[ \t\n\r]*(?:([{}[\]:,])|("(?:[^"\\]|\\.)*")|(-?\d+(?:(\.\d+)?([eE][+-]?\d+)?))|(true|false|null))/y;

/**
 * Ansible tries every file as JSON before it tries YAML, and in JSON `1e3` is a number and the last of two keys wins in
 * silence. Undefined when the text is no JSON, or is nested more than `maxDepth` deep.
 */
export function parseJson(source: Source, maxDepth: number): Tree | undefined {
  const { text } = source;
  if (!/^[ \t\n\r]*[[{]/.test(text)) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const reader = new JsonReader(source, maxDepth);
  return reader.value(1);
}

class JsonReader {
  private readonly token = new RegExp(TOKEN);
  private next: RegExpExecArray | null;

  constructor(
    private readonly source: Source,
    private readonly maxDepth: number,
  ) {
    this.next = this.token.exec(source.text);
  }

  value(depth: number): Tree | undefined {
    if (!this.next || depth > this.maxDepth) return undefined;
    const at = this.at();
    if (this.take("{")) return this.mapping(at, depth);
    if (this.take("[")) return this.sequence(at, depth);
    return this.scalar(at);
  }

  private at(): Position {
    return this.source.at(this.token.lastIndex - (this.next?.[0].trimStart().length ?? 0));
  }

  private take(symbol: string): boolean {
    if (this.next?.[1] !== symbol) return false;
    this.next = this.token.exec(this.source.text);
    return true;
  }

  private scalar(at: Position): ScalarTree {
    const [, , string, number, fraction, exponent, word] = this.next ?? [];
    this.next = this.token.exec(this.source.text);
    if (string !== undefined) return { kind: "scalar", at, value: JSON.parse(string) as string, style: "quoted" };
    if (number === undefined) return { kind: "scalar", at, value: JSON.parse(word ?? "null") as Scalar };
    if (fraction !== undefined || exponent !== undefined)
      return { kind: "scalar", at, value: Number(number), float: true };
    const value = Number(number);
    return { kind: "scalar", at, value: Number.isSafeInteger(value) ? value : BigInt(number) };
  }

  private sequence(at: Position, depth: number): Tree | undefined {
    const items: Tree[] = [];
    while (!this.take("]")) {
      const item = this.value(depth + 1);
      if (!item) return undefined;
      items.push(item);
      this.take(",");
    }
    return { kind: "sequence", at, items };
  }

  private mapping(at: Position, depth: number): Tree | undefined {
    const entries = new Map<string, MappingEntry>();
    while (!this.take("}")) {
      const keyAt = this.at();
      const key = String(this.scalar(keyAt).value);
      this.take(":");
      const value = this.value(depth + 1);
      if (!value) return undefined;
      entries.set(key, { keyAt, value });
      this.take(",");
    }
    return tagged(at, entries) ?? { kind: "mapping", at, entries };
  }
}

/** Ansible's JSON form of `!unsafe` and `!vault`. */
function tagged(at: Position, entries: ReadonlyMap<string, MappingEntry>): ScalarTree | undefined {
  for (const [key, tag] of [
    ["__ansible_unsafe", "unsafe"],
    ["__ansible_vault", "vault"],
  ] as const) {
    const value = entries.get(key)?.value;
    if (value?.kind === "scalar" && typeof value.value === "string")
      return { kind: "scalar", at, value: value.value, tag };
  }
  return undefined;
}
