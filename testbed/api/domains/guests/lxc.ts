import { failure } from "../../errors";
import { printPropertyString } from "../../schema/property-string";
import type { Guest } from "../../state/state";
import type { TaskContext } from "../../tasks";
import type { Context, Routes } from "../../testbed";
import { allocate, findVolume } from "../volumes";
import {
  addToPool,
  discardGuest,
  forgetGuest,
  guestOf,
  newMac,
  nodeOf,
  requireFreeVmid,
  requirePool,
  requireUnlocked,
} from "./common";
import { isMount, mountType, parseMount, parseNet, printMount } from "./lxc-config";
import { createContainer, withoutLock } from "./lxc-create";
import {
  currentStatus,
  interfaces,
  reboot,
  refOf,
  refresh,
  shutdown,
  start,
  statusOf,
  stop,
  stopContainer,
} from "./lxc-run";
import { resizeContainer, updateContainer } from "./lxc-update";
import { sharedRoutes } from "./shared";

async function list(context: Context): Promise<unknown> {
  const guests = Object.values(context.state.guests).filter(
    (guest) =>
      guest.type === "lxc" && guest.node === nodeOf(context) && context.access.has(`/vms/${guest.vmid}`, "VM.Audit"),
  );
  await Promise.all(guests.map((guest) => refresh(context.testbed, guest)));
  return guests.map((guest) => statusOf(context.testbed, guest));
}

async function destroy(context: Context): Promise<string> {
  const { call, state, testbed } = context;
  const guest = guestOf(context, "lxc");
  const { vmid } = guest;
  if (guest.config.protection === "1") throw failure(`can't remove CT ${vmid} - protection mode enabled`);
  requireUnlocked(context, guest);
  const ha = state.sections["ha/resources"]?.[`ct:${vmid}`];
  if (ha && !call.flag("purge")) {
    throw failure(`unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`);
  }
  if (guest.running && !call.flag("force")) throw failure(`unable to destroy CT ${vmid} - container is running`);
  return context.task(guest.node, "vzdestroy", vmid, async (task) => {
    requireUnlocked(context, guest);
    if (guest.running) {
      task.log(`forced to stop CT ${vmid} before destroying!`);
      await stopContainer(testbed, guest, task.log);
    }
    guest.config.lock = "destroyed";
    await testbed.backend.destroy(refOf(guest), task.log);
    if (call.flag("purge")) task.log(`purging CT ${vmid} from related configurations..`);
    forgetGuest(state, guest, call.flag("purge"));
    testbed.changed();
  });
}

async function clone(context: Context): Promise<string> {
  const { call, state, testbed } = context;
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
  const copy: Guest = {
    ...{
      vmid: newid,
      node: target,
      type: "lxc" as const,
      pending: {},
      running: false,
      startedAt: 0,
      pid: 0,
      snapshots: {},
    },
    config: { ...config, lock: "create" },
  };
  state.guests[newid] = copy;
  source.config.lock = "disk";
  const work = async (task: TaskContext): Promise<void> => {
    task.log(`creating a clone of container ${source.vmid} with ID ${newid}`);
    try {
      cloneVolumes(context, source, copy, (line) => task.log(line));
      await testbed.backend.clone(refOf(source), refOf(copy), withoutLock(copy.config), task.log);
    } catch (error) {
      throw new Error(`clone failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      delete source.config.lock;
      delete copy.config.lock;
      testbed.changed();
    }
    addToPool(state, pool, newid);
    warnAboutNesting(copy, task);
  };
  return context.task(source.node, "vzclone", source.vmid, work, () => {
    delete source.config.lock;
    discardGuest(state, copy);
  });
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

function makeTemplate(context: Context): null {
  const guest = guestOf(context, "lxc");
  requireUnlocked(context, guest);
  if (guest.config.template === "1") throw failure(`you can't convert a CT that's already a template`);
  if (Object.keys(guest.snapshots).length > 0)
    throw failure("unable to create template, because CT contains snapshots");
  if (guest.running) throw failure("you can't convert a CT to template if the CT is running");
  guest.config.template = "1";
  context.testbed.changed();
  return null;
}

async function moveVolume(context: Context): Promise<string> {
  const { call, access, state, testbed } = context;
  const guest = guestOf(context, "lxc");
  const key = call.text("volume");
  const storage = call.optional("storage");
  const value = guest.config[key];
  requireUnlocked(context, guest);
  if (value === undefined) throw failure(`cannot move volume '${key}', not configured`);
  if (storage === undefined) throw failure("one of 'storage' or 'target-vmid' must be set");
  if (!access.isRoot) access.require(`/storage/${storage}`, "Datastore.AllocateSpace");
  if (guest.running) throw failure("cannot move volumes of a running container");
  return context.task(guest.node, "move_volume", guest.vmid, () => {
    const mount = parseMount(key, value);
    const bytes = findVolume(state, mount.volume ?? "", guest.node)?.size ?? 0;
    const made = allocate(context, guest.node, { storage, vmid: guest.vmid, bytes, content: "rootdir" });
    guest.config[key] = printMount({ ...mount, volume: made.volid });
    if (call.flag("delete")) state.volumes = state.volumes.filter((volume) => volume.volid !== mount.volume);
    else guest.config.unused0 ??= mount.volume ?? "";
    testbed.changed();
  });
}

function suspend(context: Context): never {
  throw failure(`CT ${context.call.text("vmid")} not running`);
}

const BASE = "/nodes/{node}/lxc";

export const lxcRoutes: Routes = {
  ...sharedRoutes("lxc"),
  [`GET ${BASE}`]: list,
  [`POST ${BASE}`]: createContainer,
  [`DELETE ${BASE}/{vmid}`]: destroy,
  [`PUT ${BASE}/{vmid}/config`]: updateContainer,
  [`PUT ${BASE}/{vmid}/resize`]: resizeContainer,
  [`POST ${BASE}/{vmid}/clone`]: clone,
  [`POST ${BASE}/{vmid}/template`]: makeTemplate,
  [`POST ${BASE}/{vmid}/move_volume`]: moveVolume,
  [`GET ${BASE}/{vmid}/interfaces`]: interfaces,
  [`GET ${BASE}/{vmid}/status/current`]: currentStatus,
  [`POST ${BASE}/{vmid}/status/start`]: start,
  [`POST ${BASE}/{vmid}/status/stop`]: stop,
  [`POST ${BASE}/{vmid}/status/shutdown`]: shutdown,
  [`POST ${BASE}/{vmid}/status/reboot`]: reboot,
  [`POST ${BASE}/{vmid}/status/suspend`]: suspend,
  [`POST ${BASE}/{vmid}/status/resume`]: suspend,
};
