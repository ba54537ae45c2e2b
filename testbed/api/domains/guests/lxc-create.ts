import { failure } from "../../errors";
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
import {
  addToPool,
  discardGuest,
  newGuest,
  nodeOf,
  requireCreateRight,
  requireFreeVmid,
  requirePool,
  withoutLock,
} from "./common";
import {
  defaultStorage,
  isMount,
  makeMount,
  mountType,
  normalizeValue,
  parseMount,
  requireConfigRights,
} from "./lxc-config";
import { fromBackup } from "./lxc-restore";
import { startContainer } from "./lxc-run";

/** Parameters of the create call that are no configuration. */
const CALL_ONLY = [
  "node",
  "vmid",
  "ostemplate",
  "storage",
  "password",
  "ssh-public-keys",
  "pool",
  "force",
  "restore",
  "start",
  "unique",
  "bwlimit",
  "ignore-unpack-errors",
  "ha-managed",
  "unprivileged",
];
const SSH_KEY =
  /^(?:(?:[a-z-]+(?:="[^"]*")?,?)+\s+)?(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+)\s+[A-Za-z0-9+/=]+(?:\s.*)?$/;

/** What a container is made of: a template, or a backup. */
export interface Origin {
  /** What is said to be done, and what its task is called. */
  readonly verb: "create" | "restore";
  readonly task: "vzcreate" | "vzrestore";
  /** Whether a container with its number gives way. */
  readonly overwrites: boolean;
  readonly unprivileged: boolean;
  /** Whether given options count as an unprivileged container's. */
  readonly checkedAsUnprivileged: boolean;
  /** Options that hold unless the call names them. */
  readonly config: GuestValues;
  /** Mount points of a call that names none. */
  readonly mounts: GuestValues;
  /** Refuses what a caller may not take from it. */
  requireRights(): void;
}

/** `POST /nodes/{node}/lxc` */
export async function createContainer(context: Context): Promise<string> {
  const { call, access, state } = context;
  const node = nodeOf(context);
  const vmid = Number(call.text("vmid"));
  const pool = call.optional("pool");
  const given: GuestValues = call.rest(...CALL_ONLY);
  const template = call.text("ostemplate");
  const origin = call.flag("restore") ? fromBackup(context, vmid, given) : fromTemplate(context);
  if (!origin.overwrites) requireFreeVmid(state, vmid);
  else if (state.guests[vmid]?.running) throw failure(`unable to restore CT ${vmid} - CT ${vmid} is running`);
  requireSshKeys(call.optional("ssh-public-keys"));
  requirePool(context, pool);
  if (!origin.unprivileged) access.require("/", "Sys.Modify");
  if (call.flag("ha-managed")) access.require("/", "Sys.Console");
  requireCreateRight(context, vmid, pool);
  requireConfigRights(context, { vmid, pool, set: given, remove: [], unprivileged: origin.checkedAsUnprivileged });
  requireVolumeAccess(context, template);
  origin.requireRights();
  requireDevices(given);
  const mounts = requireMounts(context, node, given, origin);
  return begin(context, { node, vmid, pool, config: configOf(given, origin), mounts, template, origin });
}

function fromTemplate({ call }: Context): Origin {
  const unprivileged = (call.optional("unprivileged") ?? "1") === "1";
  return {
    verb: "create",
    task: "vzcreate",
    overwrites: false,
    unprivileged,
    checkedAsUnprivileged: unprivileged,
    config: {},
    mounts: { rootfs: `${defaultStorage(call)}:4` },
    requireRights: () => undefined,
  };
}

function configOf(given: GuestValues, origin: Origin): GuestValues {
  const { unprivileged: _, ...config } = origin.config;
  for (const [key, value] of Object.entries(given)) {
    if (isMount(key) || /^unused\d+$/.test(key)) continue;
    const normal = normalizeValue(key, value);
    if (normal !== undefined) config[key] = normal;
  }
  return origin.unprivileged ? { ...config, unprivileged: "1" } : config;
}

interface CreatePlan {
  readonly node: string;
  readonly vmid: number;
  readonly pool: string | undefined;
  readonly config: GuestValues;
  readonly mounts: GuestValues;
  readonly template: string;
  readonly origin: Origin;
}

function begin(context: Context, plan: CreatePlan): Promise<string> {
  const { state } = context;
  const { config, node, origin, pool, vmid } = plan;
  if (origin.overwrites) state.volumes = state.volumes.filter((v) => v.vmid !== vmid || v.content === "backup");
  const guest = newGuest({ vmid, node, type: "lxc", config: { ...config, lock: "create" } });
  state.guests[vmid] = guest;
  context.testbed.changed();
  addToPool(state, origin.overwrites ? undefined : pool, vmid);
  if (context.call.flag("ha-managed")) addHaResource(context, vmid);
  const work = (task: TaskContext) => build(context, plan, guest, task);
  return context.task(node, origin.task, vmid, work, () => discardGuest(state, guest));
}

/** The root filesystem gets its volume, and so its number, first. */
const rootFirst = ([a]: [string, string], [b]: [string, string]): number =>
  Number(b === "rootfs") - Number(a === "rootfs") || Number(a.slice(2)) - Number(b.slice(2));

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

/** The mount points as asked for; without any those of the origin. */
function requireMounts(context: Context, node: string, given: GuestValues, origin: Origin): GuestValues {
  const { call, access, state } = context;
  const keys = Object.keys(given).filter(isMount);
  if (keys.length > 0 && given.rootfs === undefined) {
    throw failure("mount points configured, but 'rootfs' not set - aborting");
  }
  const mounts: GuestValues = {};
  for (const key of keys) {
    const value = given[key] ?? "";
    mounts[key] = /^\d+(?:\.\d+)?$/.test(value) ? `${defaultStorage(call)}:${value}` : value;
  }
  if (keys.length === 0) Object.assign(mounts, origin.mounts);
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

async function build(context: Context, plan: CreatePlan, guest: Guest, task: TaskContext): Promise<void> {
  const { state, testbed, call } = context;
  const { vmid, node, template, origin } = plan;
  try {
    for (const [key, value] of Object.entries(plan.mounts).sort(rootFirst)) {
      guest.config[key] = makeMount(context, node, vmid, key, value);
    }
    const source = findVolume(state, template, node);
    if (!source) throw new Error(`volume '${template}' does not exist`);
    const id = parseVolumeId(template);
    const storage = storageOf(state, id?.storage ?? "");
    task.log(`extracting archive '${volumePath(storage, id?.name ?? "")}'`);
    fillDefaults(guest, template);
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
    if (origin.verb === "restore") task.log("merging backed-up and given configuration..");
    warnAboutNesting(guest, template, task);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    task.log(text);
    throw new Error(`unable to ${origin.verb} CT ${vmid} - ${text}`);
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

function fillDefaults({ config, vmid }: Guest, template: string): void {
  config.arch ??= /arm64/.test(template) ? "arm64" : "amd64";
  config.hostname ??= `CT${vmid}`;
  config.memory ??= "512";
  config.swap ??= "512";
  config.ostype ??= osTypeOf(template);
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
