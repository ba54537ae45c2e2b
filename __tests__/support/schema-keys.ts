import { z } from "zod";

type Schema = z.core.$ZodType;

/** Where a value stands in others. */
export type Path = readonly (string | number)[];

/** A key of one of a schema's mappings that has no further keys below it. */
export interface SchemaKey {
  /** `proxmox_backup_jobs{}.keep`; `{}` stands for names that are the user's own, `[]` for the items of a list. */
  readonly name: string;
  /** Where the values have it. */
  readonly places: readonly Path[];
  /** What it has to choose from; empty where that is no list of words. */
  readonly words: readonly unknown[];
}

interface Found {
  readonly name: string;
  readonly places: Path[];
  readonly words: readonly unknown[];
  leaf: boolean;
}

/** The keys of schemas, with their places in values; what several schemas share is told once. */
export class SchemaKeys {
  readonly #keys = new Map<Schema, Map<string, Found>>();

  get all(): readonly SchemaKey[] {
    return [...this.#keys.values()].flatMap((keys) => [...keys.values()].filter(({ leaf }) => leaf));
  }

  /**
   * Adds the keys of `schema`, and their places in `value`, which may be undefined.
   * @returns whether there are any
   */
  add(schema: Schema, name: string, value: unknown, at: Path): boolean {
    const { def } = (schema as z.core.$ZodTypes)._zod;
    switch (def.type) {
      case "object":
        return this.#addMapping(schema, def.shape, name, value, at);
      case "array":
        return this.#addItems(def.element, `${name}[]`, Array.isArray(value) ? [...value.entries()] : [], at);
      case "record":
        return this.#addItems(def.valueType, `${name}{}`, isMapping(value) ? Object.entries(value) : [], at);
      case "union":
        return def.options.map((option) => this.add(option, name, value, at)).some(Boolean);
      case "optional":
      case "nullable":
      case "default":
      case "prefault":
      case "readonly":
        return this.add(def.innerType, name, value, at);
      case "pipe":
        return this.add(def.in, name, value, at);
      default:
        return false;
    }
  }

  #addMapping(schema: Schema, shape: Readonly<Record<string, Schema>>, name: string, value: unknown, at: Path): true {
    const known = this.#keys.get(schema);
    const keys = known ?? new Map<string, Found>();
    this.#keys.set(schema, keys);
    if (known && !isMapping(value)) return true;
    for (const [key, inner] of Object.entries(shape)) {
      const found = keys.get(key) ?? { name: `${name}.${key}`, places: [], words: wordsOf(inner), leaf: true };
      keys.set(key, found);
      const given = isMapping(value) ? value[key] : undefined;
      if (given !== undefined) found.places.push([...at, key]);
      if (this.add(inner, found.name, given, [...at, key])) found.leaf = false;
    }
    return true;
  }

  #addItems(inner: Schema, name: string, items: readonly (readonly [string | number, unknown])[], at: Path): boolean {
    const given = items.length > 0 ? items : [["", undefined] as const];
    return given.map(([key, each]) => this.add(inner, name, each, [...at, key])).some(Boolean);
  }
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function wordsOf(schema: Schema): readonly unknown[] {
  const own = z.globalRegistry.get(schema)?.enum;
  if (Array.isArray(own)) return own;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === "optional" ? wordsOf(def.innerType) : [];
}
