import type { z } from "zod";
import type { Position, Problem } from "../problem";
import { type MappingTree, type Tree, toPlain, treeAt } from "../tree";
import { nearest } from "./nearest";
import { show } from "./scalar";
import { keysAt } from "./shape";

/** What a variable's value turned out to be, with everything that is wrong in it. */
export interface Parsed<T> {
  /** Absent when there is any problem. */
  readonly value?: T;
  readonly problems: readonly Problem[];
}

type Issue = z.core.$ZodIssue;

const cache = new WeakMap<z.ZodType, WeakMap<Tree, Parsed<unknown>>>();

/**
 * Checks the tree of one variable against its schema. Trees are immutable and shared between hosts,
 * so that a variable of a group is checked once, not once per member.
 */
export function parse<S extends z.ZodType>(schema: S, tree: Tree, name: string): Parsed<z.output<S>> {
  let known = cache.get(schema);
  if (!known) {
    known = new WeakMap();
    cache.set(schema, known);
  }
  const found = known.get(tree) as Parsed<z.output<S>> | undefined;
  if (found) return found;
  const fresh = check(schema, tree, name);
  known.set(tree, fresh);
  return fresh;
}

function check<S extends z.ZodType>(schema: S, tree: Tree, name: string): Parsed<z.output<S>> {
  const vaulted = vaultText(tree);
  if (vaulted) return { problems: [undecrypted(vaulted, name)] };
  const result = schema.safeParse(toPlain(tree));
  if (result.success) return { value: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, schema, tree, name)) };
}

/**
 * A faulty variable's value without the keys that are wrong, so that the rest can be checked against other hosts.
 * Undefined when what is left makes no value. Never for anything but finding further problems.
 */
export function salvage<S extends z.ZodType>(schema: S, tree: Tree): z.output<S> | undefined {
  if (tree.kind !== "mapping") return undefined;
  const issues = schema.safeParse(toPlain(tree)).error?.issues ?? [];
  const faulty = new Set(
    issues.flatMap((issue) =>
      issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : [String(issue.path[0])],
    ),
  );
  const entries = new Map([...tree.entries].filter(([key]) => !faulty.has(key)));
  return schema.safeParse(toPlain({ ...tree, entries })).data;
}

/** Checks several variables as one object: a role's settings. Positions are those of the variables. */
export function parseAll<S extends z.ZodObject>(
  schema: S,
  trees: ReadonlyMap<string, Tree>,
  missingAt: Position,
): Parsed<z.output<S>> {
  const names = Object.keys(schema.shape).filter((name) => trees.has(name));
  const entries = new Map(names.map((name) => [name, { keyAt: trees.get(name)!.at, value: trees.get(name)! }]));
  const root: MappingTree = { kind: "mapping", at: missingAt, entries };
  return check(schema, root, "");
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
    const branch = likeliest(issue.errors);
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

/** Of a union's branches the one that understood most of the value: its first complaint lies deepest. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (issues: readonly Issue[]) =>
    Math.max(0, ...issues.map((i) => i.path.length + (i.code === "unrecognized_keys" ? 1 : 0)));
  const deepest = [...branches].sort((a, b) => depth(b) - depth(a))[0];
  return deepest && depth(deepest) > 0 ? deepest : undefined;
}

function valueProblem(issue: Issue, root: Tree, path: readonly PropertyKey[], name: string, what?: "key"): Problem {
  const place = treeAt(root, path);
  const params = issue.code === "custom" ? issue.params : undefined;
  const expected = typeof params?.expected === "string" ? params.expected : expectation(issue);
  const fix = typeof params?.fix === "string" ? params.fix : undefined;
  const dotted = dot(name, path);
  if (!place.found) {
    const key = String(path.at(-1) ?? name);
    const message = `${key} is required but missing${expected === undefined ? "" : `: expected ${expected}`}`;
    return {
      rule: "missing-key",
      severity: "error",
      at: place.keyAt ?? place.tree.at,
      path: dotted,
      message,
      fix: `add ${key}:`,
    };
  }
  const got = what === "key" ? show(path.at(-1)) : show(toPlain(place.tree));
  const message =
    issue.code === "custom" && what === undefined
      ? issue.message
      : `expected ${expected ?? "another value"}, got ${got}`;
  return {
    rule: "invalid-value",
    severity: "error",
    at: what === "key" ? (place.keyAt ?? place.tree.at) : place.tree.at,
    path: dotted,
    message: what === "key" ? `as a name ${message}` : message,
    ...(fix === undefined ? {} : { fix }),
  };
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
  const near = nearest(key, known);
  return {
    rule: "unknown-key",
    severity: "error",
    at: place.keyAt ?? place.tree.at,
    path: dot(name, [...path, key]),
    message: `unknown key "${key}"`,
    fix: near === undefined ? `delete it; known are: ${known.join(", ")}` : `did you mean "${near}"?`,
  };
}

const dot = (name: string, path: readonly PropertyKey[]) => [...(name ? [name] : []), ...path.map(String)].join(".");

function vaultText(tree: Tree): Tree | undefined {
  if (tree.kind === "scalar") return tree.tag === "vault" ? tree : undefined;
  const children = tree.kind === "sequence" ? tree.items : [...tree.entries.values()].map((entry) => entry.value);
  for (const child of children) {
    const found = vaultText(child);
    if (found) return found;
  }
  return undefined;
}

function undecrypted(tree: Tree, name: string): Problem {
  const message = "this value is encrypted by ansible-vault, and its text would end up in Terraform's files";
  const fix = "refer to the secret instead: { secret: a_name }, and give it to Terraform as TF_VAR_a_name";
  return { rule: "vault-value", severity: "error", at: tree.at, ...(name ? { path: name } : {}), message, fix };
}
