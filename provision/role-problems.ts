import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { z } from "zod";
import type { Position, Problem } from "../model/problem";
import { suggest } from "../model/schema/nearest";
import { show } from "../model/schema/scalar";
import type { RoleDefinition } from "./role";

/** A role's folder: what is in it, read once. */
export interface RoleFolder {
  readonly name: string;
  readonly path: string;
  /** Names of its files. */
  readonly files: readonly string[];
}

/** A role whose definition is sound, for what may be wrong between roles. */
export interface Defined {
  readonly folder: RoleFolder;
  readonly definition: RoleDefinition;
}

const GUIDE = "docs/provisioning.md, Writing a role";

const NEEDED = {
  "apply.sh": "nothing could be applied",
  "check.sh": "drift could not be seen",
  "README.md": "its page could not be written",
};

/** What is missing beside a role.ts, or the role.ts itself. */
export function fileProblems({ files, name, path }: RoleFolder): Problem[] {
  if (!files.includes("role.ts")) return [withoutDefinition({ files, name, path })];
  return Object.entries(NEEDED)
    .filter(([file]) => !files.includes(file))
    .map(([file, why]) => ({
      ...problem(positionIn(path), `the role ${name} has no ${file}: ${why}`),
      fix: `write ${fromHere(join(path, file))} (${GUIDE})`,
    }));
}

function withoutDefinition({ files, name, path }: RoleFolder): Problem {
  const [first = ""] = files;
  const misnamed = files.find((file) => /^rol.*\.[cm]?[jt]s$/i.test(file));
  const found = problem(
    { file: fromHere(join(path, misnamed ?? first)), line: 1, column: 1 },
    `the folder ${name} has no role.ts, so that nobody would get the role`,
  );
  return {
    ...found,
    fix: misnamed
      ? `rename ${misnamed} to role.ts`
      : `write ${fromHere(join(path, "role.ts"))} (${GUIDE}), or take the folder away`,
  };
}

/** A role.ts that could not be read as a program: where it is wrong as far as Node and the compiler know. */
export function loadProblem(folder: RoleFolder, error: unknown): Problem {
  const said = error instanceof Error ? error.message : String(error);
  const [message = ""] = said.trim().split("\n");
  const at = placeOf(error);
  return {
    ...problem(at ? { ...at, file: fromHere(at.file) } : positionIn(folder.path), asWritten(message)),
    fix: "mend it; npm run types says what TypeScript expects there",
  };
}

/** Without the compiler's mark, and with names as they stand in the source: `z.strng`, not `_zod.z.strng`. */
const asWritten = (message: string) =>
  message
    .replace(/^[x×]\s+/, "")
    .replace(/\(0 , _\w+\.(\w+)\)/g, "$1")
    .replace(/\b_\w+\.(?=\w+\.)/g, "");

/** Where scripts/typescript.cjs says that a mistake is in the source. */
function placeOf(error: unknown): Position | undefined {
  const { sourcePosition }: { readonly sourcePosition?: () => Position | undefined } =
    typeof error === "object" && error !== null ? error : {};
  return sourcePosition?.();
}

