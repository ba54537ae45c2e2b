import { basename, dirname, join } from "node:path";
import { allRoles, type Role } from "../provision/registry";
import { type Checked, checkInventory } from "./check";
import { briefly } from "./compiler";
import type { Inventory } from "./inventory";
import type { Problem } from "./problem";
import { findInventories, readInventory } from "./read";
import { renderHost } from "./render";
import type { HostVars } from "./resolve/facts";
import { suggest } from "./schema/nearest";

export { sharedIdentities } from "./rules/across-labs";
export { exportSchemas } from "./schema/export";

/** Everything that is known of a lab. */
export interface LoadResult extends Checked {
  /** The lab's name, also that of its stack. */
  readonly name: string;
  readonly inventory: Inventory;
  /** The rendered variables of each host. */
  readonly vars: ReadonlyMap<string, HostVars>;
}

export interface LoadOptions {
  /** The folder that targets and positions are relative to. @default the current folder */
  readonly cwd?: string;
  /** @default every role under provision/ */
  readonly roles?: readonly Role[];
}

/** The labs under `inventory/` of a folder: their names, and the folder or hosts file of each. */
export const findLabs = (cwd: string = process.cwd()) => findInventories(join(cwd, "inventory"));

/**
 * Reads, merges, renders, checks and resolves a lab. Whatever the user wrote, the result says what is wrong with it;
 * nothing is thrown.
 *
 * @param target the name of a folder under `inventory/`, or the path of any folder or hosts file
 */
export function loadLab(target: string, { cwd = process.cwd(), roles = allRoles() }: LoadOptions = {}): LoadResult {
  const labs = findLabs(cwd);
  const name = target.replace(/\/+$/, "");
  const inventory = readInventory(placeOf(name, labs) ?? target, cwd);
  const problems = inventory.problems.map((problem) => withKnownLabs(problem, name, labs));
  return briefly(inventory.hosts.size, () => loaded(inventory, roles, problems));
}

/** @param problems of reading; those found here are added */
function loaded(inventory: Inventory, roles: readonly Role[], problems: Problem[]): LoadResult {
  const vars = new Map<string, HostVars>();
  for (const host of inventory.hosts.keys()) {
    const rendered = renderHost(inventory, host);
    vars.set(host, rendered.vars);
    problems.push(...rendered.problems);
  }
  const isReadable = inventory.hosts.size > 0 || problems.length === 0;
  const checked = isReadable ? checkInventory(inventory, vars, roles, problems) : { problems };
  return { name: inventory.name, inventory, vars, ...checked };
}

type FoundLabs = ReturnType<typeof findLabs>;

/** Where the lab or the folder of labs of that name under `inventory/` is. */
function placeOf(name: string, labs: FoundLabs): string | undefined {
  const lab = labs.find((each) => each.name === name);
  if (lab) return lab.target;
  return labs.map(({ target }) => dirname(target)).find((folder) => basename(folder) === name);
}

/** Adds what the labs under `inventory/` are called to a problem of a target that is none of them. */
function withKnownLabs(problem: Problem, wanted: string, labs: FoundLabs): Problem {
  if (problem.rule === "several-inventories") {
    const inside = labs.filter(({ target }) => basename(dirname(target)) === basename(wanted)).map(({ name }) => name);
    return inside.length > 1 ? { ...problem, fix: `name one: ${inside.join(" or ")}` } : problem;
  }
  if (problem.rule !== "no-inventory" || labs.length === 0 || problem.fix?.startsWith("name one")) return problem;
  return {
    ...problem,
    fix: suggest(
      wanted,
      labs.map(({ name }) => name),
    ),
  };
}
