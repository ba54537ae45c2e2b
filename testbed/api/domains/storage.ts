import { failure, invalid } from "../errors";
import { splitList } from "../schema/lists";
import { api } from "../schema/spec";
import { specFor } from "../schema/validate";
import type { Section, State, Volume } from "../state/state";
import type { Context, Routes } from "../testbed";
import { digestOf, requireDigest } from "./digest";
import { storageContentRoutes } from "./storage-content";
import { capacityOf, contentOf, isOnNode, isShared, storageOf, usedBytes } from "./volumes";

/** What a storage of each type cannot do without, in the order in which Proxmox VE asks. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  dir: ["path"],
  btrfs: ["path"],
  nfs: ["server", "export"],
  cifs: ["server", "share"],
  pbs: ["server", "datastore"],
  zfspool: ["pool"],
  lvm: ["vgname"],
  lvmthin: ["vgname", "thinpool"],
  iscsi: ["portal", "target"],
  esxi: ["server", "username"],
};
const MOUNTED = new Set(["nfs", "cifs", "cephfs"]);
const SHARED = new Set(["nfs", "cifs", "cephfs", "pbs", "iscsi", "rbd", "esxi", "iscsidirect", "zfs"]);
/** Never shown again. */
const SECRETS = new Set(["password", "encryption-key", "master-pubkey", "keyring"]);

/** Flags are numbers, everything else is text. */
function toSection(values: Readonly<Record<string, string>>): Section {
  const specs = api.methods["POST /storage"]?.parameters ?? {};
  const section: Section = {};
  for (const [key, value] of Object.entries(values)) {
    if (SECRETS.has(key)) continue;
    const spec = specFor(specs, key);
    section[key] = spec?.type === "boolean" || spec?.type === "integer" ? Number(value) : value;
  }
  return section;
}

const digestOfStorages = (state: State): string => digestOf(state.storages);

function answer(state: State, id: string): Section & { digest: string } {
  const { "testbed-size": _, ...section } = storageOf(state, id);
  return { ...section, storage: id, digest: digestOfStorages(state) };
}

function create(context: Context): unknown {
  const { call, state } = context;
  const id = call.text("storage");
  const type = call.text("type");
  const values = call.rest("storage", "type");
  const missing = (REQUIRED[type] ?? []).find((key) => !values[key]);
  if (missing !== undefined) throw failure(`missing value for required option '${missing}'`);
  if (state.storages[id]) throw failure(`create storage failed: storage ID '${id}' already defined`);
  const section: Section = { type, ...toSection(values) };
  requireContentTypes(type, section);
  if (MOUNTED.has(type)) section.path ??= `/mnt/pve/${id}`;
  if (SHARED.has(type)) section.shared = 1;
  section.content ??= contentOf(section).join(",");
  if (section.disable !== 1) requireReachable(context, id, section);
  state.storages[id] = section;
  context.testbed.changed();
  return { storage: id, type, ...(type === "pbs" ? { config: {} } : {}) };
}

/** An enabled storage is tried at once: its server must answer. */
function requireReachable(context: Context, id: string, section: Section): void {
  const type = String(section.type);
  const server = String(section.server ?? "");
  if ((type === "nfs" || type === "cifs") && !context.testbed.world.answers(server)) {
    throw failure(`create storage failed: storage '${id}' is not online`);
  }
  if (type === "zfspool" && !context.testbed.world.answers(String(section.pool))) {
    const root = String(section.pool).split("/")[0];
    const command = `zpool import -d /dev/disk/by-id/ -o cachefile=none ${root}`;
    throw failure(
      `create storage failed: could not activate storage '${id}', zfs error: open3: exec of ${command} failed: No such file or directory at /usr/share/perl5/PVE/Cmd.pm line 174.\n`,
    );
  }
  if (type === "pbs" && !context.testbed.world.answers(server)) {
    const port = section.port ?? 8007;
    throw failure(
      `create storage failed: ${id}: error fetching datastores - 500 Can't connect to ${server}:${port} (No route to host)`,
    );
  }
}

const CONTENT_BY_TYPE: Readonly<Record<string, string>> = {
  dir: "images rootdir vztmpl iso backup snippets import none",
  btrfs: "images rootdir vztmpl iso backup snippets import none",
  nfs: "images rootdir vztmpl iso backup snippets import none",
  cifs: "images rootdir vztmpl iso backup snippets import none",
  cephfs: "vztmpl iso backup snippets import none",
  pbs: "backup none",
  zfspool: "images rootdir none",
  lvm: "images rootdir none",
  lvmthin: "images rootdir none",
  rbd: "images rootdir none",
  esxi: "import",
};

