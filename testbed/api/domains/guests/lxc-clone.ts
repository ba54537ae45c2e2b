import { failure } from "../../errors";
import { printPropertyString } from "../../schema/property-string";
import type { Guest } from "../../state/state";
import type { TaskContext } from "../../tasks";
import type { Context } from "../../testbed";
import { allocate, findVolume } from "../volumes";
import {
  addToPool,
  discardGuest,
  guestOf,
  newGuest,
  newMac,
  requireFreeVmid,
  requirePool,
  requireUnlocked,
  withoutLock,
} from "./common";
import { isMount, mountType, parseMount, parseNet, printMount } from "./lxc-config";
import { refOf } from "./lxc-run";

/** `POST /nodes/{node}/lxc/{vmid}/clone` */
export async function cloneContainer(context: Context): Promise<string> {
  const { call, state } = context;
  const source = guestOf(context, "lxc");
  const newid = Number(call.text("newid"));
  const pool = call.optional("pool");
  const target = call.optional("target") ?? source.node;
  requirePool(context, pool);
  requireUnlocked(context, source);
  requireFreeVmid(state, newid);
  const full = call.flag("full") || source.config.template !== "1";
  if (source.running && call.flag("full") && !call.has("snapname")) {
    throw failure("Full clone of a running container is only possible from a snapshot");
  }
  requireCloneRights(context, source, full);
  const config = clonedConfig(context, source);
  const copy = newGuest({ vmid: newid, node: target, type: "lxc", config: { ...config, lock: "create" } });
  state.guests[newid] = copy;
  source.config.lock = "disk";
  const work = async (task: TaskContext): Promise<void> => {
    await copyAll(context, source, copy, task);
    addToPool(state, pool, newid);
    warnAboutNesting(copy, task);
  };
  return context.task(source.node, "vzclone", source.vmid, work, () => {
    delete source.config.lock;
    discardGuest(state, copy);
  });
}

async function copyAll(context: Context, source: Guest, copy: Guest, task: TaskContext): Promise<void> {
  const { backend, changed } = context.testbed;
  task.log(`creating a clone of container ${source.vmid} with ID ${copy.vmid}`);
  try {
    cloneVolumes(context, source, copy, task.log);
    await backend.clone(refOf(source), refOf(copy), withoutLock(copy.config), task.log);
  } catch (error) {
    throw new Error(`clone failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    delete source.config.lock;
    delete copy.config.lock;
    changed();
  }
}

/** A clone is set up like a new container, and warns alike. */
function warnAboutNesting({ config }: Guest, task: TaskContext): void {
  const nests = /(?:^|,)nesting=1/.test(config.features ?? "");
  if (/^(?:debian|ubuntu)/.test(config.ostype ?? "") && !nests) {
    task.warn("Systemd 257 detected. You may need to enable nesting.");
  }
}

function requireCloneRights(context: Context, source: Guest, full: boolean): void {
  const { access, call } = context;
  for (const [key, value] of Object.entries(source.config)) {
    const bridge = /^net\d+$/.test(key) ? parseNet(value).bridge : undefined;
    if (bridge !== undefined && !access.isRoot) access.require(`/sdn/zones/localnetwork/${bridge}`, "SDN.Use");
    if (!isMount(key)) continue;
    const { volume = "" } = parseMount(key, value);
    if (mountType(volume) !== "volume") {
      throw failure(`unable to clone mountpoint '${key}' (type ${mountType(volume)})`);
    }
    const storage = call.optional("storage") ?? volume.split(":")[0];
    if (full && !access.isRoot) access.require(`/storage/${storage}`, "Datastore.AllocateSpace");
  }
}

function clonedConfig(context: Context, source: Guest): Guest["config"] {
  const { call } = context;
  const config: Guest["config"] = {};
  for (const [key, value] of Object.entries(source.config)) {
    if (/^(?:unused\d+|lock|template|description)$/.test(key) || isMount(key)) continue;
    config[key] = /^net\d+$/.test(key)
      ? printPropertyString({ ...parseNet(value), hwaddr: newMac() }, { first: ["name"] })
      : value;
  }
  config.hostname = call.optional("hostname") ?? `${source.config.hostname ?? "CT"}`;
  const description = call.optional("description") ?? source.config.description;
  if (description !== undefined) config.description = description.endsWith("\n") ? description : `${description}\n`;
  return config;
}

function cloneVolumes(context: Context, source: Guest, copy: Guest, log: (line: string) => void): void {
  const { call, state } = context;
  for (const [key, value] of Object.entries(source.config)) {
    if (!isMount(key)) continue;
    const mount = parseMount(key, value);
    const storage = call.optional("storage") ?? (mount.volume ?? "").split(":")[0] ?? "";
    const bytes = findVolume(state, mount.volume ?? "", source.node)?.size ?? 0;
    log(`create full clone of mountpoint ${key} (${mount.volume})`);
    const made = allocate(context, copy.node, { storage, vmid: copy.vmid, bytes, content: "rootdir" });
    copy.config[key] = printMount({ ...mount, volume: made.volid });
  }
}
