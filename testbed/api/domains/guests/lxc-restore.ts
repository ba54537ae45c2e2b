import { failure } from "../../errors";
import type { GuestValues } from "../../state/state";
import type { Context } from "../../testbed";
import { newMac } from "./common";
import { defaultStorage, isMount, mountType, parseMount, printMount } from "./lxc-config";
import type { Origin } from "./lxc-create";
import { GIB, parseSize } from "./sizes";

/** A backup says what the container is to be; `force` lets it replace one. */
export function fromBackup(context: Context, vmid: number, given: GuestValues): Origin {
  const { call, state } = context;
  const backup = backupOf(context, call.text("ostemplate"));
  const asked = call.optional("unprivileged");
  return {
    verb: "restore",
    task: "vzrestore",
    overwrites: call.flag("force") && state.guests[vmid]?.type === "lxc",
    unprivileged: (asked ?? (backup ? (backup.unprivileged ?? "0") : "1")) === "1",
    // Whatever the backup says: given features count as a privileged container's.
    checkedAsUnprivileged: asked === "1",
    config: withMacs(withoutMounts(backup ?? {})),
    mounts: { rootfs: `${defaultStorage(call)}:4`, ...backupMounts(backup ?? {}, defaultStorage(call)) },
    requireRights: () => {
      if (backup) requireRestoreRights(context, vmid, given, backup);
    },
  };
}

function backupOf(context: Context, volid: string): GuestValues | undefined {
  const volume = context.state.volumes.find((v) => v.volid === volid && v.content === "backup");
  return volume?.notes === undefined ? undefined : (JSON.parse(volume.notes) as { config?: GuestValues }).config;
}

function withoutMounts(backup: GuestValues): GuestValues {
  return Object.fromEntries(Object.entries(backup).filter(([key]) => !isMount(key) && !/^unused\d+$/.test(key)));
}

function withMacs(config: GuestValues): GuestValues {
  const whole = ([key, value]: [string, string]) =>
    /^net\d+$/.test(key) && !/hwaddr=/.test(value) ? [key, `${value},hwaddr=${newMac()}`] : [key, value];
  return Object.fromEntries(Object.entries(config).map(whole));
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
