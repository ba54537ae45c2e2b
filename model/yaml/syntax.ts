import type { CST, YAMLParseError } from "yaml";
import type { Problem } from "../problem";
import type { Source } from "./source";

const RULE = "yaml-syntax";
/** A value that begins with `{{` and goes on after it, as YAML does not allow. */
const UNQUOTED_TEMPLATE = /^(\s*(?:- +)*(?:[^\s:#"'{]+: +)?)\{\{.*\}\}/;

/** The first syntax error of a file in an operator's words. What comes after it is a guess, so nothing else is reported. */
export function syntaxProblem(error: YAMLParseError, tokens: readonly CST.Token[], source: Source): Problem {
  const offset = Math.min(error.pos[0], source.text.length);
  const line = source.lineAt(offset);
  const template = UNQUOTED_TEMPLATE.exec(line);
  if (template) return unquotedTemplate(source, offset, template[1]!.length);
  switch (error.code) {
    case "TAB_AS_INDENT":
      return source.error(RULE, offset, "found a tab where YAML allows only spaces", "indent with spaces");
    case "MISSING_CHAR":
      return unclosed(error, tokens, source);
    case "BLOCK_AS_IMPLICIT_KEY":
      return nestedKey(offset, line, source);
    case "MULTILINE_IMPLICIT_KEY":
      return lineWithoutColon(offset, line, source);
    case "BAD_INDENT":
      return /^Flow/.test(error.message) ? unclosedBracket(error, tokens, source) : badIndent(offset, source);
    case "BAD_SCALAR_START":
      return source.error(RULE, offset, `a value cannot begin with ${source.text[offset]}`, "put the value in quotes");
    case "BAD_DQ_ESCAPE":
      return source.error(
        RULE,
        offset,
        `${source.text.slice(offset, offset + 2)} means nothing between double quotes`,
        "use single quotes, or write the backslash twice",
      );
    case "RESOURCE_EXHAUSTION":
      return source.error("yaml-depth", offset, "values are nested too deeply to be read", "flatten them");
    default:
      return unexpected(offset, source);
  }
}

/** Something other than a scalar, or nothing, stands where a key belongs. */
export function keyProblem(source: Source, offset: number, missing: boolean): Problem {
  const start = source.text[offset - 1] === "{" ? offset - 1 : offset;
  const template = /^\{\{[^\n]*?\}\}/.exec(source.text.slice(start, start + 1000));
  if (template) {
    const message = `found ${template[0]} without quotes, which YAML reads as a mapping`;
    return source.error(
      "yaml-unquoted-template",
      start,
      message,
      `write "${template[0].replaceAll('"', "'")}" in quotes`,
    );
  }
  const message = missing ? "there is no key before this colon" : "a list or mapping cannot be a key";
  return source.error("yaml-key", offset, message, "write a name before the colon");
}

function unquotedTemplate(source: Source, offset: number, column: number): Problem {
  const start = source.text.lastIndexOf("\n", offset - 1) + 1 + column;
  const message = "found {{ without quotes before it, which begins a mapping in YAML";
  return source.error("yaml-unquoted-template", start, message, "put the whole value in quotes");
}

function nestedKey(offset: number, line: string, source: Source): Problem {
  if (/:\s.*:(\s|$)/.test(line)) {
    return source.error(
      RULE,
      offset,
      'found a second ": " in the value of one line',
      "put the value in quotes, or its keys on lines of their own",
    );
  }
  return source.error(
    RULE,
    offset,
    "this key has a value, and the line below it is indented as if it had none",
    "indent the next line like this one, or remove the value",
  );
}

function lineWithoutColon(offset: number, line: string, source: Source): Problem {
  return source.error(
    RULE,
    offset,
    `found "${line.trim()}" where a key is expected`,
    'write a colon and a space after the key: "name: value"',
  );
}

function badIndent(offset: number, source: Source): Problem {
  return source.error(
    RULE,
    offset,
    "the indentation of this line fits none of the levels above it",
    "line it up with its neighbours",
  );
}

function unclosed(error: YAMLParseError, tokens: readonly CST.Token[], source: Source): Problem {
  const quote = /["']quote/.exec(error.message)?.[0][0];
  if (quote) {
    const start = findUnclosedQuote(tokens, quote) ?? error.pos[0];
    return source.error(
      RULE,
      start,
      `the text that begins here with ${quote} never ends`,
      `write ${quote} at its end, and indent every line it runs over`,
    );
  }
  if (/map values/.test(error.message)) {
    const at = lineStart(Math.min(error.pos[0], source.text.length), source);
    return lineWithoutColon(at, source.lineAt(at), source);
  }
  return unclosedBracket(error, tokens, source);
}

function unclosedBracket(error: YAMLParseError, tokens: readonly CST.Token[], source: Source): Problem {
  for (const token of everyToken(tokens)) {
    if (token.type === "flow-collection" && token.end.length === 0) {
      const open = token.start.source;
      return source.error(
        RULE,
        token.offset,
        `the ${open} that begins here is never closed`,
        `write ${open === "[" ? "]" : "}"} at its end`,
      );
    }
  }
  return source.error(
    RULE,
    Math.min(error.pos[0], source.text.length),
    "a list or mapping in brackets is not complete here",
    "check its commas, quotes and brackets",
  );
}

function unexpected(offset: number, source: Source): Problem {
  const before = source.text.slice(0, offset).trimEnd().at(-1);
  if (before === '"' || before === "'") {
    return source.error(
      RULE,
      offset,
      "found text after the closing quote",
      "put the whole value in one pair of quotes",
    );
  }
  const rest = source.lineAt(offset).trim();
  if (/^-\s/.test(source.text.slice(offset, offset + 2))) {
    return source.error(RULE, offset, "a list item cannot stand on the line of its key", "put it on a line of its own");
  }
  return source.error(
    RULE,
    offset,
    `cannot make sense of "${rest.slice(0, 60)}" here`,
    "check the indentation, the colons and the quotes of this line and the one above",
  );
}

function lineStart(offset: number, source: Source): number {
  const start = source.text.lastIndexOf("\n", offset - 1) + 1;
  return start + (/^ */.exec(source.text.slice(start, offset))?.[0].length ?? 0);
}

function findUnclosedQuote(tokens: readonly CST.Token[], quote: string): number | undefined {
  for (const token of everyToken(tokens)) {
    if (token.type !== "double-quoted-scalar" && token.type !== "single-quoted-scalar") continue;
    if (token.source.startsWith(quote) && (token.source.length === 1 || !token.source.endsWith(quote)))
      return token.offset;
  }
  return undefined;
}

/** Every token of a file in order, whatever its depth, without recursion. */
function* everyToken(tokens: readonly CST.Token[]): Generator<CST.Token> {
  const stack: CST.Token[] = [...tokens].reverse();
  for (let token = stack.pop(); token; token = stack.pop()) {
    yield token;
    if ("items" in token) {
      for (const { key, value } of [...token.items].reverse()) {
        if (value) stack.push(value);
        if (key) stack.push(key);
      }
    } else if (token.type === "document" && token.value) {
      stack.push(token.value);
    }
  }
}
