import { api, type ParameterSpecs } from "./spec";

export type PropertyValues = Record<string, string>;

const TRUE = /^(?:1|on|yes|true)$/i;
const FALSE = /^(?:0|off|no|false)$/i;

/** `on`, `yes`, `true` become `1`, their opposites `0`; property strings allow what plain parameters do not. */
export const wordToFlag = (value: string): string => (TRUE.test(value) ? "1" : FALSE.test(value) ? "0" : value);

/** The keys of a property string by the name of its format, without the `@`. */
export function propertyFormat(name: string): ParameterSpecs {
  const format = api.formats[name];
  if (!format) throw new Error(`schemas/pve has no property string ${name}`);
  return format;
}

/**
 * Splits `a,b=c,d=e` into its keys, resolving the default key and aliases. Values are not checked.
 *
 * @throws Error in Proxmox VE's words
 */
export function splitPropertyString(format: ParameterSpecs, text: string): PropertyValues {
  const values: PropertyValues = {};
  const defaultKey = Object.keys(format).find((key) => format[key]?.default_key);
  for (const part of text.split(",")) {
    if (/^\s*$/.test(part)) continue;
    const equals = part.indexOf("=");
    if (equals > 0 && equals < part.length - 1) {
      assign(format, values, part.slice(0, equals), part.slice(equals + 1));
    } else if (equals === -1) {
      if (defaultKey === undefined) throw new Error("value without key, but schema does not define a default key");
      if (values[defaultKey] !== undefined) {
        throw new Error(`duplicate key in comma-separated list property: ${defaultKey}`);
      }
      values[defaultKey] = part;
    } else {
      throw new Error("missing key in comma-separated list property");
    }
  }
  return values;
}

function assign(format: ParameterSpecs, values: PropertyValues, written: string, value: string): void {
  if (values[written] !== undefined) throw new Error(`duplicate key in comma-separated list property: ${written}`);
  const spec = format[written];
  const { alias, key_alias: keyAlias } = spec ?? {};
  if (keyAlias !== undefined) {
    if (values[keyAlias] !== undefined) throw new Error(`key alias '${keyAlias}' is already defined`);
    values[keyAlias] = written;
  }
  const key = alias ?? written;
  const target = format[key];
  values[key] = target?.type === "boolean" ? wordToFlag(value) : value;
}

export interface PrintOptions {
  /** Keys that come first, in this order; the rest follows sorted. */
  readonly first?: readonly string[];
  /** A key that is written as a bare value, when it is the first. */
  readonly bare?: string;
}

/** Writes a property string as Proxmox VE rewrites one: some keys first, the others sorted. */
export function printPropertyString(values: Readonly<PropertyValues>, options: PrintOptions = {}): string {
  const first = (options.first ?? []).filter((key) => values[key] !== undefined);
  const rest = Object.keys(values)
    .filter((key) => !first.includes(key))
    .sort();
  return [...first, ...rest].map((key) => (key === options.bare ? values[key] : `${key}=${values[key]}`)).join(",");
}
