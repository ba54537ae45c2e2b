import { isAclPath, normalizePath, prefixes, privilegesOn, rolePrivileges } from "../auth/acl";
import { BUILT_IN_ROLES } from "../auth/privileges";
import { failure, invalid } from "../errors";
import type { AclEntry, State } from "../state/state";
import type { Context, Routes } from "../testbed";

function changeRole(context: Context, verb: "create" | "update" | "delete"): null {
  const { call, state } = context;
  const id = call.text("roleid");
  const known = rolePrivileges(state, id) !== undefined;
  if (verb === "create" && known) throw failure(`create role failed: role '${id}' already exists`);
  if (verb !== "create" && !known) throw failure(`${verb} role failed: role '${id}' does not exist`);
  if (BUILT_IN_ROLES[id]) {
    throw failure(`auto-generated role '${id}' cannot be ${verb === "delete" ? "deleted" : "modified"}`);
  }
  if (verb === "delete") {
    delete state.roles[id];
    state.acl = state.acl.filter((entry) => entry.roleid !== id);
  } else {
    const before = call.flag("append") ? (state.roles[id] ?? []) : [];
    state.roles[id] = [...new Set([...before, ...call.list("privs")])].sort();
  }
  context.testbed.changed();
  return null;
}

function listRoles(context: Context): unknown {
  const entry =
    (special: number) =>
    ([roleid, privs]: [string, readonly string[]]) => ({
      roleid,
      privs: [...privs].sort().join(","),
      special,
    });
  return [...Object.entries(BUILT_IN_ROLES).map(entry(1)), ...Object.entries(context.state.roles).map(entry(0))];
}

function readRole(context: Context): unknown {
  const id = context.call.text("roleid");
  const privileges = rolePrivileges(context.state, id);
  if (!privileges) throw failure(`role '${id}' does not exist`);
  return Object.fromEntries(privileges.map((privilege) => [privilege, 1]));
}

function updateAcl(context: Context): null {
  const { call, state } = context;
  const path = normalizePath(call.text("path"));
  if (path === undefined || !isAclPath(path)) throw invalid({ path: `invalid ACL path '${call.text("path")}'` });
  const subjects = [
    ...call.list("users").map((ugid) => ({ type: "user" as const, ugid })),
    ...call.list("groups").map((ugid) => ({ type: "group" as const, ugid })),
    ...call.list("tokens").map((ugid) => ({ type: "token" as const, ugid })),
  ];
  if (!call.has("users") && !call.has("groups") && !call.has("tokens")) {
    const text = "either 'users', 'groups' or 'tokens' is required.";
    throw invalid({ users: text, groups: text, tokens: text });
  }
  const roles = call.list("roles");
  for (const role of roles) requireAclRole(context, path, role);
  for (const subject of subjects) requireSubject(state, subject);
  for (const roleid of roles) {
    for (const { type, ugid } of subjects) {
      const same = (entry: AclEntry): boolean =>
        entry.path === path && entry.type === type && entry.ugid === ugid && entry.roleid === roleid;
      state.acl = state.acl.filter((entry) => !same(entry));
      if (!call.flag("delete")) state.acl.push({ path, type, ugid, roleid, propagate: call.number("propagate") ?? 1 });
    }
  }
  context.testbed.changed();
  return null;
}

/** Who may change an ACL only through other privileges cannot give more than they have. */
function requireAclRole(context: Context, path: string, role: string): void {
  const privileges = rolePrivileges(context.state, role);
  if (!privileges) throw failure(`ACL update failed: role '${role}' does not exist`);
  if (!context.access.isRoot && !context.access.has(path, "Permissions.Modify")) {
    context.access.require(path, ...privileges);
  }
}

function requireSubject(state: State, subject: { type: AclEntry["type"]; ugid: string }): void {
  const { type, ugid } = subject;
  if (type === "group" && !state.groups[ugid]) throw failure(`ACL update failed: group '${ugid}' does not exist`);
  const [user = "", token] = ugid.split("!");
  if (type === "user" && !state.users[user]) throw failure(`ACL update failed: user '${user}' does not exist`);
  if (type === "token" && !state.users[user]?.tokens[token ?? ""]) {
    throw failure(`ACL update failed: no such token '${token}' for user '${user}'`);
  }
}

function listAcl(context: Context): unknown {
  const { state, access } = context;
  const all = access.isRoot || access.has("/access", "Sys.Audit");
  return state.acl.filter((entry) => all || access.has(entry.path, "Permissions.Modify"));
}

const TOP_PATHS = ["/", "/access", "/access/groups", "/mapping", "/nodes", "/pool", "/sdn", "/storage", "/vms"];

function listPermissions(context: Context): unknown {
  const { call, state, access } = context;
  const id = call.optional("userid") ?? call.caller.id;
  if (id !== call.caller.id && !id.startsWith(`${call.caller.id}!`) && !access.isRoot)
    access.require("/access", "Sys.Audit");
  const named = state.acl.flatMap((entry) => prefixes(entry.path));
  const paths = call.has("path") ? [call.text("path")] : [...new Set([...TOP_PATHS, ...named])];
  const result: Record<string, Record<string, number>> = {};
  for (const path of paths) {
    const held = privilegesOn(state, id, normalizePath(path) ?? "/");
    if (held.size > 0) result[path] = Object.fromEntries([...held].map(([name, down]) => [name, down ? 1 : 0]));
  }
  return result;
}

export const roleRoutes: Routes = {
  "GET /access/roles": listRoles,
  "POST /access/roles": (context) => changeRole(context, "create"),
  "GET /access/roles/{roleid}": readRole,
  "PUT /access/roles/{roleid}": (context) => changeRole(context, "update"),
  "DELETE /access/roles/{roleid}": (context) => changeRole(context, "delete"),
  "GET /access/acl": listAcl,
  "PUT /access/acl": updateAcl,
  "GET /access/permissions": listPermissions,
};
