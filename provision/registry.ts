import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { RoleDefinition } from "./role";

/** A role with its name, which is its folder's. */
export interface Role extends RoleDefinition {
  readonly name: string;
}

let discovered: readonly Role[] | undefined;

/** Every role under provision/, each after the ones it has to follow; found by folder, so that a new role is a new folder. */
export function allRoles(): readonly Role[] {
  discovered ??= inOrder(discover(__dirname));
  return discovered;
}

/** The roles of a folder: its subfolders that hold a `role.ts`. */
function discover(folder: string): Role[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((found) => found.isDirectory() && existsSync(join(folder, found.name, "role.ts")))
    .map((found) => {
      const module: { default?: RoleDefinition } = require(join(folder, found.name, "role.ts"));
      if (!module.default)
        throw new Error(`provision/${found.name}/role.ts has no default export: export default defineRole({ … })`);
      return { ...module.default, name: found.name };
    });
}

/**
 * Each role after those it names in `after`; where that leaves a choice, by name.
 * @throws when roles wait for each other, which is a mistake in the roles, not in an inventory.
 */
export function inOrder(roles: readonly Role[]): Role[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const done = new Set<Role>();
  const visit = (role: Role, waiting: readonly string[]) => {
    if (done.has(role)) return;
    if (waiting.includes(role.name)) {
      throw new Error(
        `roles wait for each other: ${[...waiting, role.name].join(" → ")}; change "after" of one of them`,
      );
    }
    for (const name of [...(role.after ?? [])].sort()) {
      const before = byName.get(name);
      if (before) visit(before, [...waiting, role.name]);
    }
    done.add(role);
  };
  for (const name of [...byName.keys()].sort()) visit(byName.get(name)!, []);
  return [...done];
}
