import { failure, invalid } from "../../errors";
import { specFor } from "../../schema/validate";
import type { Guest, GuestValues } from "../../state/state";
import type { Context } from "../../testbed";
import { removeVolume } from "../volumes";
import {
  configSpecs,
  configWithPending,
  digestOfGuest,
  guestOf,
  keepUnused,
  requireSkiplockRight,
  requireUnlocked,
} from "./common";
import {
  isCdrom,
  isDisk,
  makeDisk,
  normalizeMachineValue,
  parseDisk,
  requireMachineRights,
  requireStorageOf,
} from "./qemu-config";

const UPDATE_ONLY = [
  "node",
  "vmid",
  "delete",
  "digest",
  "revert",
  "force",
  "skiplock",
  "background_delay",
  "import-working-storage",
];

/** Options that a running machine takes over at once. */
const LIVE =
  /^(?:name|description|onboot|startup|protection|tags|hotplug|lock|shares|cpuunits|cpulimit|net\d+|scsi\d+|virtio\d+|unused\d+|balloon|agent|hookscript|affinity|usb\d+|migrate_\w+|ciuser|cipassword|cicustom|citype|ciupgrade|nameserver|searchdomain|sshkeys|ipconfig\d+)$/;
const CLOUD_INIT_ONLY = /^(?:ciuser|cipassword|cicustom|citype|ciupgrade|nameserver|searchdomain|sshkeys|ipconfig\d+)$/;

/** `PUT /nodes/{node}/qemu/{vmid}/config` */
export function updateMachine(context: Context): null {
  const { call } = context;
  requireSkiplockRight(context);
  const set: GuestValues = call.rest(...UPDATE_ONLY);
  if (call.has("cdrom")) {
    delete set.cdrom;
    set.ide2 = `${call.text("cdrom")},media=cdrom`;
  }
  const remove = call.list("delete");
  const revert = call.list("revert");
  if (Object.keys(set).length + remove.length + revert.length === 0) throw failure("no options specified");
  const guest = guestOf(context, "qemu");
  requireDeletable(guest, set, remove);
  for (const key of Object.keys(set).filter(isDisk)) requireStorageOf(context, key, set[key] ?? "");
  const before = configWithPending(guest);
  const vmid = guest.vmid;
  requireMachineRights(context, { vmid, before, set, remove: remove.filter((key) => before[key] !== undefined) });
  if (!call.flag("skiplock") && !remove.includes("lock")) requireUnlocked(context, guest);
  const digest = call.optional("digest");
  if (digest !== undefined && digest !== digestOfGuest(guest))
    throw failure("checksum mismatch (file change by other user?)");
  for (const key of revert) delete guest.pending[key];
  for (const key of remove) changeOption(context, guest, key, null);
  for (const [key, value] of Object.entries(set)) {
    const normal = normalizeMachineValue(key, value, false);
    changeOption(
      context,
      guest,
      key,
      normal === undefined ? null : isDisk(key) ? makeDisk(context, guest.node, vmid, key, normal) : normal,
    );
  }
  context.testbed.changed();
  return null;
}

function requireDeletable(guest: Guest, set: GuestValues, remove: readonly string[]): void {
  for (const key of remove) {
    if (set[key] !== undefined) throw invalid({ delete: `cannot use '-${key}' and '-delete ${key}' at the same time` });
    const spec = specFor(configSpecs("qemu"), key);
    if (!spec || UPDATE_ONLY.includes(key)) throw invalid({ delete: `unknown setting '${key}'` });
    const boot = /order=([^,]+)/.exec(guest.config.boot ?? "")?.[1]?.split(";") ?? [];
    if (guest.running && isDisk(key) && boot.includes(key) && guest.config[key] !== undefined) {
      throw failure(`cannot delete boot disk "${key}"`);
    }
  }
}

/** Sets or, with `null`, removes one option of a machine: at once, or pending while it runs. */
export function changeOption(context: Context, guest: Guest, key: string, value: string | null): void {
  const old = guest.config[key];
  if (guest.running && !isLiveChange(guest, key)) {
    if ((value ?? undefined) === old) delete guest.pending[key];
    else if (value !== null || old !== undefined || guest.pending[key] !== undefined) guest.pending[key] = value;
    return;
  }
  delete guest.pending[key];
  if (old !== undefined && isDisk(key)) releaseVolume(guest, key, old, value);
  if (value === null && /^unused\d+$/.test(key) && old !== undefined) removeVolume(context.state, old, guest.node);
  if (value === null) delete guest.config[key];
  else guest.config[key] = value;
}

const isLiveChange = (guest: Guest, key: string): boolean => {
  if (CLOUD_INIT_ONLY.test(key)) return false;
  const isDriveInUse = /^(?:scsi|virtio)\d+$/.test(key) && guest.config[key] !== undefined;
  return LIVE.test(key) && !isDriveInUse;
};

/** A volume that no key uses any more stays, as `unusedN`; cloud-init drives go. */
function releaseVolume(guest: Guest, key: string, old: string, value: string | null): void {
  const disk = parseDisk(key, old);
  const next = value === null ? undefined : parseDisk(key, value).file;
  if (isCdrom(disk) || disk.file === next || !disk.file?.includes(":")) return;
  keepUnused(guest, disk.file);
}
