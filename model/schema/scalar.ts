import { z } from "zod";

// Compiling a schema takes longer than it saves: a lab of four hosts loads 8 ms sooner without, and a thousand hosts no later.
z.config({ jitless: true });

/** A value that a scalar's reader does not accept. */
export class Refusal {
  constructor(
    /** What would be accepted: `a whole number of MiB`. */
    readonly expected: string,
    /** What to write instead, as an instruction. */
    readonly fix?: string,
  ) {}
}

/** JSON Schema keywords (draft 7) that describe what an editor should accept and show. */
export interface EditorHint {
  readonly [keyword: string]: unknown;
}

/**
 * A zod type for one scalar: `read` turns what stands in the inventory into the typed value or refuses it in words;
 * `hint` is its JSON Schema. The issue's message is `expected …, got …`, its `params.fix` the instruction.
 */
export function scalar<T>(hint: EditorHint, read: (value: unknown) => T | Refusal) {
  return z
    .unknown()
    .transform((input, context): T => {
      const result = read(input);
      if (!(result instanceof Refusal)) return result;
      const message = `expected ${result.expected}, got ${show(input)}`;
      const params = { expected: result.expected, ...(result.fix === undefined ? {} : { fix: result.fix }) };
      context.issues.push({ code: "custom", input, message, params });
      return z.NEVER;
    })
    .meta(hint);
}

/** What a repair says where a value alone would not do. */
export interface Advice {
  readonly fix: string;
}

/** A string with a format of its own: `accepts` says whether it is right, `repair` proposes a right one. */
export function text(
  expected: string,
  accepts: RegExp | ((value: string) => boolean),
  repair: (value: string) => string | Advice | undefined = () => undefined,
) {
  const valid = accepts instanceof RegExp ? (value: string) => accepts.test(value) : accepts;
  const hint = accepts instanceof RegExp ? { type: "string", pattern: accepts.source } : { type: "string" };
  return scalar<string>(hint, (input) => {
    if (typeof input === "number" || typeof input === "bigint" || typeof input === "boolean") {
      return new Refusal(expected, valid(String(input)) ? `write "${input}" in quotes` : undefined);
    }
    if (typeof input !== "string") return new Refusal(expected, input === null ? EMPTY : undefined);
    if (valid(input)) return input;
    const repaired = repair(input);
    if (typeof repaired === "object") return new Refusal(expected, repaired.fix);
    return new Refusal(expected, repaired !== undefined && valid(repaired) ? `write ${repaired}` : undefined);
  });
}

const EMPTY = "write a value or delete the key";

/** How a value is quoted in a message: short, on one line, without control characters. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string") return String(value);
  const quoted = JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  return quoted;
}
