import type { Position } from "../problem";
import type { MappingEntry, ScalarTree, Tree } from "../tree";
import { construct, keyText, kindOf } from "./scalar";
import type { Source } from "./source";

/** Thrown, and caught below, for whatever is not in the plain subset. */
const NOT_PLAIN = Symbol("not plain");
const MAX_DEPTH = 50;

// Asked by test(), which makes no array: `lastIndex` then tells where the match ends.
const KEY = /(?:[A-Za-z0-9_./][\w./\-[\]:@]*?|"[^"\\\n]*"|'[^'\n]*'):(?=[ ]|$)/y;
const DOUBLE_QUOTED = /"[^"\\\n]*"/y;
const SINGLE_QUOTED = /'(?:[^'\n]|'')*'/y;
const FLOW_SCALAR = /[A-Za-z0-9_./+~-][\w./+@%~-]*(?: +[\w./+@%~-]+)*(?= *[,\]}])/y;
const FLOW_KEY = /[A-Za-z0-9_./][\w./-]*: +/y;
const REST = / *(?: #.*)?$/y;
const PLAIN_START = /^[A-Za-z0-9_./+~-]/;
const DASH = 0x2d;
const SPACE = 0x20;

interface Line {
  readonly number: number;
  indent: number;
  /** From the first character that is no space to the end of the line. */
  readonly text: string;
}

/**
 * Reads the part of YAML that nearly every inventory file is written in, many times faster than a whole YAML parser:
 * block mappings and lists, one-line scalars and flow collections, comments. Undefined for all else, errors included,
 * which is then read by `parseDocument`; a property test holds the two to the same trees.
 */
export function parsePlain(source: Source): Tree | undefined {
  if (source.text.includes("\t") || source.text.includes("\r")) return undefined;
  const reader = new PlainReader(source);
  try {
    return reader.read();
  } catch (thrown) {
    if (thrown === NOT_PLAIN) return undefined;
    throw thrown;
  }
}

class PlainReader {
  private readonly lines: Line[] = [];
  private index = 0;

  constructor(private readonly source: Source) {}

  read(): Tree {
    this.split();
    const first = this.lines[0];
    if (!first) throw NOT_PLAIN;
    const tree = this.block(first.indent, 1);
    if (this.index < this.lines.length) throw NOT_PLAIN;
    return tree;
  }

  private split(): void {
    const { text } = this.source;
    let isMarked = false;
    for (let start = 0, end = 0, number = 1; start <= text.length; start = end + 1, number++) {
      end = text.indexOf("\n", start);
      if (end < 0) end = text.length;
      const from = skipSpaces(text, start);
      if (from === end || text[from] === "#") continue;
      if (from === start && isMarker(text, start)) {
        if (text.slice(start, end) !== "---" || this.lines.length > 0 || isMarked) throw NOT_PLAIN;
        isMarked = true;
        continue;
      }
      this.lines.push({ number, indent: from - start, text: text.slice(from, end) });
    }
  }

  private block(indent: number, depth: number): Tree {
    if (depth > MAX_DEPTH) throw NOT_PLAIN;
    return isItem(this.lines[this.index]!) ? this.sequence(indent, depth) : this.mapping(indent, depth);
  }

  private position(line: Line, offset: number): Position {
    return { file: this.source.file, line: line.number, column: line.indent + offset + 1 };
  }

  private mapping(indent: number, depth: number): Tree {
    const at = this.position(this.lines[this.index]!, 0);
    const entries = new Map<string, MappingEntry>();
    let keyAt: Position | undefined;
    for (
      let line = this.lines[this.index];
      line && line.indent === indent && !isItem(line);
      line = this.lines[this.index]
    ) {
      KEY.lastIndex = 0;
      if (!KEY.test(line.text)) throw NOT_PLAIN;
      const end = KEY.lastIndex;
      keyAt = keyAt ? this.position(line, 0) : at;
      const { text, keyNotString } = readKey(line.text.slice(0, end - 1));
      if (entries.has(text)) throw NOT_PLAIN;
      const value = this.valueAfter(line, end, indent, keyAt, depth);
      entries.set(text, keyNotString ? { keyAt, keyNotString, value } : { keyAt, value });
    }
    const next = this.lines[this.index];
    if (next && next.indent > indent) throw NOT_PLAIN;
    return { kind: "mapping", at, entries };
  }

  /** The value of a key that ends at `offset`: on its line, or in the lines below. */
  private valueAfter(line: Line, offset: number, indent: number, keyAt: Position, depth: number): Tree {
    this.index++;
    if (!isRest(line.text, offset)) return this.inline(line, offset, indent);
    const next = this.lines[this.index];
    if (next && (next.indent > indent || (next.indent === indent && isItem(next))))
      return this.block(next.indent, depth + 1);
    return { kind: "scalar", at: keyAt, value: null };
  }

  private sequence(indent: number, depth: number): Tree {
    const at = this.position(this.lines[this.index]!, 0);
    const items: Tree[] = [];
    for (
      let line = this.lines[this.index];
      line && line.indent === indent && isItem(line);
      line = this.lines[this.index]
    ) {
      items.push(this.item(line, indent, depth));
    }
    const next = this.lines[this.index];
    if (next && next.indent > indent) throw NOT_PLAIN;
    return { kind: "sequence", at, items };
  }

  private item(line: Line, indent: number, depth: number): Tree {
    const offset = skipSpaces(line.text, 1);
    const first = line.text[offset];
    if (first === undefined || first === "#" || (first === "-" && line.text[offset + 1] === " ")) throw NOT_PLAIN;
    KEY.lastIndex = offset;
    if (KEY.test(line.text)) {
      // The first key of a mapping: read the line again as if the dash were indentation.
      this.lines[this.index] = { number: line.number, indent: indent + offset, text: line.text.slice(offset) };
      return this.block(indent + offset, depth + 1);
    }
    this.index++;
    return this.inline(line, offset, indent);
  }

  private inline(line: Line, from: number, indent: number): Tree {
    const next = this.lines[this.index];
    if (next && next.indent > indent) throw NOT_PLAIN;
    const { text } = line;
    const start = skipSpaces(text, from);
    const at = this.position(line, start);
    const quoted = readQuoted(text, start);
    if (quoted) {
      if (!isRest(text, quoted.end)) throw NOT_PLAIN;
      return { kind: "scalar", at, value: quoted.value, style: "quoted" };
    }
    if (text[start] === "[" || text[start] === "{") {
      const flow = this.flow(line, start, 1);
      if (!isRest(text, flow.end)) throw NOT_PLAIN;
      return flow.tree;
    }
    return plainScalar(blockScalarText(text.slice(start)), at);
  }

  private flow(line: Line, start: number, depth: number): { tree: Tree; end: number } {
    const { text } = line;
    const at = this.position(line, start);
    const quoted = readQuoted(text, start);
    if (quoted) return { tree: { kind: "scalar", at, value: quoted.value, style: "quoted" }, end: quoted.end };
    if (depth > MAX_DEPTH) throw NOT_PLAIN;
    if (text[start] === "[") return this.flowSequence(line, start, depth);
    if (text[start] === "{") return this.flowMapping(line, start, depth);
    FLOW_SCALAR.lastIndex = start;
    if (!FLOW_SCALAR.test(text)) throw NOT_PLAIN;
    const end = FLOW_SCALAR.lastIndex;
    const value = text.slice(start, end);
    if (value === "-" || value.startsWith("- ")) throw NOT_PLAIN;
    return { tree: plainScalar(value, at), end };
  }

  private flowSequence(line: Line, start: number, depth: number): { tree: Tree; end: number } {
    const items: Tree[] = [];
    let end = skipSpaces(line.text, start + 1);
    while (line.text[end] !== "]") {
      const item = this.flow(line, end, depth + 1);
      items.push(item.tree);
      end = skipComma(line.text, item.end, "]");
    }
    return { tree: { kind: "sequence", at: this.position(line, start), items }, end: end + 1 };
  }

  private flowMapping(line: Line, start: number, depth: number): { tree: Tree; end: number } {
    const entries = new Map<string, MappingEntry>();
    let end = skipSpaces(line.text, start + 1);
    while (line.text[end] !== "}") {
      FLOW_KEY.lastIndex = end;
      if (!FLOW_KEY.test(line.text)) throw NOT_PLAIN;
      const valueFrom = FLOW_KEY.lastIndex;
      const { text, keyNotString } = readKey(line.text.slice(end, line.text.indexOf(":", end)));
      if (entries.has(text)) throw NOT_PLAIN;
      const keyAt = this.position(line, end);
      const value = this.flow(line, valueFrom, depth + 1);
      entries.set(text, keyNotString ? { keyAt, keyNotString, value: value.tree } : { keyAt, value: value.tree });
      end = skipComma(line.text, value.end, "}");
    }
    return { tree: { kind: "mapping", at: this.position(line, start), entries }, end: end + 1 };
  }
}

/** Where a document begins or ends, or a directive stands. */
function isMarker(text: string, start: number): boolean {
  return text.startsWith("---", start) || text.startsWith("...", start) || text[start] === "%";
}

function isItem({ text }: Line): boolean {
  return text.charCodeAt(0) === DASH && (text.length === 1 || text.charCodeAt(1) === SPACE);
}

/** Whether nothing but a comment follows. */
function isRest(text: string, from: number): boolean {
  const at = skipSpaces(text, from);
  if (at === text.length || text[at] !== "#") return at === text.length;
  REST.lastIndex = from;
  return REST.test(text);
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === SPACE) at++;
  return at;
}

