import { failure } from "../errors";
import type { State } from "../state/state";
import type { Context, Routes } from "../testbed";

const members = (state: State, group: string): string[] =>
  Object.keys(state.users).filter((id) => state.users[id]?.groups.includes(group));

function changeGroup(context: Context, verb: "create" | "update" | "delete"): null {
  const { call, state } = context;
  const id = call.text("groupid");
  const known = state.groups[id] !== undefined;
  if (verb === "create" && known) throw failure(`create group failed: group '${id}' already exists`);
  if (verb !== "create" && !known) throw failure(`${verb} group failed: group '${id}' does not exist`);
  if (verb === "delete") {
    delete state.groups[id];
    for (const user of Object.values(state.users)) user.groups = user.groups.filter((name) => name !== id);
    state.acl = state.acl.filter((entry) => entry.type !== "group" || entry.ugid !== id);
  } else {
    const comment = call.optional("comment");
    state.groups[id] = comment ? { comment } : {};
  }
  context.testbed.changed();
  return null;
}

function readGroup(context: Context): unknown {
  const id = context.call.text("groupid");
  const group = context.state.groups[id];
  if (!group) throw failure(`group '${id}' does not exist`);
  return { ...group, members: members(context.state, id) };
}

function listGroups(context: Context): unknown {
  const { state, access } = context;
  return Object.entries(state.groups)
    .filter(
      ([id]) => access.isRoot || access.hasAny(`/access/groups/${id}`, "User.Modify", "Sys.Audit", "Group.Allocate"),
    )
    .map(([groupid, group]) => ({ groupid, ...group, users: members(state, groupid).join(",") }));
}

export const groupRoutes: Routes = {
  "GET /access/groups": listGroups,
  "POST /access/groups": (context) => changeGroup(context, "create"),
  "GET /access/groups/{groupid}": readGroup,
  "PUT /access/groups/{groupid}": (context) => changeGroup(context, "update"),
  "DELETE /access/groups/{groupid}": (context) => changeGroup(context, "delete"),
};
