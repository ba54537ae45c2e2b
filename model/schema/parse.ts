import type { z } from "zod";
import type { Position, Problem } from "../problem";
import { type MappingEntry, type MappingTree, type Tree, toPlain, treeAt, treesTo, writtenAt } from "../tree";
import { exampleFor } from "./examples";
import { readerOf, UNSURE } from "./fast";
import { nearest, synonym } from "./nearest";
import { show } from "./scalar";
import { keysAt } from "./shape";

/** What a variable's value turned out to be, with everything that is wrong in it. */
export interface Parsed<T> {
  /** Absent when there is any problem. */
  readonly value?: T;
  readonly problems: readonly Problem[];
}

const NONE: readonly Problem[] = [];

type Issue = z.core.$ZodIssue;

/** What was parsed by one schema. Hosts of a group come one after the other, so the last tree is mostly the next one too. */
interface Known {
  readonly all: WeakMap<Tree, Parsed<unknown>>;
  tree?: Tree;
  parsed?: Parsed<unknown> | undefined;
}

const cache = new WeakMap<z.ZodType, Known>();

/**
 * Checks the tree of one variable against its schema. Trees are immutable and shared between hosts,
 * so that a variable of a group is checked once, not once per member.
 */
export function parse<S extends z.ZodType>(schema: S, tree: Tree, name: string): Parsed<z.output<S>> {
  let known = cache.get(schema);
  if (!known) {
    known = { all: new WeakMap() };
    cache.set(schema, known);
  }
  if (known.tree !== tree) {
    known.parsed = known.all.get(tree);
    known.tree = tree;
  }
  if (!known.parsed) {
    known.parsed = check(schema, tree, name);
    known.all.set(tree, known.parsed);
  }
  return known.parsed as Parsed<z.output<S>>;
}

function check<S extends z.ZodType>(schema: S, tree: Tree, name: string): Parsed<z.output<S>> {
  const value = readerOf(schema)(tree);
  if (value !== UNSURE) return { value: value as z.output<S>, problems: NONE };
  const result = schema.safeParse(toPlain(tree));
  if (result.success) return { value: result.data, problems: NONE };
  const problems = result.error.issues.flatMap((issue) => {
    const misplaced = misplacedSecret(tree, issue, name);
    return misplaced.length > 0 ? misplaced : problemsOf(issue, schema, tree, name);
  });
  return { problems };
}

interface Remembered {
  readonly trees: readonly (Tree | undefined)[];
  readonly parsed: Parsed<unknown>;
}

const names = new WeakMap<z.ZodObject, readonly string[]>();
const latest = new WeakMap<z.ZodObject, Remembered>();

/** The keys of an object schema, which zod would gather anew each time. */
export function keysOf(schema: z.ZodObject): readonly string[] {
  let known = names.get(schema);
  if (!known) {
    known = Object.keys(schema.shape);
    names.set(schema, known);
  }
  return known;
}

/**
 * Checks several variables as one object: a role's settings. Positions are those of the variables.
 * Hosts that share all of them, as those of a group mostly do, get one and the same value.
 */
export function parseAll<S extends z.ZodObject>(
  schema: S,
  trees: ReadonlyMap<string, Tree>,
  missingAt: Position,
): Parsed<z.output<S>> {
  const all = keysOf(schema);
  const before = latest.get(schema);
  if (before && all.every((name, index) => trees.get(name) === before.trees[index])) {
    return before.parsed as Parsed<z.output<S>>;
  }
  const entries = new Map<string, MappingEntry>();
  for (const name of all) {
    const value = trees.get(name);
    if (value) entries.set(name, { keyAt: value.at, value });
  }
  const root: MappingTree = { kind: "mapping", at: missingAt, entries };
  const parsed = check(schema, root, "");
  // A problem may be placed at the host itself.
  if (parsed.problems.length === 0) latest.set(schema, { trees: all.map((name) => trees.get(name)), parsed });
  return parsed;
}

function problemsOf(
  issue: Issue,
  schema: z.ZodType,
  root: Tree,
  name: string,
  base: readonly PropertyKey[] = [],
): Problem[] {
  const path = [...base, ...issue.path];
  if (issue.code === "invalid_union") {
    const branch = likeliest(issue.errors, treeAt(root, path).tree);
    if (branch) return branch.flatMap((inner) => problemsOf(inner, schema, root, name, path));
  }
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => unknownKey(key, known, root, path, name));
  }
  if ((issue.code === "invalid_key" || issue.code === "invalid_element") && issue.issues[0]) {
    return issue.issues.slice(0, 1).map((inner) => valueProblem(inner, root, path, name, "key"));
  }
  return isBroken(treeAt(root, path)) ? [] : [valueProblem(issue, root, path, name)];
}

/** Whether a value is a template that could not be rendered, which is told already. */
const isBroken = ({ tree, found }: ReturnType<typeof treeAt>): boolean =>
  found && tree.kind === "scalar" && tree.broken === true;

/**
 * Of a union's branches the one that understood most of the value: its first complaint lies deepest. Of a scalar it is the
 * one branch that reads scalars and says what it expects.
 */
