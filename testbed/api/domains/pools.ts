import { failure } from "../errors";
import type { Pool, State } from "../state/state";
import type { Context, Routes } from "../testbed";
import { guestResource, storageResource } from "./resources";

function poolOf(state: State, id: string, verb?: string): Pool {
  const pool = state.pools[id];
  if (!pool) throw failure(`${verb === undefined ? "" : `${verb} pool failed: `}pool '${id}' does not exist`);
  return pool;
}

function create(context: Context): null {
  const { call, state } = context;
  const id = call.text("poolid");
  if (state.pools[id]) throw failure(`create pool failed: pool '${id}' already exists`);
  const parent = id.includes("/") ? id.slice(0, id.lastIndexOf("/")) : undefined;
  if (parent !== undefined && !state.pools[parent]) {
    throw failure(`create pool failed: parent '${parent}' of pool '${id}' does not exist`);
  }
  const comment = call.optional("comment");
  state.pools[id] = { guests: [], storages: [], ...(comment ? { comment } : {}) };
  context.testbed.changed();
  return null;
}

function update(context: Context): null {
  const { call, state } = context;
  const id = call.text("poolid");
  const pool = poolOf(state, id, "update");
  if (call.has("comment")) {
    if (call.text("comment") === "") delete pool.comment;
    else pool.comment = call.text("comment");
  }
  for (const vmid of call.list("vms").map(Number)) changeGuest(context, pool, vmid);
  for (const storage of call.list("storage")) changeStorage(context, pool, storage);
  context.testbed.changed();
  return null;
}

function changeGuest(context: Context, pool: Pool, vmid: number): void {
  const { call, state, access } = context;
  if (!access.isRoot) access.requireAny(`/vms/${vmid}`, "VM.Allocate", "Permissions.Modify");
  const id = call.text("poolid");
  const isMember = pool.guests.includes(vmid);
  if (call.flag("delete")) {
    if (!isMember) throw failure(`update pool failed: VM ${vmid} is not a pool member`);
    pool.guests = pool.guests.filter((member) => member !== vmid);
    return;
  }
  if (isMember) throw failure(`update pool failed: VM ${vmid} is already a pool member`);
  const other = Object.keys(state.pools).find((name) => name !== id && state.pools[name]?.guests.includes(vmid));
  if (other !== undefined) {
    if (!call.flag("allow-move"))
      throw failure(`update pool failed: VM ${vmid} belongs already to pool '${other}' and allow-move is not set`);
    const from = poolOf(state, other);
    from.guests = from.guests.filter((member) => member !== vmid);
  }
  pool.guests.push(vmid);
}

function changeStorage(context: Context, pool: Pool, storage: string): void {
  const { call, access } = context;
  if (!access.isRoot) access.requireAny(`/storage/${storage}`, "Datastore.Allocate", "Permissions.Modify");
  const isMember = pool.storages.includes(storage);
  if (call.flag("delete")) {
    if (!isMember) throw failure(`update pool failed: Storage '${storage}' is not a pool member`);
    pool.storages = pool.storages.filter((member) => member !== storage);
  } else {
    if (isMember) throw failure(`update pool failed: Storage '${storage}' is already a pool member`);
    pool.storages.push(storage);
  }
}

function remove(context: Context): null {
  const { call, state } = context;
  const id = call.text("poolid");
  const pool = poolOf(state, id, "delete");
  const fail = (what: string): never => {
    throw failure(`delete pool failed: pool '${id}' is not empty (contains ${what})`);
  };
  const guest = pool.guests.find((vmid) => state.guests[vmid]);
  const storage = pool.storages.find((name) => state.storages[name]);
  if (guest !== undefined) fail(`${state.guests[guest]?.type === "lxc" ? "CT" : "VM"} ${guest}`);
  if (storage !== undefined) fail(`storage '${storage}'`);
  if (Object.keys(state.pools).some((name) => name.startsWith(`${id}/`))) fail("nested pools");
  delete state.pools[id];
  state.acl = state.acl.filter((entry) => entry.path !== `/pool/${id}`);
  context.testbed.changed();
  return null;
}

/** Members that exist; a pool may name guests and storages that are gone. */
function membersOf(context: Context, pool: Pool): unknown[] {
  const { state, testbed, call } = context;
  const type = call.optional("type");
  const guests = pool.guests.flatMap((vmid) => {
    const guest = state.guests[vmid];
    return guest && (type === undefined || type === guest.type) ? [guestResource(testbed, guest)] : [];
  });
  const storages = pool.storages.flatMap((id) =>
    state.storages[id] && (type === undefined || type === "storage")
      ? Object.keys(state.nodes).flatMap((node) => storageResource(testbed, node, id) ?? [])
      : [],
  );
  return [...guests, ...storages];
}

const withComment = (poolid: string, pool: Pool): Record<string, unknown> => ({
  poolid,
  ...(pool.comment === undefined ? {} : { comment: pool.comment }),
});

function list(context: Context): unknown {
  const { call, state, access } = context;
  if (call.has("poolid")) {
    const id = call.text("poolid");
    const pool = poolOf(state, id);
    return [{ ...withComment(id, pool), members: membersOf(context, pool) }];
  }
  return Object.entries(state.pools)
    .filter(([id]) => access.isRoot || access.has(`/pool/${id}`, "Pool.Audit"))
    .map(([id, pool]) => withComment(id, pool));
}

function read(context: Context): unknown {
  const pool = poolOf(context.state, context.call.text("poolid"));
  return { ...(pool.comment === undefined ? {} : { comment: pool.comment }), members: membersOf(context, pool) };
}

export const poolRoutes: Routes = {
  "GET /pools": list,
  "POST /pools": create,
  "PUT /pools": update,
  "DELETE /pools": remove,
  "GET /pools/{poolid}": read,
  "PUT /pools/{poolid}": update,
  "DELETE /pools/{poolid}": remove,
};
