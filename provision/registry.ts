import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../model/problem";
import { VARIABLES } from "../model/schema/variables";
import type { RoleDefinition } from "./role";
import {
  type Defined,
  definitionProblems,
  fileProblems,
  loadProblem,
  type RoleFolder,
  sharedVariables,
  waitProblem,
} from "./role-problems";

/** A role with its name, which is its folder's. */
export interface Role extends RoleDefinition {
  readonly name: string;
}

/** Steps that constructs make of a guest or node itself: they have scripts as roles have, and no group or variables. */
export const STEPS: readonly string[] = [
  "gpu-passthrough",
  "hardware",
  "network-guard",
  "node-network",
  "vm-discs",
  "vm-image",
];
/** Folders beside the roles: what they share. Every other folder is a role's. */
const SHARED: readonly string[] = ["apps", "lib", "transport"];

/** The roles of a folder; none when there are problems. */
export interface ReadRoles {
  readonly roles: readonly Role[];
  readonly problems: readonly Problem[];
}

/** Roles are wrong, so that nothing can be said of any lab. */
export class BrokenRoles extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super("roles under provision/ are wrong");
  }
}

let found: ReadRoles | undefined;
const own = (): ReadRoles => {
  found ??= readRoles(__dirname);
  return found;
};

/**
 * Every role under provision/, each after the ones it has to follow; found by folder, so that a new role is a new folder.
 *
 * @throws BrokenRoles when one of them is wrong
 */
export function allRoles(): readonly Role[] {
  const { problems, roles } = own();
  if (problems.length > 0) throw new BrokenRoles(problems);
  return roles;
}

/** What is wrong with the roles under provision/, all of it; then `allRoles` throws. */
export const roleProblems = (): readonly Problem[] => own().problems;

/** Reads the roles of a folder: of its subfolders but those that are known to be something else. */
export function readRoles(folder: string): ReadRoles {
  const folders = foldersOf(folder);
  const known = new Set([...STEPS, ...folders.map(({ name }) => name)]);
  const sound: Defined[] = [];
  const problems = folders.flatMap((each) => {
    const missing = fileProblems(each);
    if (!each.files.includes("role.ts")) return missing;
    try {
      const { default: definition }: { default?: RoleDefinition } = require(join(each.path, "role.ts"));
      const wrong = definitionProblems(each, definition, known);
      if (definition && wrong.length === 0) sound.push({ folder: each, definition });
      return [...wrong, ...missing];
    } catch (error) {
      return [loadProblem(each, error), ...missing];
    }
  });
  problems.push(...sharedVariables(sound, VARIABLES));
  try {
    const roles = inOrder(sound.map(({ definition, folder: { name } }) => ({ ...definition, name })));
    return { roles: problems.length > 0 ? [] : roles, problems };
  } catch (error) {
    if (!(error instanceof Circle)) throw error;
    return { roles: [], problems: [...problems, waitProblem(error.names, sound)] };
  }
}

function foldersOf(folder: string): RoleFolder[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !STEPS.includes(entry.name) && !SHARED.includes(entry.name))
    .map(({ name }) => ({ name, path: join(folder, name), files: readdirSync(join(folder, name)) }))
    .filter(({ files, name }) => files.length > 0 && !name.startsWith("."))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Roles that wait for each other: their names, the first of them again at the end. */
class Circle extends Error {
  constructor(readonly names: readonly string[]) {
    super(`roles wait for each other: ${names.join(" → ")}`);
  }
}

/**
 * Each role after those it names in `after`; where that leaves a choice, by name.
 * @throws when roles wait for each other
 */
export function inOrder(roles: readonly Role[]): Role[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const done = new Set<Role>();
  const visit = (role: Role, waiting: readonly string[]) => {
    if (done.has(role)) return;
    const begin = waiting.indexOf(role.name);
    if (begin >= 0) throw new Circle([...waiting.slice(begin), role.name]);
    for (const name of [...(role.after ?? [])].sort()) {
      const before = byName.get(name);
      if (before) visit(before, [...waiting, role.name]);
    }
    done.add(role);
  };
  for (const name of [...byName.keys()].sort()) visit(byName.get(name)!, []);
  return [...done];
}