interface Key {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const TARGETS: readonly unknown[] = ["container", "vm", "node"];
const VARIABLE = /^[a-z][a-z0-9_]*$/;

/** By key what a definition may hold. */
const KEYS: { readonly [Name in keyof Required<RoleDefinition>]: Key } = {
  summary: { expected: "one sentence", holds: isText },
  group: { expected: `the name of the group whose members get it, or "all"`, holds: isText },
  variables: { expected: "z.object({ … }) with the role's variables, or with none", holds: isObjectSchema },
  targets: {
    expected: 'a list of "container", "vm" and "node"',
    holds: (value) => Array.isArray(value) && value.length > 0 && value.every((each) => TARGETS.includes(each)),
  },
  switch: {
    expected: "the name of a variable, in small letters, digits and _",
    holds: (value) => isText(value) && VARIABLE.test(value),
  },
  when: { expected: `"set", for who has at least one of its variables`, holds: (value) => value === "set" },
  after: { expected: "a list of roles' names", holds: isTexts },
  ahead: { expected: "true or false", holds: (value) => typeof value === "boolean" },
  osTypes: { expected: 'a list of systems such as "debian"', holds: isTexts },
  ofAnyHost: { expected: "a list of names of its variables", holds: isTexts },
  derive: { expected: "a function", holds: (value) => typeof value === "function" },
};
const REQUIRED = ["summary", "group", "variables"] as const;

function isSchema(value: unknown): value is object {
  return typeof value === "object" && value !== null && "_zod" in value;
}

function isObjectSchema(value: unknown): boolean {
  return isSchema(value) && "shape" in value;
}

/**
 * What is wrong with what a role.ts exports, whatever that is.
 *
 * @param known names of all roles, and of whatever else a role may come after
 */
export function definitionProblems(folder: RoleFolder, definition: unknown, known: ReadonlySet<string>): Problem[] {
  if (typeof definition !== "object" || definition === null) {
    const fix = "write export default defineRole({ … })";
    return [
      { ...problem(positionIn(folder.path), `expected a role as the default export, got ${kindOf(definition)}`), fix },
    ];
  }
  const problems = shapeProblems(folder, definition);
  const sound: Partial<RoleDefinition> = problems.length > 0 ? soundPart(definition) : definition;
  return [...problems, ...meaningProblems(folder, sound, known)];
}

const wantedOf = (key: string): Key | undefined =>
  Object.hasOwn(KEYS, key) ? KEYS[key as keyof typeof KEYS] : undefined;

const soundPart = (definition: object): Partial<RoleDefinition> =>
  Object.fromEntries(Object.entries(definition).filter(([key, value]) => wantedOf(key)?.holds(value)));

function shapeProblems({ path }: RoleFolder, definition: object): Problem[] {
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(definition)) {
    const wanted = wantedOf(key);
    if (wanted?.holds(value)) continue;
    const isOptional = !REQUIRED.some((name) => name === key);
    if (wanted && isOptional && value === undefined) continue;
    const at = positionIn(path, keyed(key));
    if (!wanted) problems.push({ ...problem(at, `unknown key "${key}"`), fix: suggest(key, Object.keys(KEYS)) });
    else {
      const message = `${key}: expected ${wanted.expected}, got ${kindOf(value)}`;
      problems.push({ ...problem(at, message), fix: isOptional ? "write that, or leave it out" : "write that" });
    }
  }
  for (const key of REQUIRED) {
    if (Object.hasOwn(definition, key)) continue;
    const message = `${key} is required but missing: expected ${KEYS[key].expected}`;
    problems.push({ ...problem(positionIn(path), message), fix: `add ${key}:` });
  }
  return problems;
}

function meaningProblems(
  { files, name, path }: RoleFolder,
  { after = [], ahead = false, ofAnyHost = [], variables, when }: Partial<RoleDefinition>,
  known: ReadonlySet<string>,
): Problem[] {
  const shape: Readonly<Record<string, unknown>> = variables?.shape ?? {};
  const problems: Problem[] = [];
  const report = (where: RegExp, message: string, fix: string) =>
    problems.push({ ...problem(positionIn(path, where), message), fix });
  for (const other of after) {
    if (other === name) report(keyed("after"), "after: the role would wait for itself", `take "${name}" from it`);
    else if (!known.has(other)) report(quoted(other), `after: there is no role "${other}"`, suggest(other, known));
  }
  for (const variable in shape) {
    if (!VARIABLE.test(variable))
      report(keyed(variable), `variables: a shell has none called "${variable}"`, "use small letters, digits and _");
    if (!isSchema(shape[variable])) {
      const message = `variables.${variable}: expected a zod schema, got ${kindOf(shape[variable])}`;
      report(keyed(variable), message, "write such as z.string()");
    }
  }
  for (const variable of ofAnyHost) {
    if (!variables || Object.hasOwn(shape, variable)) continue;
    const message = `ofAnyHost: "${variable}" is none of its variables`;
    report(quoted(variable), message, suggest(variable, Object.keys(shape)));
  }
  if (when === "set" && variables && Object.keys(shape).length === 0)
    report(keyed("when"), 'when: "set", and there is no variable to set', "add one to variables, or leave when out");
  if (ahead && !files.includes("ahead.sh"))
    report(keyed("ahead"), "ahead: true, and there is no ahead.sh", "write ahead.sh, or leave ahead out");
  if (!ahead && files.includes("ahead.sh"))
    report(START, "there is an ahead.sh that nobody would ask", "add ahead: true, or take ahead.sh away");
  return problems;
}