function requireContentTypes(type: string, section: Section): void {
  const allowed = CONTENT_BY_TYPE[type]?.split(" ");
  const wrong = splitList(String(section.content ?? "")).find((item) => allowed && !allowed.includes(item));
  if (wrong !== undefined) {
    throw failure(`create storage failed: storage does not support content type '${wrong}'`);
  }
}

function update(context: Context): unknown {
  const { call, state } = context;
  const id = call.text("storage");
  const section = state.storages[id];
  if (!section) throw failure(`update storage failed: storage '${id}' does not exist`);
  requireDigest(digestOfStorages(state), call.optional("digest"));
  const values = toSection(call.rest("storage", "delete", "digest"));
  for (const key of call.list("delete")) {
    if (values[key] !== undefined)
      throw invalid({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
    if ((REQUIRED[String(section.type)] ?? []).includes(key)) {
      throw failure(`update storage failed: unable to delete required option '${key}'`);
    }
    delete section[key];
  }
  Object.assign(section, values);
  for (const [key, value] of Object.entries(values)) if (value === "") delete section[key];
  context.testbed.changed();
  return { storage: id, type: section.type };
}

function remove(context: Context): null {
  const { call, state } = context;
  const id = call.text("storage");
  if (!state.storages[id]) throw failure(`delete storage failed: storage '${id}' does not exist`);
  delete state.storages[id];
  state.volumes = state.volumes.filter((volume: Volume) => !volume.volid.startsWith(`${id}:`));
  for (const pool of Object.values(state.pools)) pool.storages = pool.storages.filter((name) => name !== id);
  state.acl = state.acl.filter((entry) => entry.path !== `/storage/${id}`);
  context.testbed.changed();
  return null;
}

const mayView = (context: Context, id: string): boolean =>
  context.access.isRoot || context.access.hasAny(`/storage/${id}`, "Datastore.Audit", "Datastore.AllocateSpace");

function list(context: Context): unknown {
  const { call, state } = context;
  return Object.keys(state.storages)
    .filter((id) => mayView(context, id) && (!call.has("type") || state.storages[id]?.type === call.text("type")))
    .map((id) => answer(state, id));
}

/** What a node says about a storage. */
function status(state: State, node: string, id: string): Record<string, unknown> {
  const storage = storageOf(state, id);
  const enabled = storage.disable !== 1;
  const total = enabled ? capacityOf(storage) : 0;
  const used = enabled ? usedBytes(state, id, node) : 0;
  return {
    active: enabled ? 1 : 0,
    avail: Math.max(total - used, 0),
    content: contentOf(storage).join(","),
    enabled: enabled ? 1 : 0,
    shared: isShared(storage) ? 1 : 0,
    total,
    type: storage.type,
    used,
  };
}

function listOnNode(context: Context): unknown {
  const { call, state } = context;
  const node = call.text("node");
  const content = call.list("content");
  return Object.entries(state.storages)
    .filter(([id, storage]) => {
      if (!mayView(context, id) || !isOnNode(storage, node)) return false;
      if (call.has("storage") && id !== call.text("storage")) return false;
      if (call.flag("enabled") && storage.disable === 1) return false;
      return content.length === 0 || content.some((type) => contentOf(storage).includes(type));
    })
    .map(([id]) => {
      const now = status(state, node, id);
      const total = Number(now.total);
      return { storage: id, ...now, used_fraction: total > 0 ? Number(now.used) / total : 0 };
    });
}

function statusOnNode(context: Context): unknown {
  const { call, state } = context;
  const id = call.text("storage");
  const storage = state.storages[id];
  if (!storage || !isOnNode(storage, call.text("node"))) throw invalid({ storage: "No such storage." });
  return status(state, call.text("node"), id);
}

export const storageRoutes: Routes = {
  "GET /storage": list,
  "POST /storage": create,
  "GET /storage/{storage}": (context) => answer(context.state, context.call.text("storage")),
  "PUT /storage/{storage}": update,
  "DELETE /storage/{storage}": remove,
  "GET /nodes/{node}/storage": listOnNode,
  "GET /nodes/{node}/storage/{storage}/status": statusOnNode,
  ...storageContentRoutes,
};
