import type { Call } from "../../call";
import { denied, failure, invalid } from "../../errors";
import {
  type PropertyValues,
  printPropertyString,
  propertyFormat,
  splitPropertyString,
} from "../../schema/property-string";
import type { Guest, GuestValues } from "../../state/state";
import type { Context } from "../../testbed";
import { allocate, findVolume, isFileStorage, parseVolumeId, storageOf } from "../volumes";
import { type GuestChange, newMac, normalizeTags, requireNicBridge, requireTagRight } from "./common";
import { GIB, parseSize, printSize } from "./sizes";

export const isMount = (key: string): boolean => key === "rootfs" || /^mp\d+$/.test(key);

/** Where mount points go that name no storage. */
export const defaultStorage = (call: Call): string => call.optional("storage") ?? "local";

const NEW_DISK = /^([^:\s]+):(\d+(?:\.\d+)?)$/;

export const parseMount = (key: string, value: string): PropertyValues =>
  splitPropertyString(propertyFormat(key === "rootfs" ? "lxc-rootfs" : "lxc-mp"), value);

export const parseNet = (value: string): PropertyValues => splitPropertyString(propertyFormat("lxc-net"), value);

/** `volume`, `bind` or `device`, by what a mount point is made of. */
export function mountType(volume: string): "volume" | "bind" | "device" {
  if (volume.startsWith("/dev/")) return "device";
  return volume.startsWith("/") ? "bind" : "volume";
}

const PRIVILEGES: Readonly<Record<string, string>> = {
  cores: "VM.Config.CPU",
  cpulimit: "VM.Config.CPU",
  cpuunits: "VM.Config.CPU",
  memory: "VM.Config.Memory",
  swap: "VM.Config.Memory",
  hostname: "VM.Config.Network",
  nameserver: "VM.Config.Network",
  searchdomain: "VM.Config.Network",
};

interface ContainerChange extends GuestChange {
  readonly unprivileged: boolean;
}

/** Refuses what a caller may not set, option by option. */
export function requireConfigRights(context: Context, change: ContainerChange): void {
  if (context.access.isRoot) return;
  for (const key of Object.keys(change.set)) requireOption(context, change, key, false);
  for (const key of change.remove) requireOption(context, change, key, true);
}

function requireOption(context: Context, change: ContainerChange, key: string, removed: boolean): void {
  const { access } = context;
  const need = (privilege: string): void => access.requireGuest(change.vmid, change.pool, privilege);
  const simple = PRIVILEGES[key];
  if (simple !== undefined) {
    need(simple);
    return;
  }
  if (isMount(key)) {
    need("VM.Config.Disk");
    if (!removed) requireMount(context, key, change.set[key] ?? "");
    return;
  }
  if (/^net\d+$/.test(key)) {
    need("VM.Config.Network");
    for (const value of [change.before?.[key], change.set[key]]) {
      if (value !== undefined) requireNicBridge(context, parseNet(value));
    }
    return;
  }
  if (/^dev\d+$/.test(key)) throw denied("configuring device passthrough is only allowed for root@pam");
  if (key === "hookscript") throw denied("changing the hookscript is only allowed for root@pam");
  if (key === "features") {
    requireFeatures(change, removed, () => need("VM.Allocate"));
    return;
  }
  if (key === "tags") {
    requireTagRight(context, change.vmid, change.before?.tags ?? "", change.set.tags ?? "");
    return;
  }
  need("VM.Config.Options");
}

function requireMount(context: Context, key: string, value: string): void {
  const { volume = "" } = parseMount(key, value);
  const type = mountType(volume);
  if (type !== "volume") throw denied(`mount point type ${type} is only allowed for root@pam`);
  const fresh = NEW_DISK.exec(volume);
  if (fresh) context.access.require(`/storage/${fresh[1]}`, "Datastore.AllocateSpace");
}

