import { failure, invalid, PveError } from "../../errors";
import { specFor } from "../../schema/validate";
import type { Guest, GuestValues } from "../../state/state";
import type { Context } from "../../testbed";
import { requireDigest } from "../digest";
import { findVolume, removeVolume } from "../volumes";
import { configSpecs, configWithPending, digestOfGuest, guestOf, keepUnused, requireUnlocked } from "./common";
import {
  isLive,
  isMount,
  makeMount,
  mountType,
  normalizeValue,
  parseMount,
  printMount,
  requireConfigRights,
  requireRemovable,
} from "./lxc-config";
import { refOf } from "./lxc-run";
import { parseSize, printSize } from "./sizes";

const CALL_ONLY = ["node", "vmid", "delete", "digest", "revert"];

/** `PUT /nodes/{node}/lxc/{vmid}/config` */
export async function updateContainer(context: Context): Promise<null> {
  const { call } = context;
  const set: GuestValues = call.rest(...CALL_ONLY);
  const remove = call.list("delete");
  const revert = call.list("revert");
  const guest = guestOf(context, "lxc");
  if (Object.keys(set).length + remove.length + revert.length === 0) throw failure("no options specified");
  const known = (key: string): boolean => specFor(configSpecs("lxc"), key) !== undefined && !CALL_ONLY.includes(key);
  requireRemovable(known, set, remove);
  const before = configWithPending(guest);
  const unprivileged = guest.config.unprivileged === "1";
  requireConfigRights(context, { vmid: guest.vmid, before, set, remove, unprivileged });
  requireUnlocked(context, guest);
  requireDigest(digestOfGuest(guest), call.optional("digest"));
  for (const key of revert) delete guest.pending[key];
  const wanted = collectChange(context, guest, set, remove);
  await applyChange(context, guest, wanted);
  context.testbed.changed();
  return null;
}

/** New values by key; `null` removes. Volumes are allocated here. */
function collectChange(
  context: Context,
  guest: Guest,
  set: GuestValues,
  remove: readonly string[],
): Map<string, string | null> {
  const wanted = new Map<string, string | null>();
  for (const key of remove) wanted.set(key, null);
  for (const [key, value] of Object.entries(set)) {
    const normal = normalizeValue(key, value);
    if (normal === undefined) wanted.set(key, null);
    else wanted.set(key, isMount(key) ? makeMount(context, guest.node, guest.vmid, key, normal) : normal);
  }
  return wanted;
}

async function applyChange(context: Context, guest: Guest, wanted: ReadonlyMap<string, string | null>): Promise<void> {
  const before = { ...guest.config };
  const applied: string[] = [];
  for (const [key, value] of wanted) {
    if (guest.running && !isLive(key, before)) {
      if ((value ?? undefined) === guest.config[key]) delete guest.pending[key];
      else guest.pending[key] = value;
      continue;
    }
    applyKey(context, guest, key, value);
    applied.push(key);
  }
  if (!guest.running || applied.length === 0) return;
  const left = await context.testbed.backend.hotplug(refOf(guest), {
    config: guest.config,
    changed: applied.filter((key) => guest.config[key] !== undefined && guest.config[key] !== before[key]),
    removed: applied.filter((key) => guest.config[key] === undefined && before[key] !== undefined),
  });
  const refused = Object.keys(left);
  for (const key of refused) postpone(guest, key, before[key]);
  if (refused.length > 0) {
    throw invalid(Object.fromEntries(refused.map((key) => [key, `hotplug problem - ${left[key]}`])));
  }
}

function postpone(guest: Guest, key: string, before: string | undefined): void {
  guest.pending[key] = guest.config[key] ?? null;
  if (before === undefined) delete guest.config[key];
  else guest.config[key] = before;
}

function applyKey(context: Context, guest: Guest, key: string, value: string | null): void {
  const old = guest.config[key];
  delete guest.pending[key];
  if (old !== undefined && isMount(key)) releaseVolume(guest, key, old, value);
  if (value === null && /^unused\d+$/.test(key) && old !== undefined) {
    removeVolume(context.state, old, guest.node);
  }
  if (value === null) delete guest.config[key];
  else guest.config[key] = value;
}

/** A volume that a mount point no longer uses stays, as `unusedN`. */
function releaseVolume(guest: Guest, key: string, old: string, value: string | null): void {
  const { volume = "" } = parseMount(key, old);
  const next = value === null ? undefined : parseMount(key, value).volume;
  if (mountType(volume) !== "volume" || volume === next) return;
  keepUnused(guest, volume);
}

/** `PUT /nodes/{node}/lxc/{vmid}/resize` */
export async function resizeContainer(context: Context): Promise<string> {
  const { call, access, state } = context;
  const guest = guestOf(context, "lxc");
  const disk = call.text("disk");
  const size = call.text("size");
  requireUnlocked(context, guest);
  requireDigest(digestOfGuest(guest), call.optional("digest"));
  const value = configWithPending(guest)[disk];
  if (value === undefined) throw absentDisk();
  const mount = parseMount(disk, value);
  const volume = mount.volume ?? "";
  if (!access.isRoot) {
    access.require(`/vms/${guest.vmid}`, "VM.Config.Disk", "VM.Config.Options");
    access.require(`/storage/${volume.split(":")[0]}`, "Datastore.AllocateSpace");
  }
  const found = findVolume(state, volume, guest.node);
  const current = found?.size ?? parseSize(mount.size ?? "0");
  const target = size.startsWith("+") ? current + parseSize(size.slice(1)) : parseSize(size);
  if (target < current) throw failure("unable to shrink disk size");
  return context.task(guest.node, "resize", guest.vmid, (task) => {
    if (context.fault.fullStorage === volume.split(":")[0]) throw new Error("No space left on device");
    if (found) found.size = target;
    const printed = printMount({ ...mount, size: printSize(target) });
    guest.config[disk] = printed;
    if (typeof guest.pending[disk] === "string") guest.pending[disk] = printed;
    task.log("Image resized.");
    context.testbed.changed();
  });
}

const absentDisk = (): PveError =>
  new PveError(500, "format error", {
    mp: "property is missing and it is not optional",
    volume: "property is missing and it is not optional",
  });
