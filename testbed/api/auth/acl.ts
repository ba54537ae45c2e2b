import type { AclEntry, State } from "../state/state";
import { ADMINISTRATOR, BUILT_IN_ROLES } from "./privileges";

/** Role → whether it is inherited by sub-paths. */
type Roles = Map<string, boolean>;
/** Privilege → whether it is inherited by sub-paths. */
export type Privileges = ReadonlyMap<string, boolean>;

const PATHS = new RegExp(
  `^(?:${[
    "/",
    "/access(?:/(?:groups|realm)(?:/[\\w.\\-]+)?)?",
    "/mapping(?:/(?:dir|pci|usb|hwrng|notifications|cpu)(?:/[\\w.\\-]+)?)?",
    "/nodes(?:/[\\w.\\-]+)?",
    "/pool(?:/[\\w.\\-]+){0,3}",
    "/sdn(?:/(?:controllers|dns|ipams|fabrics|prefix-lists|route-maps)(?:/[\\w.\\-]+)?)?",
    "/sdn/zones(?:/[\\w.\\-]+(?:/[\\w.\\-]+(?:/[1-9]\\d{0,3})?)?)?",
    "/storage(?:/[\\w.\\-]+)?",
    "/vms(?:/[1-9]\\d{2,})?",
  ].join("|")})$`,
);

/** Brings a path into its one spelling; `undefined` for one with characters that no path has. */
export function normalizePath(path: string): string | undefined {
  const clean = `/${path.split("/").filter(Boolean).join("/")}`;
  return /^[A-Za-z0-9.\-_/]+$/.test(clean) ? clean : undefined;
}

/** Whether Proxmox VE knows a (normalized) path as one that can have ACL entries. */
export const isAclPath = (path: string): boolean => PATHS.test(path);

export const rolePrivileges = (state: State, role: string): readonly string[] | undefined =>
  BUILT_IN_ROLES[role] ?? state.roles[role];

/**
 * The roles an owner of ACL entries has on a path. An entry on a sub-path replaces what came from above;
 * a user's own entry hides those of the user's groups at the same path.
 */
function rolesOn(state: State, id: string, path: string): Roles {
  const user = id.split("!")[0] ?? id;
  const isToken = id.includes("!");
  const groups = state.users[user]?.groups ?? [];
  const steps = path === "/" ? ["/"] : prefixes(path);
  let roles: Roles = new Map();
  for (const step of steps) {
    const final = step === path;
    const here = state.acl.filter((entry) => entry.path === step && (final || entry.propagate === 1));
    const own = here.filter((entry) => entry.type === (isToken ? "token" : "user") && entry.ugid === id);
    const byGroup = isToken ? [] : here.filter((entry) => entry.type === "group" && groups.includes(entry.ugid));
    const found = own.length > 0 ? own : byGroup;
    if (found.length > 0) roles = toRoles(found);
  }
  return roles.has("NoAccess") ? new Map([["NoAccess", roles.get("NoAccess") ?? false]]) : roles;
}

const toRoles = (entries: readonly AclEntry[]): Roles =>
  new Map(entries.map((entry) => [entry.roleid, entry.propagate === 1]));

/** `/vms/101` → `/`, `/vms`, `/vms/101`. */
export function prefixes(path: string): string[] {
  const parts = path.split("/").filter(Boolean);
  return ["/", ...parts.map((_, i) => `/${parts.slice(0, i + 1).join("/")}`)];
}

/** Roles on the pools that hold this guest or storage count too, but are not inherited. */
function poolRoles(state: State, id: string, path: string): Roles {
  const guest = /^\/vms\/(\d+)$/.exec(path)?.[1];
  const storage = /^\/storage\/(.+)$/.exec(path)?.[1];
  const roles: Roles = new Map();
  for (const [name, pool] of Object.entries(state.pools)) {
    const holds =
      (guest !== undefined && pool.guests.includes(Number(guest))) ||
      (storage !== undefined && pool.storages.includes(storage));
    if (holds) for (const role of rolesOn(state, id, `/pool/${name}`).keys()) roles.set(role, false);
  }
  return roles;
}

function privilegesOf(state: State, roles: Roles, into: Map<string, boolean>): void {
  for (const [role, propagate] of roles) {
    for (const privilege of rolePrivileges(state, role) ?? []) {
      into.set(privilege, propagate || into.get(privilege) === true);
    }
  }
}

/** What a caller may do on a path. A privilege-separated token has what both it and its user have. */
export function privilegesOn(state: State, id: string, path: string, withPools = true): Privileges {
  if (id === "root@pam") return new Map(ADMINISTRATOR.map((privilege) => [privilege, true]));
  const [user = id, name] = id.split("!");
  if (name !== undefined) {
    const token = state.users[user]?.tokens[name];
    const ofUser = privilegesOn(state, user, path, withPools);
    if (!token?.privsep) return ofUser;
    const own = collect(state, id, path, withPools);
    return new Map([...own].filter(([privilege]) => ofUser.has(privilege)));
  }
  return collect(state, id, path, withPools);
}

function collect(state: State, id: string, path: string, withPools: boolean): Privileges {
  const privileges = new Map<string, boolean>();
  const direct = rolesOn(state, id, path);
  privilegesOf(state, direct, privileges);
  if (withPools && !direct.has("NoAccess")) privilegesOf(state, poolRoles(state, id, path), privileges);
  return privileges;
}