function skipComma(text: string, from: number, close: string): number {
  const at = skipSpaces(text, from);
  if (text[at] === close) return at;
  if (text[at] !== "," || text[at + 1] !== " ") throw NOT_PLAIN;
  return skipSpaces(text, at + 1);
}

function readQuoted(text: string, start: number): { value: string; end: number } | undefined {
  const pattern = text[start] === '"' ? DOUBLE_QUOTED : text[start] === "'" ? SINGLE_QUOTED : undefined;
  if (!pattern) return undefined;
  pattern.lastIndex = start;
  if (!pattern.test(text)) throw NOT_PLAIN;
  const end = pattern.lastIndex;
  const value = text.slice(start + 1, end - 1);
  return { value: pattern === SINGLE_QUOTED ? value.replaceAll("''", "'") : value, end };
}

/** An unquoted value without its comment. */
function blockScalarText(text: string): string {
  const comment = text.indexOf(" #");
  const value = (comment < 0 ? text : text.slice(0, comment)).trimEnd();
  if (!PLAIN_START.test(value) || value.startsWith("- ") || value === "-") throw NOT_PLAIN;
  if (value.includes(": ") || value.endsWith(":")) throw NOT_PLAIN;
  return value;
}

function plainScalar(text: string, at: Position): ScalarTree {
  const kind = kindOf(text);
  if (kind === "str") return { kind: "scalar", at, value: text };
  const resolved = construct(kind, text);
  if ("problem" in resolved) throw NOT_PLAIN;
  const { float, value } = resolved;
  return float ? { kind: "scalar", at, value, float } : { kind: "scalar", at, value };
}

function readKey(written: string): { text: string; keyNotString?: true } {
  if (written.startsWith('"') || written.startsWith("'")) return { text: written.slice(1, -1) };
  const kind = kindOf(written);
  if (kind === "str") return { text: written };
  const resolved = construct(kind, written);
  if ("problem" in resolved) throw NOT_PLAIN;
  if (resolved.value === written) return { text: written };
  const text = keyText(resolved.value, resolved.float ?? false);
  return typeof resolved.value === "string" ? { text } : { text, keyNotString: true };
}