/** Nesting alone is a matter of VM.Allocate; everything else, and anything on a privileged container, is root's. */
function requireFeatures(change: ContainerChange, removed: boolean, needAllocate: () => void): void {
  if (!change.unprivileged) {
    throw denied("changing feature flags for privileged container is only allowed for root@pam");
  }
  const parse = (text: string | undefined): PropertyValues =>
    text === undefined ? {} : splitPropertyString(propertyFormat("lxc-features"), text);
  const before = parse(change.before?.features);
  const after = removed ? {} : parse(change.set.features);
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...keys].filter((key) => before[key] !== after[key]);
  if (changed.some((key) => key !== "nesting")) {
    throw denied("changing feature flags (except nesting) is only allowed for root@pam");
  }
  if (changed.includes("nesting") && after.nesting !== "0") needAllocate();
}

/** A value as Proxmox VE writes it; `undefined` when it removes the key. */
export function normalizeValue(key: string, value: string): string | undefined {
  if (value === "") return undefined;
  if (key === "tags") return normalizeTags(value);
  if (key === "description") return value.endsWith("\n") ? value : `${value}\n`;
  if (/^net\d+$/.test(key)) {
    const net = parseNet(value);
    const full = { ...net, hwaddr: (net.hwaddr ?? newMac()).toUpperCase(), type: net.type ?? "veth" };
    return printPropertyString(full, { first: ["name"] });
  }
  return value;
}

/**
 * Gives a mount point its volume: `storage:size` is allocated, an existing volume is checked, paths stay.
 *
 * @returns the value as Proxmox VE writes it
 */
export function makeMount(context: Context, node: string, vmid: number, key: string, value: string): string {
  const mount = parseMount(key, value);
  const volume = mount.volume ?? "";
  const fresh = NEW_DISK.exec(volume);
  if (fresh) {
    const bytes = Math.max(Math.round(Number(fresh[2]) * GIB), 0);
    const made = allocate(context, node, { storage: fresh[1] ?? "", vmid, bytes, content: "rootdir" });
    return printMount({ ...mount, volume: made.volid, size: printSize(made.size) });
  }
  if (mountType(volume) !== "volume") return printMount(mount);
  requireKnownVolume(context, node, volume);
  return key === "rootfs" ? value : printMount(mount);
}

export const printMount = (mount: PropertyValues): string =>
  printPropertyString(mount, { first: ["volume", "mp"], bare: "volume" });

function requireKnownVolume(context: Context, node: string, volid: string): void {
  const id = parseVolumeId(volid);
  if (!id) throw failure("Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 651.");
  const storage = storageOf(context.state, id.storage);
  if (isFileStorage(storage) && !/^(?:\d+\/.+|[a-z]+\/.+)$/.test(id.name)) {
    throw failure(`unable to parse directory volume name '${id.name}'`);
  }
  if (!findVolume(context.state, volid, node)) throw failure(`volume '${volid}' does not exist`);
}

/** Total size of the root filesystem, bytes. */
export function rootBytes(guest: Guest): number {
  const { size = "0" } = parseMount("rootfs", guest.config.rootfs ?? "");
  return parseSize(size);
}

/** Keys that a running container takes over at once; the others wait for its next start. */
const LIVE = new Set([
  "description",
  "onboot",
  "startup",
  "protection",
  "hostname",
  "hookscript",
  "cores",
  "tags",
  "lock",
  "memory",
  "swap",
  "cpulimit",
  "cpuunits",
  "nameserver",
  "searchdomain",
]);

export const isLive = (key: string, before: GuestValues): boolean =>
  LIVE.has(key) ||
  /^net\d+$/.test(key) ||
  /^unused\d+$/.test(key) ||
  (/^mp\d+$/.test(key) && before[key] === undefined);

const READ_ONLY = new Set(["unprivileged"]);

/** Checks `delete` against what is set and what a container cannot lack. */
export function requireRemovable(known: (key: string) => boolean, set: GuestValues, remove: readonly string[]): void {
  for (const key of remove) {
    if (set[key] !== undefined) {
      throw invalid({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
    }
    if (!known(key)) throw invalid({ delete: `unknown option '${key}'` });
  }
  if (remove.includes("rootfs")) throw failure("unable to delete required option 'rootfs'");
  const fixed = [...Object.keys(set), ...remove].find((key) => READ_ONLY.has(key));
  if (fixed !== undefined) throw failure(`unable to modify read-only option: '${fixed}'`);
}
