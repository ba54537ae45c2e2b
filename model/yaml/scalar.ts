import type { Scalar } from "../tree";

/** What a plain (unquoted) scalar stands for. `problem` says why PyYAML could not read a value of that shape. */
export type Resolved =
  | { readonly value: Scalar; readonly float?: true }
  | { readonly problem: string; readonly fix?: string };

export type ScalarKind = "bool" | "float" | "int" | "merge" | "null" | "timestamp" | "value" | "str";

// The implicit types of YAML 1.1 as PyYAML 6 resolves them (yaml/resolver.py): no `y`/`n` booleans, no `0o` octals, and
// an exponent needs a sign and a dot, so `1e3` is a string.
const WORDS: ReadonlyMap<string, ScalarKind> = new Map<string, ScalarKind>([
  ...["yes", "no", "true", "false", "on", "off"]
    .flatMap((word) => [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()])
    .map((word) => [word, "bool"] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, "null"] as const),
  ["<<", "merge"],
  ["=", "value"],
]);
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INT =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const TIMESTAMP =
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;
const TIMESTAMP_PARTS =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::(\d\d))?))?)?$/;

/** Python refuses to read decimal integers with more digits than this (sys.int_info.default_max_str_digits). */
const MAX_DIGITS = 4300;

const LONGEST_WORD = 5;
const NINE = 0x39;
/** Decimal, and surely exact as a number. */
const SMALL_INT = /^[1-9]\d{0,14}$/;

/** The implicit type of a plain scalar. */
export function kindOf(text: string): ScalarKind {
  const word = text.length <= LONGEST_WORD ? WORDS.get(text) : undefined;
  if (word) return word;
  // A number begins with a digit, a sign or a dot, all of which come before the letters.
  if (text.charCodeAt(0) > NINE) return "str";
  if (SMALL_INT.test(text)) return "int";
  if (FLOAT.test(text)) return "float";
  if (INT.test(text)) return "int";
  return TIMESTAMP.test(text) ? "timestamp" : "str";
}

export function resolvePlain(text: string): Resolved {
  return construct(kindOf(text), text);
}

/** Reads `text` as a scalar of a type that was found or, with `!!int` and the like, demanded. */
export function construct(kind: ScalarKind, text: string): Resolved {
  switch (kind) {
    case "str":
      return { value: text };
    case "null":
      return { value: null };
    case "bool":
      return constructBool(text);
    case "int":
      return constructInt(text);
    case "float":
      return constructFloat(text);
    case "timestamp":
      return constructTimestamp(text);
    case "merge":
    case "value":
      return {
        problem: `an unquoted ${text} has a meaning of its own in YAML and cannot be a value`,
        fix: `write "${text}" in quotes`,
      };
  }
}

function constructBool(text: string): Resolved {
  const lower = text.toLowerCase();
  if (["yes", "true", "on"].includes(lower)) return { value: true };
  if (["no", "false", "off"].includes(lower)) return { value: false };
  return {
    problem: `expected yes, no, true, false, on or off after !!bool, got "${shorten(text)}"`,
    fix: "write true or false",
  };
}

function constructInt(text: string): Resolved {
  if (SMALL_INT.test(text)) return { value: Number(text) };
  const bad: Resolved = {
    problem: `expected a whole number, got "${shorten(text)}"`,
    fix: "quote it if it is meant as text",
  };
  const compact = text.replaceAll("_", "");
  const negative = compact.startsWith("-");
  const digits = /^[-+]/.test(compact) ? compact.slice(1) : compact;
  const magnitude = readMagnitude(digits);
  if (magnitude === undefined) return bad;
  const value = negative ? -magnitude : magnitude;
  return { value: BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value };
}

function readMagnitude(digits: string): bigint | undefined {
  if (digits.length > MAX_DIGITS) return undefined;
  if (/^0b[01]+$/.test(digits) || /^0x[0-9a-fA-F]+$/.test(digits)) return BigInt(digits);
  if (digits === "0") return 0n;
  if (/^0[0-7]+$/.test(digits)) return BigInt(`0o${digits}`);
  if (/^[1-9]\d*(?::\d+)+$/.test(digits)) return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  return /^[1-9]\d*$/.test(digits) ? BigInt(digits) : undefined;
}

function constructFloat(text: string): Resolved {
  const compact = text.replaceAll("_", "").toLowerCase();
  const sign = compact.startsWith("-") ? -1 : 1;
  const body = /^[-+]/.test(compact) ? compact.slice(1) : compact;
  if (body === ".inf") return { value: sign * Number.POSITIVE_INFINITY, float: true };
  if (body === ".nan") return { value: Number.NaN, float: true };
  const parts = body.split(":");
  if (!parts.every((part) => /^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(part))) {
    return { problem: `expected a number, got "${shorten(text)}"`, fix: "quote it if it is meant as text" };
  }
  // PyYAML adds from the right; the order decides the last bit of the sum.
  const sum = parts.reverse().reduce((total, part, power) => total + Number(part) * 60 ** power, 0);
  return { value: sign * sum, float: true };
}

/** A date or time as the text that `ansible-inventory` prints for it: Python's isoformat(). */
function constructTimestamp(text: string): Resolved {
  const bad: Resolved = {
    problem: `"${text}" looks like a date, but there is no such day or time`,
    fix: "quote it if it is meant as text",
  };
  const match = TIMESTAMP_PARTS.exec(text);
  if (!match) return bad;
  const [, year = "", month = "", day = "", hour, minute = "", second = "", fraction = "", zone, sign, zoneHour] =
    match;
  const two = (part: string) => part.padStart(2, "0");
  const date = `${year}-${two(month)}-${two(day)}`;
  const known = new Date(`${date}T00:00:00Z`);
  if (year === "0000" || Number.isNaN(known.getTime()) || known.toISOString().slice(0, 10) !== date) return bad;
  if (hour === undefined) return { value: date };
  const offset = zone === undefined ? "" : sign ? `${sign}${two(zoneHour ?? "0")}:${match[11] ?? "00"}` : "+00:00";
  const inRange = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  const minutesOff = Number(zoneHour ?? 0) * 60 + Number(match[11] ?? 0);
  if (!inRange || minutesOff >= 24 * 60) return bad;
  const micro = fraction.slice(0, 6).padEnd(6, "0");
  const normalOffset = minutesOff === 0 && offset ? "+00:00" : normalized(offset, minutesOff);
  return { value: `${date}T${two(hour)}:${minute}:${second}${micro === "000000" ? "" : `.${micro}`}${normalOffset}` };
}

/** `+01:75` is 2 h 15 min to Python. */
function normalized(offset: string, minutes: number): string {
  if (!offset) return "";
  const two = (part: number) => String(part).padStart(2, "0");
  return `${offset[0]}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** A number as Python's repr() prints it. */
export function pythonNumber(value: number | bigint, float: boolean): string {
  if (typeof value === "bigint") return value.toString();
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (!float) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const plain = String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** A mapping key that is no string, as Python's json prints it. */
export function keyText(value: Scalar, float: boolean): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" ? pythonNumber(value, float) : String(value);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
