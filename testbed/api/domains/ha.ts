import { failure, invalid } from "../errors";
import { splitList } from "../schema/lists";
import { type Context, type Handler, mergeRoutes, type Routes } from "../testbed";
import { type Collection, collectionRoutes, entriesOf } from "./sections";

const guestExists = (context: Context, sid: string): boolean => {
  const [kind, id] = sid.split(":");
  return context.state.guests[Number(id)]?.type === (kind === "ct" ? "lxc" : "qemu");
};

const haResources: Collection = {
  base: "/cluster/ha/resources",
  id: "sid",
  store: "ha/resources",
  showId: "sid",
  showDigest: true,
  missing: {
    read: (id) => failure(`no such resource '${id}'`),
    update: (id) => failure(`no such resource '${id}'`),
    remove: (id) => failure(`cannot delete service '${id}', not HA managed!`),
  },
  taken: (id) => failure(`create resource failed: resource ID '${id}' already defined`),
  check: (context, id, entry, isNew) => {
    if (isNew && !guestExists(context, id)) throw failure(`resource '${id}' does not exist in cluster`);
    entry.type ??= id.split(":")[0] ?? "";
    entry.state ??= "started";
  },
};

const haRules: Collection = {
  base: "/cluster/ha/rules",
  id: "rule",
  store: "ha/rules",
  showId: "rule",
  showDigest: true,
  missing: {
    read: (id) => failure(`no such ha rule '${id}'`),
    update: (id) => failure(`no such ha rule '${id}'`),
  },
  taken: (id) => failure(`create ha rule failed: HA rule '${id}' already defined`),
  check: (context, _id, entry, isNew) => {
    const type = String(entry.type ?? "");
    const required = type === "resource-affinity" ? ["resources", "affinity"] : ["resources", "nodes"];
    const absent = required.filter((key) => entry[key] === undefined);
    if (absent.length > 0) {
      throw invalid(
        Object.fromEntries(
          absent.map((key) => [`oneOf[${type}].${key}`, "property is missing and it is not optional"]),
        ),
      );
    }
    const managed = entriesOf(context, "ha/resources");
    const free = splitList(String(entry.resources)).filter((sid) => !managed[sid]);
    if (free.length > 0) {
      throw failure(
        `${isNew ? "create" : "update"} ha rule failed: cannot use unmanaged resource(s) ${free.join(", ")}.`,
      );
    }
  },
};

const HA_GROUPS = "ha groups have been migrated to rules";
const haGroup =
  (verb: string): Handler =>
  () => {
    throw failure(`cannot ${verb}: ${HA_GROUPS}`);
  };

function haStatus(context: Context): unknown {
  const time = Math.floor(Date.now() / 1000);
  const [day, month, date, year, clock] = new Date()
    .toUTCString()
    .replace(/^(\w+), (\d+) (\w+) (\d+) (\S+).*/, "$1 $3 $2 $4 $5")
    .split(" ");
  const since = `${day} ${month} ${date} ${clock} ${year}`;
  const names = Object.keys(context.state.nodes);
  const master = names[0] ?? "";
  return [
    { id: "quorum", node: master, quorate: 1, status: "OK", type: "quorum" },
    { id: "master", node: master, status: `${master} (active, ${since})`, timestamp: time, type: "master" },
    { "armed-state": "armed", id: "fencing", node: master, status: "armed (CRM watchdog active)", type: "fencing" },
    ...names.map((node) => ({
      id: `lrm:${node}`,
      node,
      status: `${node} (active, watchdog active, ${since})`,
      timestamp: time,
      type: "lrm",
    })),
  ];
}

export const haRoutes: Routes = {
  ...mergeRoutes(collectionRoutes(haResources), collectionRoutes(haRules)),
  "GET /cluster/ha/groups": haGroup("index groups"),
  "POST /cluster/ha/groups": haGroup("create group"),
  "GET /cluster/ha/groups/{group}": haGroup("read group"),
  "PUT /cluster/ha/groups/{group}": haGroup("update group"),
  "DELETE /cluster/ha/groups/{group}": haGroup("delete group"),
  "GET /cluster/ha/status/current": haStatus,
};
