import { z } from "zod";

/** The keys that a schema knows in the mapping at `path`, for "did you mean". */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  return mappings(schema, path).flatMap((object) => Object.keys(object.shape));
}

/** The object schemas that can describe the value at `path`: several where unions branch. */
function mappings(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.ZodObject[] {
  const [step, ...rest] = path;
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => mappings(option, path));
  const inner = unwrap(schema);
  if (inner) return mappings(inner, path);
  if (schema instanceof z.ZodObject) {
    if (step === undefined) return [schema];
    const next: z.core.$ZodType | undefined = schema.shape[String(step)];
    return next ? mappings(next, rest) : [];
  }
  if (step === undefined) return [];
  if (schema instanceof z.ZodArray) return mappings(schema.element, rest);
  if (schema instanceof z.ZodRecord) return mappings(schema.valueType, rest);
  return [];
}

/** What stands inside a schema that only adds a default, an alternative to absence, or a transformation. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return schema.unwrap();
  }
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodReadonly) return schema.unwrap();
  return schema instanceof z.ZodPipe ? schema.in : undefined;
}
