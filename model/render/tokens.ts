/** A mistake in a template, at an offset of its text. */
export class TemplateError extends Error {
  constructor(
    readonly offset: number,
    message: string,
    readonly fix?: string,
  ) {
    super(message);
  }
}

export interface Token {
  readonly kind: "name" | "integer" | "float" | "string" | "operator" | "end";
  readonly text: string;
  readonly offset: number;
}

const SPACE = /\s+/y;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
// Numbers as Jinja reads them (jinja2/lexer.py): underscores between digits; a float needs a fraction or an exponent.
const FLOAT = /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/y;
const INTEGER = /0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d+(?:_\d+)*/y;
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|<=|>=|[-+*/%~<>=()[\]{},.:|]/y;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", a: "\x07" };

/** The tokens of the expression that begins at `start`, just behind `{{`; `end` is the offset behind its `}}`. */
export function tokenize(text: string, start: number): { tokens: Token[]; end: number; trimsAfter: boolean } {
  const tokens: Token[] = [];
  let depth = 0;
  let at = start;
  while (true) {
    at += match(SPACE, text, at).length;
    if (depth === 0) {
      const close = text.startsWith("-}}", at) || text.startsWith("+}}", at) ? 3 : text.startsWith("}}", at) ? 2 : 0;
      if (close > 0) {
        tokens.push({ kind: "end", text: "}}", offset: at });
        return { tokens, end: at + close, trimsAfter: text[at] === "-" };
      }
    }
    const token = next(text, at, start);
    if (token.kind === "operator" && "([{".includes(token.text)) depth++;
    if (token.kind === "operator" && ")]}".includes(token.text)) depth--;
    if (depth < 0) throw new TemplateError(at, `found ${token.text} that closes nothing`, `remove ${token.text}`);
    tokens.push(token);
    at += token.text.length;
  }
}

function next(text: string, offset: number, start: number): Token {
  if (offset >= text.length) {
    throw new TemplateError(
      start - 2,
      "found {{ that is never closed",
      "write }} at its end, or \"{{ '{{' }}\" for the braces themselves",
    );
  }
  const kinds = [
    ["name", NAME],
    ["float", FLOAT],
    ["integer", INTEGER],
    ["string", STRING],
    ["operator", OPERATOR],
  ] as const;
  for (const [kind, pattern] of kinds) {
    const found = match(pattern, text, offset);
    if (found) return { kind, text: found, offset };
  }
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  if (character === "'" || character === '"') {
    throw new TemplateError(
      offset,
      `the text that begins here with ${character} never ends`,
      `write ${character} at its end`,
    );
  }
  if (character === "}")
    throw new TemplateError(offset, "found } that closes nothing", "write }} at the end of a reference");
  throw new TemplateError(
    offset,
    `found ${character}, which means nothing inside {{ }}`,
    "remove it, or write it in quotes",
  );
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

/** The text that a quoted literal stands for. Escapes are Python's; an unknown one stays as it is. */
export function unquote(literal: string): string {
  return literal.slice(1, -1).replace(/\\(u[\da-fA-F]{4}|x[\da-fA-F]{2}|[\s\S])/g, (whole, code: string) => {
    if (/^[ux]./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (code === "\n") return "";
    return ESCAPES[code] ?? ("'\"\\".includes(code) ? code : whole);
  });
}
