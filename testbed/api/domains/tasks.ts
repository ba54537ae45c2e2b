import { failure, invalid } from "../errors";
import type { Task } from "../state/state";
import type { Context, Routes } from "../testbed";
import { Reply } from "../testbed";

const UPID = /^UPID:([^:]+):[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:]+:[^:]*:[^:]+:$/i;

function parseUpid(context: Context): string {
  const upid = context.call.text("upid");
  if (!UPID.test(upid)) throw invalid({ upid: "unable to parse worker upid" });
  return upid;
}

function taskOf(context: Context): Task {
  const upid = parseUpid(context);
  const task = context.testbed.tasks.find(upid);
  if (!task || task.node !== context.call.text("node")) throw invalid({ upid: "no such task" });
  requireView(context, task);
  return task;
}

/** Everyone sees their own tasks; those of others take Sys.Audit. */
function requireView(context: Context, task: Task): void {
  if (isOwn(context, task)) return;
  context.access.require(`/nodes/${task.node}`, "Sys.Audit");
}

const isOwn = (context: Context, task: Task): boolean => {
  const { caller } = context.call;
  return task.user === caller.user && (caller.token === undefined || task.tokenid === caller.token);
};

const base = (task: Task): Record<string, unknown> => ({
  id: task.id,
  node: task.node,
  pid: task.pid,
  pstart: task.pstart,
  starttime: task.starttime,
  type: task.type,
  upid: task.upid,
  user: task.user,
  ...(task.tokenid === undefined ? {} : { tokenid: task.tokenid }),
});

const status = (context: Context): unknown => {
  const task = taskOf(context);
  const done = task.exitstatus !== undefined;
  return { ...base(task), status: done ? "stopped" : "running", ...(done ? { exitstatus: task.exitstatus } : {}) };
};

function log(context: Context): Reply {
  const upid = parseUpid(context);
  const task = context.testbed.tasks.find(upid);
  if (task) requireView(context, task);
  const all = task ? task.log : ["unable to open file - No such file or directory"];
  const start = context.call.number("start") ?? 0;
  const limit = context.call.number("limit") ?? 50;
  const lines = all.map((t, i) => ({ n: i + 1, t })).slice(start, limit === 0 ? undefined : start + limit);
  return new Reply(lines, { total: all.length });
}

function list(context: Context): Reply {
  const { call, state } = context;
  const node = call.text("node");
  const all = state.tasks.filter((task) => task.node === node && isVisible(context, task)).reverse();
  const source = call.optional("source") ?? "archive";
  const found = all.filter((task) => {
    const done = task.exitstatus !== undefined;
    if (source === "active" ? done : source === "archive" && !done) return false;
    if (call.flag("errors") && (task.exitstatus === "OK" || !done)) return false;
    if (call.has("vmid") && task.id !== call.text("vmid")) return false;
    if (call.has("typefilter") && task.type !== call.text("typefilter")) return false;
    return !call.has("userfilter") || task.user.includes(call.text("userfilter"));
  });
  const start = call.number("start") ?? 0;
  const page = found.slice(start, start + (call.number("limit") ?? 50));
  return new Reply(page.map(listed), found.length > 0 ? { total: found.length } : {});
}

const isVisible = (context: Context, task: Task): boolean =>
  context.access.isRoot || isOwn(context, task) || context.access.has(`/nodes/${task.node}`, "Sys.Audit");

const listed = (task: Task): Record<string, unknown> => ({
  ...base(task),
  ...(task.exitstatus === undefined ? {} : { status: task.exitstatus, endtime: task.endtime }),
});

function interrupt(context: Context): null {
  const task = context.testbed.tasks.find(parseUpid(context));
  if (!task) throw failure("no such task");
  if (!isOwn(context, task)) context.access.require(`/nodes/${task.node}`, "Sys.Modify");
  context.testbed.tasks.interrupt(task.upid);
  return null;
}

export const taskRoutes: Routes = {
  "GET /nodes/{node}/tasks": list,
  "GET /nodes/{node}/tasks/{upid}/status": status,
  "GET /nodes/{node}/tasks/{upid}/log": log,
  "DELETE /nodes/{node}/tasks/{upid}": interrupt,
  "GET /cluster/tasks": (context) =>
    context.state.tasks
      .filter((task) => isVisible(context, task))
      .reverse()
      .slice(0, 25)
      .map((task) => ({ ...listed(task), ...(task.exitstatus === undefined ? {} : { saved: "1" }) })),
};
