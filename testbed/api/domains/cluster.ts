import { denied, failure, invalid, type PveError } from "../errors";
import { splitList } from "../schema/lists";
import { api } from "../schema/spec";
import type { Section } from "../state/state";
import { type Context, mergeRoutes, type Routes } from "../testbed";
import { acmeRoutes } from "./acme";
import { haRoutes } from "./ha";
import { guestResource, nodeResource, storageResource } from "./resources";
import { type Collection, collectionRoutes, propertyObject, usualErrors } from "./sections";

const requireRootOnly = (context: Context, ...keys: readonly string[]): void => {
  for (const key of keys) {
    if (context.call.has(key) && !context.access.isRoot) throw invalid({ [key]: "Only root may set this option." });
  }
};

const wrapped = (text: string): PveError => failure(`400 Parameter verification failed.\n${text}`);

/** `keep-daily=7` becomes an object of texts. */
function showBackupJob(entry: Section): Record<string, unknown> {
  const prune = entry["prune-backups"];
  if (typeof prune !== "string") return entry;
  const pairs = prune.split(",").map((part) => part.split("="));
  return { ...entry, "prune-backups": Object.fromEntries(pairs) };
}

const backupJobs: Collection = {
  base: "/cluster/backup",
  id: "id",
  store: "cluster/backup",
  showId: "id",
  defaults: { type: "vzdump", enabled: 1 },
  missing: {
    read: (id) => invalid({ id: `No such job '${id}'` }),
    update: (id) => invalid({ id: `No such job '${id}'` }),
    remove: (id) => wrapped(`id: No such job '${id}'`),
  },
  taken: (id) => failure(`Job '${id}' already exists`),
  show: showBackupJob,
  check: (context, _id, entry) => {
    requireRootOnly(context, "tmpdir", "dumpdir", "script");
    const { access } = context;
    if (!access.isRoot) {
      if (entry.storage !== undefined) access.require(`/storage/${entry.storage}`, "Datastore.Allocate");
      if (entry.pool !== undefined) access.require(`/pool/${entry.pool}`, "VM.Backup");
    }
    const names = ["all", "pool", "vmid"].filter((key) => entry[key] !== undefined && entry[key] !== 0);
    if (names.length === 0) throw wrapped("vmid: property is missing");
  },
};

const mapping = (kind: "pci" | "usb" | "dir"): Collection => ({
  base: `/cluster/mapping/${kind}`,
  id: "id",
  store: `mapping/${kind}`,
  showDigest: true,
  missing: {
    read: (id) => failure(`mapping '${id}' not found`),
    update: (id) => failure(`update hardware mapping failed: ${kind} ID '${id}' does not exist`),
  },
  taken: (id) => failure(`create hardware mapping failed: ${kind} ID '${id}' already defined`),
  show: (entry) => ({ ...entry, type: kind }),
});

const ALREADY = (id: string): Error => failure(`create metric server failed: Metric server '${id}' already exists`);

const metricServers: Collection = {
  base: "/cluster/metrics/server",
  id: "id",
  store: "cluster/metrics",
  createOnItem: true,
  missing: {
    read: (id) => failure(`status server entry '${id}' does not exist`),
    update: (id) => failure(`update metric server failed: no such server '${id}'`),
    remove: () =>
      failure("cannot lookup undefined type! at /usr/share/perl5/PVE/API2/Cluster/MetricServer.pm line 295."),
  },
  taken: ALREADY,
  show: ({ disable, ...entry }) => (disable === 1 ? { ...entry, disable } : entry),
};

const replication: Collection = {
  requireWrite: (context, id) => context.access.require(`/vms/${id.split("-")[0]}`, "VM.Replicate"),
  base: "/cluster/replication",
  id: "id",
  store: "cluster/replication",
  showId: "id",
  showDigest: true,
  missing: {
    read: (id) => failure(`no such replication job '${id}'`),
    update: (id) => failure(`no such replication job '${id}'`),
    remove: (id) => failure(`no such replication job '${id}'`),
  },
  taken: (id) => failure(`replication job '${id}' already exists`),
  show: ({ disable, ...entry }) => (disable === 1 ? { ...entry, disable } : entry),
  check: (context, id, entry, isNew) => {
    const [vmid = "", jobnum = "0"] = id.split("-");
    const guest = context.state.guests[Number(vmid)];
    if (!guest) throw failure(`Guest '${vmid}' does not exist.`);
    const target = String(entry.target ?? "");
    if (!context.state.nodes[target]) throw failure(`Target '${target}' does not exist.`);
    if (isNew && guest.node === target) throw failure("Source and Target can not be identical.");
    Object.assign(entry, { guest: Number(vmid), jobnum: Number(jobnum), source: guest.node });
  },
};

/** The shape that the rest of the cluster's lists share. */
const plain = (base: string, id: string, noun: string): Collection => ({
  base,
  id,
  store: base.slice(1),
  showId: id,
  ...usualErrors(noun, noun),
});

