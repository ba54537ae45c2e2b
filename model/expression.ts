import type { Expression } from "./render/expression";
import { parseExpression } from "./render/parser";
import { TemplateError } from "./render/tokens";

export { TemplateError } from "./render/tokens";

/** A string with `{{ … }}` in it. */
export interface Template {
  readonly parts: readonly (string | Reference)[];
  /** True when there is nothing but one `{{ … }}`: its value keeps its type. */
  readonly lone: boolean;
}

/** One `{{ … }}` of a template. */
export interface Reference {
  readonly expression: Expression;
  /** What stands between the braces. */
  readonly source: string;
  /** Where the expression begins in the string. */
  readonly offset: number;
}

const OPENING = /\{\{|\{%|\{#/;
const RAW = /\{%([-+]?)\s*raw\s*(-?)%\}([\s\S]*?)\{%(-?)\s*endraw\s*([-+]?)%\}/y;
const MAX_CACHED = 10_000;
const parsed = new Map<string, Template | TemplateError>();

/** Whether Ansible would take a string for a template. */
export const isTemplate = (text: string): boolean => text.includes("{") && OPENING.test(text);

/** Parses a string once, however many hosts share it. A mistake is returned, not thrown. */
export function parseTemplate(text: string): Template | TemplateError {
  const known = parsed.get(text);
  if (known) return known;
  const template = tryParse(text);
  if (parsed.size >= MAX_CACHED) parsed.clear();
  parsed.set(text, template);
  return template;
}

function tryParse(text: string): Template | TemplateError {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
}

function parse(text: string): Template {
  const parts: (string | Reference)[] = [];
  let at = 0;
  let trimNext = false;
  const addText = (piece: string, trimEnd = false) => {
    const left = trimNext ? piece.trimStart() : piece;
    const whole = trimEnd ? left.trimEnd() : left;
    if (whole !== "") parts.push(whole);
    trimNext = false;
  };
  for (;;) {
    const found = OPENING.exec(text.slice(at));
    if (!found) break;
    const start = at + found.index;
    addText(text.slice(at, start), text[start + 2] === "-");
    const block =
      found[0] === "{{" ? reference(text, start) : found[0] === "{#" ? comment(text, start) : raw(text, start);
    if (block.part !== undefined && block.part !== "") parts.push(block.part);
    at = block.end;
    trimNext = block.trimsAfter;
  }
  // Ansible drops one line break behind a lone reference: a block scalar (|) with nothing else in it keeps the type.
  const rest = text.slice(at);
  const first = parts[0];
  const lone = parts.length === 1 && typeof first === "object" && /^\r?\n?$/.test(trimNext ? rest.trimStart() : rest);
  if (!lone) addText(rest);
  return { parts, lone };
}

interface Block {
  readonly part?: string | Reference;
  readonly end: number;
  readonly trimsAfter: boolean;
}

function reference(text: string, start: number): Block {
  const signed = text[start + 2] === "-" || text[start + 2] === "+" ? 1 : 0;
  const { expression, source, offset, end, trimsAfter } = parseExpression(text, start + 2 + signed);
  return { part: { expression, source, offset }, end, trimsAfter };
}

function comment(text: string, start: number): Block {
  const end = text.indexOf("#}", start + 2);
  if (end < 0)
    throw new TemplateError(
      start,
      "found {# that begins a comment and is never closed",
      "write #} at its end, or \"{{ '{#' }}\" for the text itself",
    );
  return { end: end + 2, trimsAfter: text[end - 1] === "-" };
}

function raw(text: string, start: number): Block {
  RAW.lastIndex = start;
  const found = RAW.exec(text);
  if (found) {
    const [whole, , trimsStart, body = "", trimsEnd, trimsAfter] = found;
    const left = trimsStart ? body.trimStart() : body;
    return { part: trimsEnd ? left.trimEnd() : left, end: start + whole.length, trimsAfter: trimsAfter === "-" };
  }
  const name = /^\{%[-+]?\s*(\w*)/.exec(text.slice(start, start + 100))?.[1];
  throw new TemplateError(
    start,
    `found {% ${name} %}; an inventory may use {{ }} and {% raw %} only`,
    "write {{ a if condition else b }}, or set the value in the group it depends on",
  );
}
