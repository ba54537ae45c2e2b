import type { ResourceChange, Values } from "./plan";

/** What becomes of a guest's data when the guest is destroyed. */
export interface Losses {
  readonly lost: readonly string[];
  readonly kept: readonly string[];
}

/** The provider destroys a guest with every volume it owns; what is bound from its node is not its own. */
export function lossesOf({ change: { before }, type }: ResourceChange): Losses {
  const values = before ?? {};
  return type === "proxmox_virtual_environment_vm" ? vmLosses(values) : containerLosses(values);
}

function containerLosses(values: Values): Losses {
  const mounts = blocks(values.mount_point);
  const isBind = ({ volume }: Values) => text(volume).startsWith("/");
  const volumes = mounts
    .filter((mount) => !isBind(mount))
    .map(({ path, size, volume }) => `volume ${text(path)} (${text(volume)}, ${sizeOf(size)})`);
  return {
    lost: [...blocks(values.disk).map(rootDisk), ...volumes],
    kept: mounts.filter(isBind).map(({ path, volume }) => `${text(path)} (bound from ${text(volume)} of the node)`),
  };
}

const rootDisk = ({ datastore_id, size }: Values) => `root disk (${text(datastore_id)}, ${sizeOf(size)})`;

function vmLosses(values: Values): Losses {
  const disks = blocks(values.disk).map(
    (disk) => `disk ${text(disk.interface)} (${text(disk.datastore_id)}, ${sizeOf(disk.size)})`,
  );
  const efi = blocks(values.efi_disk).length > 0 ? ["EFI variables"] : [];
  const tpm = blocks(values.tpm_state).length > 0 ? ["TPM state, with the keys in it"] : [];
  // Proxmox VE then looks for volumes with its VMID on every storage (destroy-unreferenced-disks).
  const detached =
    values.delete_unreferenced_disks_on_destroy === true ? ["disks that were detached from it, on every storage"] : [];
  return { lost: [...disks, ...efi, ...tpm, ...detached], kept: [] };
}

/** A number of GiB, or Proxmox VE's `8G`. */
function sizeOf(size: unknown): string {
  if (typeof size === "number") return `${size} GiB`;
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT])i?B?$/.exec(text(size)) ?? [];
  return number === undefined ? "size not known" : `${number} ${unit}iB`;
}

/** A nested block: a list of maps. */
export const blocks = (value: unknown): Values[] =>
  Array.isArray(value) ? value.filter((each): each is Values => typeof each === "object" && each !== null) : [];

export const text = (value: unknown): string => (value === null || value === undefined ? "?" : String(value));