function likeliest(branches: readonly (readonly Issue[])[], value: Tree): readonly Issue[] | undefined {
  const depth = (issues: readonly Issue[]) =>
    Math.max(0, ...issues.map((i) => i.path.length + (i.code === "unrecognized_keys" ? 1 : 0)));
  const deepest = [...branches].sort((a, b) => depth(b) - depth(a))[0];
  if (deepest && depth(deepest) > 0) return deepest;
  const scalars = value.kind === "scalar" ? branches.filter(([first]) => first?.code === "custom") : [];
  return scalars.length === 1 ? scalars[0] : undefined;
}

function valueProblem(issue: Issue, root: Tree, path: readonly PropertyKey[], name: string, what?: "key"): Problem {
  const place = treeAt(root, path);
  const params = issue.code === "custom" ? issue.params : undefined;
  const expected = typeof params?.expected === "string" ? params.expected : expectation(issue);
  const stated = typeof params?.fix === "string" ? params.fix : undefined;
  const dotted = dot(name, path);
  if (!place.found) {
    const key = String(path.at(-1) ?? name);
    const message = `${key} is required but missing${expected === undefined ? "" : `: expected ${expected}`}`;
    return {
      rule: "missing-key",
      severity: "error",
      ...origin(root, path, place.tree.via ? writtenAt(place.tree) : (place.keyAt ?? place.tree.at)),
      path: dotted,
      message,
      fix: `add ${key}:`,
    };
  }
  const fix =
    stated ??
    (issue.code === "invalid_type" ? exampleFor(issue.expected, [name, ...path], toPlain(place.tree)) : undefined);
  const got = what === "key" ? show(path.at(-1)) : show(toPlain(place.tree));
  const message =
    issue.code === "custom" && what === undefined
      ? issue.message
      : `expected ${expected ?? "another value"}, got ${got}`;
  // A key is no part of what its own value came through.
  const from = what === "key" ? origin(root, path.slice(0, -1), place.keyAt ?? place.tree.at) : undefined;
  return {
    rule: "invalid-value",
    severity: "error",
    ...(from ?? origin(root, path, writtenAt(place.tree))),
    path: dotted,
    message: what === "key" ? `as a name ${message}` : message,
    ...(fix === undefined ? {} : { fix }),
  };
}

/** What came through a template, itself or with what it is a part of, is mended where it was written: `at`. */
function origin(root: Tree, path: readonly PropertyKey[], at: Position): Pick<Problem, "also" | "at" | "isOfHost"> {
  const taker = treesTo(root, path).findLast(({ via }) => via);
  if (!taker) return { at };
  const isElsewhere = at.file !== taker.at.file || at.line !== taker.at.line;
  return { at, isOfHost: true, ...(isElsewhere ? { also: [{ at: taker.at, note: "takes it" }] } : {}) };
}

/** In words what a native zod type expected. */
function expectation(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.length === 1 ? show(issue.values[0]) : `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `at least ${issue.minimum}${SIZES[issue.origin] ?? ""}`;
    case "too_big":
      return `at most ${issue.maximum}${SIZES[issue.origin] ?? ""}`;
    case "invalid_format":
      // A schema's own words before the pattern that they are for.
      if (!issue.message.startsWith("Invalid ")) return issue.message;
      return issue.format === "regex" && issue.pattern
        ? `text that matches ${issue.pattern}`
        : `a valid ${issue.format}`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_union":
      return [...new Set(issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectation)))].join(" or ");
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
};
const SIZES: Readonly<Record<string, string>> = { string: " characters", array: " entries" };

function unknownKey(
  key: string,
  known: readonly string[],
  root: Tree,
  path: readonly PropertyKey[],
  name: string,
): Problem {
  const place = treeAt(root, [...path, key]);
  const near = synonym(key, known) ?? nearest(key, known);
  return {
    rule: "unknown-key",
    severity: "error",
    ...origin(root, path, place.keyAt ?? place.tree.at),
    path: dot(name, [...path, key]),
    message: `unknown key "${key}"`,
    fix: near === undefined ? `delete it; known are: ${known.join(", ")}` : `did you mean "${near}"?`,
  };
}

const dot = (name: string, path: readonly PropertyKey[]) => [...(name ? [name] : []), ...path.map(String)].join(".");

/** A secret where none is taken: to the schema it is a mapping, which would be a riddle to whoever wrote it. */
function misplacedSecret(root: Tree, issue: Issue, name: string): Problem[] {
  const { path } = issue;
  const { tree } = treeAt(root, path);
  const isReference =
    tree.kind === "mapping" && tree.entries.size === 1 && tree.entries.has("secret") && issue.code !== "invalid_union";
  if (!isReference && (tree.kind !== "scalar" || tree.tag !== "vault")) return [];
  const place = dot(name, path);
  const common = { rule: "vault-value", severity: "error", at: tree.at, ...(place ? { path: place } : {}) } as const;
  if (tree.kind !== "scalar" || tree.secret?.instead === undefined) {
    const message = "takes no secret: its value would stand in clear in Terraform's files";
    return [{ ...common, message, fix: "write the value in clear, or leave the key out" }];
  }
  const { origin } = tree.secret;
  const variable = origin.kind === "file" ? origin.path.join(".") : "";
  const message = `no readable file sets "${variable}", so it is taken for a secret of an encrypted file, and none can stand here`;
  return [{ ...common, message, fix: tree.secret.instead }];
}
