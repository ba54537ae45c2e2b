import { checkFormat } from "./formats";
import { splitList } from "./lists";
import { propertyFormat, splitPropertyString } from "./property-string";
import type { ParameterSpec, ParameterSpecs } from "./spec";

/** What a request carries: forms give strings, JSON bodies also numbers, booleans and lists. */
export type RawParameters = Readonly<Record<string, unknown>>;
/** What handlers see: everything as text, booleans `0` or `1`, lists of type `array` as lists. */
export type Parameters = Record<string, string | readonly string[]>;
export type Problems = Record<string, string>;

export interface Verdict {
  readonly parameters: Parameters;
  /** Empty when all is well. */
  readonly problems: Problems;
}

const UNDEFINED_PROPERTY = "property is not defined in schema and the schema does not allow additional properties";
const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(?:\d+\.\d+|\d+\.|\.\d+|\d+)(?:[eE][+-]?\d+)?$/;

/** Checks every parameter of a request and reports all that are wrong, in Proxmox VE's words. */
export function validate(specs: ParameterSpecs, raw: RawParameters): Verdict {
  const parameters: Parameters = {};
  const problems: Problems = {};
  for (const [name, value] of Object.entries(raw)) {
    const spec = specFor(specs, name);
    if (!spec) {
      problems[name] = UNDEFINED_PROPERTY;
      continue;
    }
    const given = plain(value, spec);
    const problem = Array.isArray(given) ? checkArray(spec, given, name) : checkScalar(spec, given, name);
    if (problem !== undefined) problems[name] = problem;
    else parameters[name] = Array.isArray(given) ? given.map(String) : given;
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (!spec.optional && raw[name] === undefined && !name.endsWith("[n]")) {
      problems[name] = "property is missing and it is not optional";
    }
  }
  return { parameters, problems };
}

/** `net0` is described by `net[n]`. */
export function specFor(specs: ParameterSpecs, name: string): ParameterSpec | undefined {
  const own = Object.hasOwn(specs, name) && !name.endsWith("[n]") ? specs[name] : undefined;
  return own ?? specs[name.replace(/\d+$/, "[n]")];
}

function plain(value: unknown, spec: ParameterSpec): string | unknown[] {
  if (Array.isArray(value)) {
    const isList = spec.type === "string" && spec.format !== undefined && /-a?list$/.test(spec.format);
    return isList ? value.join(",") : value;
  }
  const text = typeof value === "boolean" ? (value ? "1" : "0") : value === null ? "" : String(value);
  return spec.type === "array" ? [text] : text;
}

function checkArray(spec: ParameterSpec, values: readonly unknown[], path: string): string | undefined {
  if (spec.type !== "array") return `type check ('${spec.type}') failed - got ARRAY`;
  for (const value of values) {
    const problem =
      spec.items && spec.items.type !== "object" ? checkScalar(spec.items, String(value), path) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkType(type: ParameterSpec["type"], value: string): boolean {
  if (type === "integer") return INTEGER.test(value);
  if (type === "number") return NUMBER.test(value);
  if (type === "boolean") return value === "0" || value === "1";
  return true;
}

/** @returns what is wrong with one value, or `undefined` */
export function checkScalar(spec: ParameterSpec, value: string, path: string): string | undefined {
  if (!checkType(spec.type, value)) return `type check ('${spec.type}') failed - got '${value}'`;
  const format = spec.format === undefined ? undefined : checkNamedFormat(spec.format, value, path);
  if (format !== undefined) return `invalid format - ${format}\n`;
  if (spec.pattern !== undefined && !perlPattern(spec.pattern).test(value))
    return "value does not match the regex pattern";
  const length = [...value].length;
  if (spec.max_length !== undefined && length > spec.max_length) {
    return `value may only be ${spec.max_length} characters long`;
  }
  if (spec.min_length !== undefined && length < spec.min_length) {
    return `value must be at least ${spec.min_length} characters long`;
  }
  if (NUMBER.test(value)) {
    if (spec.maximum !== undefined && Number(value) > spec.maximum) {
      return `value must have a maximum value of ${spec.maximum}`;
    }
    if (spec.minimum !== undefined && Number(value) < spec.minimum) {
      return `value must have a minimum value of ${spec.minimum}`;
    }
  }
  if (spec.enum && !spec.enum.includes(value)) {
    return `value '${value}' does not have a value in the enumeration '${spec.enum.join(", ")}'`;
  }
  return undefined;
}

function checkNamedFormat(format: string, value: string, path: string): string | undefined {
  if (format.startsWith("@")) return checkPropertyString(propertyFormat(format.slice(1)), value, path);
  return checkFormat(format, value, splitList);
}

/** @returns what is wrong with a property string, or `undefined` */
export function checkPropertyString(specs: ParameterSpecs, value: string, path: string): string | undefined {
  let values: Record<string, string>;
  try {
    values = splitPropertyString(specs, value);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const lines = Object.keys(values)
    .filter((key) => specs[key] === undefined)
    .map((key) => `${path}.${key}: ${UNDEFINED_PROPERTY}`);
  for (const [key, spec] of Object.entries(specs)) {
    if (spec.alias !== undefined) continue;
    const own = values[key];
    if (own === undefined) {
      if (!spec.optional) lines.push(`${path}.${key}: property is missing and it is not optional`);
      continue;
    }
    const problem = checkScalar(spec, own, `${path}.${key}`);
    if (problem !== undefined) lines.push(`${path}.${key}: ${problem}`);
    if (spec.requires !== undefined && values[spec.requires] === undefined) {
      lines.push(`${path}.${spec.requires}: missing property - '${key}' requires this property`);
    }
  }
  return lines.length === 0 ? undefined : `format error\n${lines.join("\n")}`;
}

const patterns = new Map<string, RegExp>();

/** A Perl pattern as printed by Perl (`(?^i:…)`), anchored at both ends. */
export function perlPattern(pattern: string): RegExp {
  let compiled = patterns.get(pattern);
  if (!compiled) {
    const flags = pattern.includes("(?^i:") ? "i" : "";
    compiled = new RegExp(`^(?:${pattern.replace(/\(\?\^[a-z]*:/g, "(?:")})$`, flags);
    patterns.set(pattern, compiled);
  }
  return compiled;
}
