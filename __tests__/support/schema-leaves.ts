import type { z } from "zod";

/** A place in a schema at which text stands. */
export interface TextLeaf {
  /** `base_users[].name`; `{}` for the values of a record, `{key}` for its keys. */
  readonly path: string;
  readonly schema: z.core.$ZodType;
  /** Whether its text is checked in words of its own; a bare pattern would be all that its message says. */
  readonly speaks: boolean;
}

/** Every text of a schema, as the inventory writes it, which is before any transformation. */
export function textLeaves(schema: z.core.$ZodType, path = ""): TextLeaf[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object":
      return Object.entries(def.shape).flatMap(([key, inner]) => textLeaves(inner, path ? `${path}.${key}` : key));
    case "array":
      return textLeaves(def.element, `${path}[]`);
    case "record":
      return [...textLeaves(def.keyType, `${path}{key}`), ...textLeaves(def.valueType, `${path}{}`)];
    case "union":
      return def.options.flatMap((option) => textLeaves(option, path));
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "readonly":
      return textLeaves(def.innerType, path);
    case "pipe":
      // What reads a scalar of its own begins with anything.
      return isUnknown(def.in) ? [{ path, schema, speaks: true }] : textLeaves(def.in, path);
    case "string":
      return [{ path, schema, speaks: !(def.checks ?? []).some((check) => check._zod.def.check === "string_format") }];
    default:
      return [];
  }
}

const isUnknown = (schema: z.core.$ZodType): boolean => schema._zod.def.type === "unknown";
