import { z } from "zod";

/** A schema in the words of the documentation. */
export interface Described {
  /** What is expected, unit and bounds included: `whole number of MiB, 16 or more`. */
  readonly type: string;
  readonly isRequired: boolean;
  /** What holds when it is left out, as its description says. */
  readonly preset?: string;
  /** The description without the default. */
  readonly text: string;
  /** The mapping inside: the value itself, the entries of a list, or the values under names of the user's choice. */
  readonly inner?: { readonly suffix: "" | "[]" | ".<name>"; readonly schema: z.ZodObject };
}

/** Says what a schema expects, as the checks themselves would. */
export function describe(schema: z.core.$ZodType): Described {
  const { preset, text } = splitDescription(descriptionOf(schema));
  const bare = withoutAbsence(schema);
  const inner = innerOf(bare);
  return {
    type: typeOf(bare),
    isRequired: !(schema as z.ZodType).safeParse(undefined).success,
    ...(preset === undefined ? {} : { preset }),
    text,
    ...(inner ? { inner } : {}),
  };
}

/** The schema of the value at `path`: the first that fits, where unions branch. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  const bare = withoutPipe(schema);
  if (bare instanceof z.ZodUnion) {
    for (const option of bare.options) {
      const found = schemaAt(option, path);
      if (found) return found;
    }
    return undefined;
  }
  if (bare instanceof z.ZodObject) {
    const next: z.core.$ZodType | undefined = Object.hasOwn(bare.shape, step) ? bare.shape[String(step)] : undefined;
    return next && schemaAt(next, rest);
  }
  if (bare instanceof z.ZodArray) return /^\d+$/.test(String(step)) ? schemaAt(bare.element, rest) : undefined;
  return bare instanceof z.ZodRecord ? schemaAt(bare.valueType, rest) : undefined;
}

/** `Disk in GiB. Default: 8.` is the text `Disk in GiB.` and the default `8`. */
function splitDescription(description: string): { readonly text: string; readonly preset?: string } {
  const found = /\bDefault( for [^:.]+:|:) (.*?)\.(?=\s|$)/.exec(description);
  if (!found) return { text: description };
  const [all, whom = ":", value = ""] = found;
  return {
    text: description.replace(all, "").replace(/\s+/g, " ").trim(),
    preset: whom === ":" ? value : `${whom.trim()} ${value}`,
  };
}

function descriptionOf(schema: z.core.$ZodType): string {
  const own = (schema as z.ZodType).meta()?.description;
  if (own !== undefined) return own;
  const bare = withoutAbsence(schema);
  if (bare !== schema) return descriptionOf(bare);
  return bare instanceof z.ZodPipe ? descriptionOf(bare.in) : "";
}

function withoutAbsence(schema: z.core.$ZodType): z.core.$ZodType {
  const adds =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly;
  return adds ? withoutAbsence(schema.unwrap()) : schema;
}

function withoutPipe(schema: z.core.$ZodType): z.core.$ZodType {
  const bare = withoutAbsence(schema);
  return bare instanceof z.ZodPipe ? withoutPipe(bare.in) : bare;
}

function innerOf(schema: z.core.$ZodType): Described["inner"] {
  const bare = withoutPipe(schema);
  if (isSecret(bare)) return undefined;
  if (bare instanceof z.ZodObject) return { suffix: "", schema: bare };
  if (bare instanceof z.ZodUnion) return bare.options.map(innerOf).find((inner) => inner !== undefined);
  const [suffix, element] =
    bare instanceof z.ZodArray
      ? (["[]", bare.element] as const)
      : bare instanceof z.ZodRecord
        ? ([".<name>", bare.valueType] as const)
        : [];
  const mapping = element && mappingOf(element);
  return suffix && mapping ? { suffix, schema: mapping } : undefined;
}

/** The mapping that a schema describes, also as one of several choices. */
function mappingOf(schema: z.core.$ZodType): z.ZodObject | undefined {
  const bare = withoutPipe(schema);
  if (bare instanceof z.ZodUnion) return bare.options.map(mappingOf).find((mapping) => mapping !== undefined);
  return bare instanceof z.ZodObject && !isSecret(bare) ? bare : undefined;
}

const isMapping = (schema: z.core.$ZodType) =>
  withoutPipe(schema) instanceof z.ZodObject && !isSecret(withoutPipe(schema));

/** `{ secret: NAME }` (provision/role.ts), also with a description of its own. */
const isSecret = (schema: z.core.$ZodType) =>
  schema instanceof z.ZodObject && Object.keys(schema.shape).join() === "secret";

function typeOf(schema: z.core.$ZodType): string {
  const bare = withoutAbsence(schema);
  const stated = expectedBy(bare);
  if (stated !== undefined) return stated;
  if (bare instanceof z.ZodPipe) return typeOf(bare.in);
  if (isSecret(bare)) return "{ secret: NAME }";
  if (bare instanceof z.ZodArray) return `list: ${typeOf(bare.element)}`;
  if (bare instanceof z.ZodObject) return "mapping";
  if (bare instanceof z.ZodRecord) return isMapping(bare.valueType) ? "mappings by name" : recordType(bare);
  if (bare instanceof z.ZodUnion) return [...new Set(bare.options.map(typeOf))].join(", or ");
  if (bare instanceof z.ZodEnum) return `one of ${bare.options.join(", ")}`;
  if (bare instanceof z.ZodNumber) return numberType(bare);
  if (bare instanceof z.ZodBoolean) return "true or false";
  if (bare instanceof z.ZodLiteral) return [...bare.values].map(String).join(" or ");
  return bare instanceof z.ZodString || bare instanceof z.ZodBigInt ? "text" : "anything";
}

const recordType = (record: z.ZodRecord) => `mapping: ${typeOf(record.valueType)} by name`;

function numberType(schema: z.ZodNumber): string {
  const noun = schema.isInt ? "whole number" : "number";
  return noun + bounds(schema.minValue ?? undefined, schema.maxValue ?? undefined);
}

/** What one of our own formats says that it expects, when it is shown a mapping. */
function expectedBy(schema: z.core.$ZodType): string | undefined {
  if (!(schema instanceof z.ZodPipe)) return undefined;
  const issue = schema.safeParse({}).error?.issues[0];
  const expected = issue?.code === "custom" && issue.path.length === 0 ? issue.params?.expected : undefined;
  if (typeof expected !== "string") return undefined;
  const { minimum, maximum } = (schema.meta() ?? {}) as { minimum?: number; maximum?: number };
  const noun = expected.replace(/^an? /, "");
  return noun.includes(" of at least ") ? noun : noun + bounds(minimum, maximum);
}

function bounds(min: number | undefined, max: number | undefined): string {
  const known = (limit: number | undefined) => limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER;
  if (known(min) && known(max)) return `, ${min} to ${max}`;
  return known(min) ? `, ${min} or more` : known(max) ? `, at most ${max}` : "";
}
