import { denied, failure } from "../../errors";
import type { NewGuest } from "../../guest-backend";
import type { Guest, GuestValues } from "../../state/state";
import type { TaskContext } from "../../tasks";
import type { Context } from "../../testbed";
import { entriesOf } from "../sections";
import {
  enabledStorage,
  findVolume,
  parseVolumeId,
  requireContent,
  requireVolumeAccess,
  storageOf,
  volumePath,
} from "../volumes";
import { addToPool, discardGuest, newMac, nodeOf, requireFreeVmid, requirePool } from "./common";
import {
  isMount,
  makeMount,
  mountType,
  normalizeValue,
  parseMount,
  printMount,
  requireConfigRights,
} from "./lxc-config";
import { startContainer } from "./lxc-run";
import { GIB, parseSize } from "./sizes";

/** Parameters of the create call that are no configuration. */
const CALL_ONLY = [
  ...["node", "vmid", "ostemplate", "storage", "password", "ssh-public-keys", "pool", "force", "restore", "start"],
  ...["unique", "bwlimit", "ignore-unpack-errors", "ha-managed", "unprivileged"],
];
const SSH_KEY =
  /^(?:(?:[a-z-]+(?:="[^"]*")?,?)+\s+)?(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+)\s+[A-Za-z0-9+/=]+(?:\s.*)?$/;

export async function createContainer(context: Context): Promise<string> {
  const { call, access, state } = context;
  const node = nodeOf(context);
  const vmid = Number(call.text("vmid"));
  const pool = call.optional("pool");
  const restore = call.flag("restore");
  const given: GuestValues = call.rest(...CALL_ONLY);
  const backup = restore ? backupOf(context, call.text("ostemplate")) : undefined;
  const overwrite = restore && call.flag("force") && state.guests[vmid]?.type === "lxc";
  if (!overwrite) requireFreeVmid(state, vmid);
  else if (state.guests[vmid]?.running) throw failure(`unable to restore CT ${vmid} - CT ${vmid} is running`);
  requireSshKeys(call.optional("ssh-public-keys"));
  requirePool(context, pool);
  // a restore takes what the backup says, but given features count as a privileged container's
  const asked = call.optional("unprivileged");
  const unprivileged = (asked ?? (backup ? (backup.unprivileged ?? "0") : "1")) === "1";
  if (!unprivileged) access.require("/", "Sys.Modify");
  if (call.flag("ha-managed")) access.require("/", "Sys.Console");
  requireCreateRight(context, vmid, pool);
  const checkedAs = restore ? asked === "1" : unprivileged;
  requireConfigRights(context, { vmid, pool, set: given, remove: [], unprivileged: checkedAs });
  const template = call.text("ostemplate");
  requireVolumeAccess(context, template);
  if (backup) requireRestoreRights(context, vmid, given, backup);
  requireDevices(given);
  const mounts = requireMounts(context, node, given, backup);
  const config: GuestValues = { ...(backup ? withoutMounts(backup) : {}) };
  for (const [key, value] of Object.entries(given)) {
    if (isMount(key) || /^unused\d+$/.test(key)) continue;
    const normal = normalizeValue(key, value);
    if (normal !== undefined) config[key] = normal;
  }
  if (unprivileged) config.unprivileged = "1";
  else delete config.unprivileged;
  const plan: CreatePlan = { node, vmid, config, mounts, template, restore };
  if (overwrite) state.volumes = state.volumes.filter((v) => v.vmid !== vmid || v.content === "backup");
  const guest = addLockedGuest(context, plan);
  addToPool(state, overwrite ? undefined : pool, vmid);
  if (call.flag("ha-managed")) addHaResource(context, vmid);
  const work = (task: TaskContext) => build(context, plan, guest, task);
  return context.task(node, restore ? "vzrestore" : "vzcreate", vmid, work, () => discardGuest(context.state, guest));
}

/** The root filesystem gets its volume, and so its number, first. */
const rootFirst = ([a]: [string, string], [b]: [string, string]): number =>
  Number(b === "rootfs") - Number(a === "rootfs") || Number(a.slice(2)) - Number(b.slice(2));

interface CreatePlan {
  readonly node: string;
  readonly vmid: number;
  readonly config: GuestValues;
  readonly mounts: GuestValues;
  readonly template: string;
  readonly restore: boolean;
}

function requireCreateRight(context: Context, vmid: number, pool: string | undefined): void {
  const { access } = context;
  const allowed =
    access.isRoot ||
    access.has(`/vms/${vmid}`, "VM.Allocate") ||
    (pool !== undefined && access.has(`/pool/${pool}`, "VM.Allocate"));
  if (!allowed) throw denied();
}

function requireSshKeys(text: string | undefined): void {
  const lines = (text ?? "").split("\n").filter((line) => !/^\s*(?:#.*)?$/.test(line));
  if (lines.some((line) => !SSH_KEY.test(line.trim()))) throw failure("SSH public key validation error");
}

/** Device nodes that every Linux host has, or that a testbed's GPU would bring. */
const DEVICES =
  /^\/dev\/(?:net\/tun|fuse|kvm|null|zero|random|urandom|dri\/\S+|nvidia\S*|kfd|tty\S*|loop\S*|bus\/usb\/\S+|ppp|snd\/\S+|video\d+|hwrng|vhost-net)$/;

function requireDevices(given: GuestValues): void {
  for (const [key, value] of Object.entries(given)) {
    if (!/^dev\d+$/.test(key)) continue;
    const path = /(?:^|,)(?:path=)?(\/dev\/[^,]+)/.exec(value)?.[1] ?? "";
    if (!DEVICES.test(path)) throw failure(`Device ${path} does not exist`);
  }
}

/** The mount points as asked for; without any those of the backup, or a root filesystem of 4 GiB, on the storage of the call. */
function requireMounts(context: Context, node: string, given: GuestValues, backup?: GuestValues): GuestValues {
  const { call, access, state } = context;
  const storage = call.optional("storage") ?? "local";
  const keys = Object.keys(given).filter(isMount);
  if (keys.length > 0 && given.rootfs === undefined) {
    throw failure("mount points configured, but 'rootfs' not set - aborting");
  }
  const mounts: GuestValues = {};
  for (const key of keys) {
    const value = given[key] ?? "";
    mounts[key] = /^\d+(?:\.\d+)?$/.test(value) ? `${storage}:${value}` : value;
  }
  if (keys.length === 0) Object.assign(mounts, { rootfs: `${storage}:4` }, backupMounts(backup ?? {}, storage));
  for (const [key, value] of Object.entries(mounts)) {
    const { volume = "" } = parseMount(key, value);
    if (mountType(volume) !== "volume") continue;
    const id = parseVolumeId(volume);
    if (!id)
      throw failure("Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 651.");
    requireContent(enabledStorage(state, id.storage, node), id.storage, "rootdir", "container directories");
    if (!access.isRoot) access.require(`/storage/${id.storage}`, "Datastore.AllocateSpace");
    const isNew = /^\d+(?:\.\d+)?$/.test(id.name);
    const isFile = /^(?:dir|btrfs|nfs|cifs|cephfs)$/.test(String(storageOf(state, id.storage).type));
    if (!isNew && isFile && !id.name.includes("/")) throw failure(`unable to parse directory volume name '${id.name}'`);
  }
  return mounts;
}

function addLockedGuest(context: Context, plan: CreatePlan): Guest {
  const guest: Guest = {
    vmid: plan.vmid,
    node: plan.node,
    type: "lxc",
    config: { ...plan.config, lock: "create" },
    pending: {},
    running: false,
    startedAt: 0,
    pid: 0,
    snapshots: {},
  };
  context.state.guests[plan.vmid] = guest;
  context.testbed.changed();
  return guest;
}

async function build(context: Context, plan: CreatePlan, guest: Guest, task: TaskContext): Promise<void> {
  const { state, testbed, call } = context;
  const { vmid, node, template } = plan;
  try {
    for (const [key, value] of Object.entries(plan.mounts).sort(rootFirst)) {
      guest.config[key] = makeMount(context, node, vmid, key, value);
    }
    const source = findVolume(state, template, node);
    if (!source) throw new Error(`volume '${template}' does not exist`);
    const id = parseVolumeId(template);
    const storage = storageOf(state, id?.storage ?? "");
    task.log(`extracting archive '${volumePath(storage, id?.name ?? "")}'`);
    fillDefaults(guest, template, plan.restore);
    guest.os = osTypeOf(template);
    const password = call.optional("password");
    const sshPublicKeys = call.optional("ssh-public-keys");
    const fresh: NewGuest = {
      node,
      vmid,
      template,
      config: withoutLock(guest.config),
      ...(password === undefined ? {} : { password }),
      ...(sshPublicKeys === undefined ? {} : { sshPublicKeys }),
    };
    await testbed.backend.create(fresh, task.log);
    if (plan.restore) task.log("merging backed-up and given configuration..");
    warnAboutNesting(guest, template, task);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    task.log(text);
    throw new Error(`unable to ${plan.restore ? "restore" : "create"} CT ${vmid} - ${text}`);
  } finally {
    delete guest.config.lock;
  }
  if (plan.config.lock !== undefined) guest.config.lock = plan.config.lock;
  testbed.changed();
  if (call.flag("start")) await startAfterCreate(context, guest);
}

/** The start is a task of its own; when it fails the container has been created all the same. */
async function startAfterCreate(context: Context, guest: Guest): Promise<void> {
  await new Promise<void>((resolve) => {
    void context.task(guest.node, "vzstart", guest.vmid, async (task) => {
      try {
        await startContainer(context, guest, task);
      } finally {
        resolve();
      }
    });
  });
}

export function withoutLock(config: GuestValues): GuestValues {
  const { lock: _, ...rest } = config;
  return rest;
}

function fillDefaults(guest: Guest, template: string, restore: boolean): void {
  const { config } = guest;
  config.arch ??= /arm64/.test(template) ? "arm64" : "amd64";
  config.hostname ??= `CT${guest.vmid}`;
  config.memory ??= "512";
  config.swap ??= "512";
  if (!restore || config.ostype === undefined) config.ostype ??= osTypeOf(template);
  for (const key of Object.keys(config)) {
    if (restore && /^net\d+$/.test(key) && !/hwaddr=/.test(config[key] ?? "")) config[key] += `,hwaddr=${newMac()}`;
  }
}

const OS_TYPES = [
  "debian",
  "devuan",
  "ubuntu",
  "centos",
  "fedora",
  "opensuse",
  "archlinux",
  "alpine",
  "gentoo",
  "nixos",
];

const osTypeOf = (template: string): string => {
  const name = template.replace(/^.*\//, "").toLowerCase();
  return OS_TYPES.find((type) => name.includes(type)) ?? (/alma|rocky/.test(name) ? "centos" : "unmanaged");
};

/** Proxmox VE warns when a new systemd shall run without nesting. */
function warnAboutNesting(guest: Guest, template: string, task: TaskContext): void {
  const isNewSystemd = /debian-1[3-9]|trixie|ubuntu-2[5-9]|fedora-4\d|archlinux/.test(template);
  const nests = /(?:^|,)nesting=1/.test(guest.config.features ?? "");
  if (isNewSystemd && !nests) task.warn("Systemd 257 detected. You may need to enable nesting.");
}

function addHaResource(context: Context, vmid: number): void {
  entriesOf(context, "ha/resources")[`ct:${vmid}`] = { sid: `ct:${vmid}`, type: "ct", state: "started" };
}

function backupOf(context: Context, volid: string): GuestValues | undefined {
  const volume = context.state.volumes.find((v) => v.volid === volid && v.content === "backup");
  return volume?.notes === undefined ? undefined : (JSON.parse(volume.notes) as { config?: GuestValues }).config;
}

function withoutMounts(backup: GuestValues): GuestValues {
  return Object.fromEntries(Object.entries(backup).filter(([key]) => !isMount(key) && !/^unused\d+$/.test(key)));
}

/** A backup's volumes, to be made anew on one storage; what was bound from the node stays as it was. */
function backupMounts(backup: GuestValues, storage: string): GuestValues {
  const mounts = Object.entries(backup).filter(([key]) => isMount(key));
  return Object.fromEntries(
    mounts.map(([key, value]) => {
      const { size, volume = "", ...options } = parseMount(key, value);
      if (mountType(volume) !== "volume" || size === undefined) return [key, value];
      return [key, printMount({ ...options, volume: `${storage}:${parseSize(size) / GIB}` })];
    }),
  );
}

function requireRestoreRights(context: Context, vmid: number, given: GuestValues, backup: GuestValues): void {
  const { access, call, state } = context;
  const owner = state.volumes.find((volume) => volume.volid === call.text("ostemplate"))?.vmid ?? vmid;
  if (!access.isRoot) access.require(`/vms/${owner}`, "VM.Backup");
  if (given.rootfs !== undefined) return;
  const bind = Object.keys(backup).find(
    (key) => isMount(key) && mountType(parseMount(key, backup[key] ?? "").volume ?? "") === "bind",
  );
  if (bind !== undefined && !access.isRoot) {
    throw failure(`unable to restore CT ${vmid} - restoring '${bind}' to bind mount is only possible for root`);
  }
}