/**
 * Variables that two roles declare, or a role and the inventory itself: one value would have to suit two schemas.
 * Who shares one on purpose takes one schema for it, from one file.
 */
export function sharedVariables(roles: readonly Defined[], ours: Readonly<Record<string, z.core.$ZodType>>): Problem[] {
  const owners = new Map<string, Defined>();
  return roles.flatMap((role) =>
    Object.entries(role.definition.variables.shape).flatMap(([variable, schema]) => {
      const owner = owners.get(variable);
      const known = owner?.definition.variables.shape ?? ours;
      const other = Object.hasOwn(known, variable) ? known[variable] : undefined;
      if (!owner) owners.set(variable, role);
      if (!other || other === schema) return [];
      return [declaredTwice(variable, role, owner)];
    }),
  );
}

function declaredTwice(variable: string, { folder }: Defined, owner: Defined | undefined): Problem {
  const whose = owner ? `the role ${owner.folder.name}` : "the inventory itself";
  const found = problem(positionIn(folder.path, keyed(variable)), `${whose} has a variable ${variable} already`);
  if (!owner) return { ...found, fix: "rename it" };
  const fix = "rename one of the two, or let both take one schema for it from one file";
  return { ...found, fix, also: [{ at: positionIn(owner.folder.path, keyed(variable)), note: "declares it, too" }] };
}

/** Roles that wait for each other. */
export function waitProblem(circle: readonly string[], roles: readonly Defined[]): Problem {
  const [first = ""] = circle;
  const path = roles.find(({ folder }) => folder.name === first)?.folder.path ?? first;
  const message = `after: roles wait for each other: ${circle.join(" → ")}`;
  return { ...problem(positionIn(path, keyed("after")), message), fix: "take one of them from after" };
}

const problem = (at: Position, message: string): Problem & { readonly at: Position } => ({
  rule: "role-definition",
  severity: "error",
  at,
  message,
});

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null && !Array.isArray(value) ? "a mapping" : show(value);
}

const START = /\bdefineRole\s*\(|^export default\b/m;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const keyed = (key: string) => new RegExp(`(?<=^\\s*|[{,]\\s*)["']?${escaped(key)}["']?\\s*[:,(}]`, "m");
const quoted = (text: string) => new RegExp(`["'\`]${escaped(text)}["'\`]`);

/** Where the text of a folder's role.ts first is so; where a role begins, if nowhere. Read only when something is wrong. */
function positionIn(path: string, pattern = START): Position {
  const file = join(path, "role.ts");
  const source = existsSync(file) ? readFileSync(file, "utf8") : "";
  const begin = source.search(START);
  const inside = source.slice(Math.max(0, begin)).search(pattern);
  const at = inside < 0 ? begin : Math.max(0, begin) + inside;
  const before = source.slice(0, Math.max(0, at)).split("\n");
  return { file: fromHere(file), line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** As the other problems' files: relative to the folder the command runs in. */
const fromHere = (path: string) => relative("", path);