function nextId(context: Context): string {
  const { call, state } = context;
  const wanted = call.optional("vmid");
  if (wanted !== undefined) {
    if (state.guests[Number(wanted)]) throw invalid({ vmid: `VM ${wanted} already exists` });
    return wanted;
  }
  const limits = propertyObject("next-id", state.options["next-id"] ?? "");
  let id = Number(limits.lower ?? 100);
  while (state.guests[id]) id++;
  return String(id);
}

function resources(context: Context): unknown {
  const { call, state, access, testbed } = context;
  const type = call.optional("type");
  const wants = (kind: string): boolean => type === undefined || type === kind;
  const guests = Object.values(state.guests).filter((guest) => access.has(`/vms/${guest.vmid}`, "VM.Audit"));
  const nodes = Object.keys(state.nodes);
  const storages = nodes.flatMap((node) =>
    Object.keys(state.storages)
      .filter((id) => access.hasAny(`/storage/${id}`, "Datastore.Audit", "Datastore.AllocateSpace"))
      .flatMap((id) => storageResource(testbed, node, id) ?? []),
  );
  return [
    ...(wants("vm") ? guests.map((guest) => ({ ...guestResource(testbed, guest), memhost: 0 })) : []),
    ...(wants("node")
      ? nodes.map((name) => ({
          ...nodeResource(testbed, name, access.has(`/nodes/${name}`, "Sys.Audit")),
          "cgroup-mode": 1,
          hastate: "online",
        }))
      : []),
    ...(wants("storage") ? storages : []),
  ];
}

function clusterStatus(context: Context): unknown {
  const names = Object.keys(context.state.nodes);
  const single = names.length === 1;
  const head = {
    id: "cluster",
    name: "testbed",
    nodes: names.length,
    quorate: 1,
    type: "cluster",
    version: names.length,
  };
  const nodes = names.map((name, i) => ({
    id: `node/${name}`,
    ip: context.state.nodes[name]?.address,
    level: "",
    local: i === 0 ? 1 : 0,
    name,
    nodeid: single ? 0 : i + 1,
    online: context.state.nodes[name]?.online ? 1 : 0,
    type: "node",
  }));
  return single ? nodes : [head, ...nodes];
}

const OBJECTS = Object.entries(api.methods["PUT /cluster/options"]?.parameters ?? {})
  .filter(([, spec]) => spec.format?.startsWith("@"))
  .map(([key, spec]) => [key, spec.format?.slice(1) ?? ""] as const);

function options(context: Context): unknown {
  const { state, access, call } = context;
  const { "testbed-agent": _, ...stored } = state.options;
  const shown: Record<string, unknown> = { ...stored };
  for (const [key, format] of OBJECTS) {
    if (stored[key] !== undefined) shown[key] = propertyObject(format, stored[key]);
  }
  if (stored["registered-tags"] !== undefined) shown["registered-tags"] = stored["registered-tags"].split(";");
  const tags = Object.values(state.guests).flatMap((guest) => splitList(guest.config.tags ?? ""));
  const allowed = [...new Set([...tags, ...splitList(stored["registered-tags"] ?? "")])].sort();
  const all = { description: "", mac_prefix: "BC:24:11", ...shown, "allowed-tags": allowed };
  if (access.isRoot || access.hasAny("/", "Sys.Audit")) return all;
  if (call.caller.id === "") throw denied();
  return { "allowed-tags": allowed };
}

function setOptions(context: Context): null {
  const { state, call } = context;
  for (const key of call.list("delete")) delete state.options[key];
  for (const [key, value] of Object.entries(call.rest("delete"))) state.options[key] = value;
  context.testbed.changed();
  return null;
}

const NOTIFICATIONS: Routes = Object.assign(
  {},
  ...["gotify", "sendmail", "smtp", "webhook"].map((kind) =>
    collectionRoutes(plain(`/cluster/notifications/endpoints/${kind}`, "name", "endpoint")),
  ),
  collectionRoutes(plain("/cluster/notifications/matchers", "name", "matcher")),
) as Routes;

export const clusterRoutes: Routes = {
  ...haRoutes,
  ...mergeRoutes(
    ...[backupJobs, metricServers, replication, mapping("pci"), mapping("usb"), mapping("dir")].map(collectionRoutes),
  ),
  ...acmeRoutes,
  ...NOTIFICATIONS,
  "GET /cluster/nextid": nextId,
  "GET /cluster/resources": resources,
  "GET /cluster/status": clusterStatus,
  "GET /cluster/options": options,
  "PUT /cluster/options": setOptions,
  "GET /cluster/config/nodes": (context) => {
    const names = Object.keys(context.state.nodes);
    return names.length === 1
      ? []
      : names.map((name, i) => ({ node: name, name, nodeid: String(i + 1), quorum_votes: "1" }));
  },
  "GET /cluster/log": () => [],
};
