import { z } from "zod";
import { type Tree, toPlain } from "../tree";

/** Says that a value may have faults: `safeParse` of the same schema tells which, or that it has none after all. */
export const UNSURE = Symbol("unsure");

/** What `safeParse` would make of the value of a tree, absent or not; or UNSURE. */
export type Reader = (tree: Tree | undefined) => unknown;

const readers = new WeakMap<z.core.$ZodType, Reader>();

/**
 * A reader of the trees that have no faults, several times as fast as zod: it walks tree and schema together, makes no
 * plain copy of the tree, and gathers no issues. It is derived from the schema's own definition, objects, lists, absence
 * and scalars being its own and all else zod's; a property test holds the two to the same results.
 */
export function readerOf(schema: z.core.$ZodType): Reader {
  let reader = readers.get(schema);
  if (!reader) {
    reader = derive(schema);
    readers.set(schema, reader);
  }
  return reader;
}

function derive(schema: z.core.$ZodType): Reader {
  const read = ownReader(schema);
  return read ? checked(schema, read) : byZod(schema);
}

/** For the kinds of schema that are read here. */
function ownReader(schema: z.core.$ZodType): Reader | undefined {
  if (schema instanceof z.ZodExactOptional) return undefined;
  if (schema instanceof z.ZodOptional) return optional(schema);
  if (schema instanceof z.ZodDefault) return withDefault(schema);
  if (schema instanceof z.ZodObject) return object(schema);
  if (schema instanceof z.ZodArray) return list(schema);
  return schema instanceof z.ZodPipe ? scalar(schema) : undefined;
}

function byZod(schema: z.core.$ZodType): Reader {
  return (tree) => {
    const result = schema._zod.run({ value: tree && toPlain(tree), issues: [] }, { async: false });
    return result instanceof Promise || result.issues.length > 0 ? UNSURE : result.value;
  };
}

/** Runs the schema's own checks, such as refinements, after `read`. */
function checked(schema: z.core.$ZodType, read: Reader): Reader {
  const checks: readonly z.core.$ZodCheck<never>[] = schema._zod.def.checks ?? [];
  if (checks.length === 0) return read;
  return (tree) => {
    const value = read(tree);
    if (value === UNSURE) return UNSURE;
    const payload = payloadOf(value);
    for (const { _zod: check } of checks) {
      if (check.def.when && !check.def.when(payload)) continue;
      if (check.check(payload) instanceof Promise || payload.issues.length > 0) return UNSURE;
    }
    return payload.value;
  };
}

/** To a check, whose schema's output the value is. */
const payloadOf = (value: unknown) => ({ value: value as never, issues: [] as z.core.$ZodRawIssue[] });

function optional({ def: { innerType } }: z.ZodOptional): Reader {
  const read = readerOf(innerType);
  const substitutes = innerType._zod.optin === "defaulted";
  return (tree) => (tree || substitutes ? read(tree) : undefined);
}

function withDefault({ def }: z.ZodDefault): Reader {
  const read = readerOf(def.innerType);
  return (tree) => {
    const value = tree && read(tree);
    return value === undefined ? def.defaultValue : value;
  };
}

function list(schema: z.ZodArray): Reader {
  const read = readerOf(schema.def.element);
  return (tree) => {
    if (tree?.kind !== "sequence") return UNSURE;
    const values: unknown[] = [];
    for (const item of tree.items) {
      const value = read(item);
      if (value === UNSURE) return UNSURE;
      values.push(value);
    }
    return values;
  };
}

/** A scalar of ours (./scalar.ts) is zod's `unknown` with a transformation behind it, which is then all there is to run. */
function scalar({ def }: z.ZodPipe): Reader | undefined {
  const { in: first, out: then } = def;
  if (!(first instanceof z.ZodUnknown && then instanceof z.ZodTransform)) return undefined;
  if (first.def.checks?.length || then.def.checks?.length) return undefined;
  const { transform } = then.def;
  return (tree) => {
    const attempt = new Attempt(tree && toPlain(tree));
    const result = transform(attempt.value, attempt);
    return result instanceof Promise || attempt.issues.length > 0 ? UNSURE : result;
  };
}

/** What zod hands to a transformation. */
class Attempt implements z.core.ParsePayload {
  readonly issues: z.core.$ZodRawIssue[] = [];

  constructor(readonly value: unknown) {}

  addIssue(issue: unknown): void {
    this.issues.push(issue as z.core.$ZodRawIssue);
  }
}

interface Member {
  readonly key: string;
  readonly read: Reader;
  /** What absence means: an error, nothing at all, or whatever the schema puts in its place. */
  readonly absent: "refused" | "left out" | "replaced";
}

function object({ def }: z.ZodObject): Reader | undefined {
  const isStrict = def.catchall instanceof z.ZodNever;
  const members = Object.entries(def.shape).map(([key, schema]) => member(key, schema));
  if ((def.catchall && !isStrict) || Object.getOwnPropertySymbols(def.shape).length > 0) return undefined;
  if (!members.every((each) => each !== undefined)) return undefined;
  const places = new Map(members.map(({ key }, place) => [key, place]));
  return (tree) => {
    if (tree?.kind !== "mapping") return UNSURE;
    // Of many keys few are there. The object has them in the order of the schema, as zod's has.
    const found = new Array<Tree | undefined>(members.length);
    for (const [key, { value }] of tree.entries) {
      const place = places.get(key);
      if (place !== undefined) found[place] = value;
      else if (isStrict) return UNSURE;
    }
    const object: { [key: string]: unknown } = {};
    for (let place = 0; place < members.length; place++) {
      const member = members[place]!;
      const value = found[place];
      if (!value && member.absent === "left out") continue;
      if (!value && member.absent === "refused") return UNSURE;
      const read = member.read(value);
      if (read === UNSURE) return UNSURE;
      object[member.key] = read;
    }
    return object;
  };
}

/** Undefined for a key that zod would find on every object, or whose absence is none of the three. */
function member(key: string, schema: z.core.$ZodType): Member | undefined {
  if (key in Object.prototype) return undefined;
  const { optin, optout } = schema._zod;
  const read = readerOf(schema);
  if (optin === undefined) return { key, read, absent: "refused" };
  if (optin === "optional" && optout === "optional") return { key, read, absent: "left out" };
  return schema instanceof z.ZodDefault ? { key, read, absent: "replaced" } : undefined;
}
