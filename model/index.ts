import { join } from "node:path";
import { allRoles, type Role } from "../provision/registry";
import { type Checked, checkInventory } from "./check";
import type { Inventory } from "./inventory";
import type { Problem } from "./problem";
import { findInventories, readInventory } from "./read";
import { renderHost } from "./render";
import type { HostVars } from "./resolve/facts";
import { suggest } from "./schema/nearest";

export { sharedVmids } from "./rules/across-labs";
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
  const inventory = readInventory(labs.find((lab) => lab.name === target)?.target ?? target, cwd);
  const names = labs.map((lab) => lab.name);
  const problems = inventory.problems.map((problem) => withKnownLabs(problem, target, names));
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

const withKnownLabs = (problem: Problem, target: string, names: readonly string[]): Problem =>
  problem.rule === "no-inventory" && names.length > 0 ? { ...problem, fix: suggest(target, names) } : problem;
