import { failure } from "../errors";
import { propertyFormat, splitPropertyString } from "../schema/property-string";
import { api, type ParameterSpecs } from "../schema/spec";
import { specFor } from "../schema/validate";
import type { Section } from "../state/state";
import type { Context, Handler, Routes } from "../testbed";
import { digestOf } from "./digest";

type Errors = (id: string) => Error;

/** A configuration file of entries with an id, and how the API shows it. */
export interface Collection {
  /** Path of the list: `/cluster/mapping/pci`. */
  readonly base: string;
  /** Name of the id's parameter. */
  readonly id: string;
  /** Key in `state.sections`. */
  readonly store: string;
  /** Creation is `POST base/{id}`. */
  readonly createOnItem?: boolean;
  /** Key of the id in answers; absent: not shown. */
  readonly showId?: string;
  readonly showDigest?: boolean;
  /** Values that every entry has. */
  readonly defaults?: Section;
  readonly missing: {
    readonly read: Errors;
    readonly update: Errors /** Absent: deleting nothing is fine. */;
    readonly remove?: Errors;
  };
  readonly taken: Errors;
  /** Adds to, or refuses, a new entry or a changed one. */
  readonly check?: (context: Context, id: string, entry: Section, isNew: boolean) => void;
  /** Refuses callers, before anything else, where the schema leaves that to the method. */
  readonly requireWrite?: (context: Context, id: string) => void;
  /** Last words on an entry before it is shown. */
  readonly show?: (entry: Section) => Record<string, unknown>;
  /** Type of entries in answers, when `type` says nothing. */
  readonly without?: readonly string[];
}

export function entriesOf(context: Context, store: string): Record<string, Section> {
  context.state.sections[store] ??= {};
  return context.state.sections[store];
}

/** Numbers and flags are numbers, lists stay lists, all else is text. */
export function toSection(specs: ParameterSpecs, context: Context, without: readonly string[]): Section {
  const section: Section = {};
  for (const [key, value] of Object.entries(context.call.parameters)) {
    if (without.includes(key)) continue;
    const spec = specFor(specs, key);
    if (typeof value !== "string") section[key] = [...value];
    else section[key] = spec?.type === "integer" || spec?.type === "boolean" ? Number(value) : value;
  }
  return section;
}

function answer(context: Context, collection: Collection, id: string, entry: Section): Record<string, unknown> {
  const shown = collection.show ? collection.show(entry) : entry;
  return {
    ...shown,
    ...(collection.showId === undefined ? {} : { [collection.showId]: id }),
    ...(collection.showDigest ? { digest: digestOf(entriesOf(context, collection.store)) } : {}),
  };
}

const CALL_ONLY = ["delete", "digest"];

function create(collection: Collection): Handler {
  const path = collection.createOnItem ? `${collection.base}/{${collection.id}}` : collection.base;
  const specs = api.methods[`POST ${path}`]?.parameters ?? {};
  return (context) => {
    const id = context.call.optional(collection.id) ?? freshId(context, collection);
    collection.requireWrite?.(context, id);
    const entries = entriesOf(context, collection.store);
    if (entries[id]) throw collection.taken(id);
    const entry = {
      ...collection.defaults,
      ...toSection(specs, context, [collection.id, ...CALL_ONLY, ...(collection.without ?? [])]),
    };
    collection.check?.(context, id, entry, true);
    entries[id] = entry;
    context.testbed.changed();
    return null;
  };
}

const freshId = (context: Context, collection: Collection): string =>
  `${collection.store.replace(/^.*\//, "")}-${(++context.state.counter).toString(16).padStart(8, "0")}`;

function update(collection: Collection): Handler {
  const specs = api.methods[`PUT ${collection.base}/{${collection.id}}`]?.parameters ?? {};
  return (context) => {
    const id = context.call.text(collection.id);
    collection.requireWrite?.(context, id);
    const entries = entriesOf(context, collection.store);
    const before = entries[id];
    if (!before) throw collection.missing.update(id);
    const entry = {
      ...before,
      ...toSection(specs, context, [collection.id, ...CALL_ONLY, ...(collection.without ?? [])]),
    };
    for (const key of context.call.list("delete")) delete entry[key];
    collection.check?.(context, id, entry, false);
    entries[id] = entry;
    context.testbed.changed();
    return null;
  };
}

function remove(collection: Collection): Handler {
  return (context) => {
    const id = context.call.text(collection.id);
    collection.requireWrite?.(context, id);
    const entries = entriesOf(context, collection.store);
    if (!entries[id] && collection.missing.remove) throw collection.missing.remove(id);
    delete entries[id];
    context.testbed.changed();
    return null;
  };
}

function read(collection: Collection): Handler {
  return (context) => {
    const id = context.call.text(collection.id);
    const entry = entriesOf(context, collection.store)[id];
    if (!entry) throw collection.missing.read(id);
    return answer(context, collection, id, entry);
  };
}

function list(collection: Collection): Handler {
  return (context) =>
    Object.entries(entriesOf(context, collection.store)).map(([id, entry]) => ({
      ...answer(context, collection, id, entry),
      [collection.showId ?? collection.id]: id,
    }));
}

/** The five methods of a collection, as far as the API has them. */
export function collectionRoutes(collection: Collection): Routes {
  const item = `${collection.base}/{${collection.id}}`;
  const all: Record<string, Handler> = {
    [`GET ${collection.base}`]: list(collection),
    [`POST ${collection.createOnItem ? item : collection.base}`]: create(collection),
    [`GET ${item}`]: read(collection),
    [`PUT ${item}`]: update(collection),
    [`DELETE ${item}`]: remove(collection),
  };
  return Object.fromEntries(Object.entries(all).filter(([key]) => api.methods[key]));
}

/** The usual texts: `verb kind failed: kind 'id' does not exist`. */
export function usualErrors(kind: string, noun: string): Pick<Collection, "missing" | "taken"> {
  const absent = (prefix: string) => (id: string) => failure(`${prefix}${noun} '${id}' does not exist`);
  return {
    missing: { read: absent(""), update: absent(`update ${kind} failed: `), remove: absent(`delete ${kind} failed: `) },
    taken: (id) => failure(`create ${kind} failed: ${noun} '${id}' already defined`),
  };
}

/** A property string as the object that some answers show; flags are numbers. */
export function propertyObject(format: string, text: string): Record<string, string | number> {
  const specs = propertyFormat(format);
  const values = Object.entries(splitPropertyString(specs, text));
  return Object.fromEntries(
    values.map(([key, value]) => [key, specs[key]?.type === "boolean" ? Number(value) : value]),
  );
}
