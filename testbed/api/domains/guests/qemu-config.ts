import { failure, invalid } from "../../errors";
import {
  type PropertyValues,
  printPropertyString,
  propertyFormat,
  splitPropertyString,
} from "../../schema/property-string";
import type { GuestValues } from "../../state/state";
import type { Context } from "../../testbed";
import { allocate, findVolume, parseVolumeId, requireVolumeAccess, storageOf } from "../volumes";
import { type GuestChange, newMac, normalizeTags, requireNicBridge, requireTagRight } from "./common";
import { GIB, MIB, parseSize, printSize } from "./sizes";

const DISK = /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/;
const NEW_DISK = /^([^:\s]+):(\d+(?:\.\d+)?|cloudinit)$/;
/** Proxmox VE makes these as large as their contents need to be: OVMF's variables (4 MiB type: 528 KiB) and TPM state. */
const FIXED_BYTES: Readonly<Record<string, number>> = { efidisk0: 528 * 1024, tpmstate0: 4 * MIB };
const PATH_REFUSAL = "Only root can pass arbitrary filesystem paths.";

export const isDisk = (key: string): boolean => DISK.test(key);

export function parseDisk(key: string, value: string): PropertyValues {
  const kind = key.replace(/\d+$/, "");
  const name = { ide: "qemu-ide", sata: "qemu-sata", scsi: "qemu-scsi", virtio: "qemu-virtio" }[kind] ?? `qemu-${key}`;
  return splitPropertyString(propertyFormat(name), value);
}

export const parseNic = (value: string): PropertyValues => splitPropertyString(propertyFormat("qemu-net"), value);

export const isCdrom = (disk: PropertyValues): boolean =>
  disk.media === "cdrom" || disk.file === "none" || disk.file === "cdrom" || /cloudinit/.test(disk.file ?? "");

const printDisk = (disk: PropertyValues): string => printPropertyString(disk, { first: ["file"], bare: "file" });

function printNic(nic: PropertyValues): string {
  const { model = "virtio", macaddr, ...rest } = nic;
  return printPropertyString({ ...rest, [model]: (macaddr ?? newMac()).toUpperCase() }, { first: [model] });
}

const names = (text: string): Set<string> => new Set(text.split(" "));
const ROOT_ONLY = names(
  "args hookscript affinity hugepages keephugepages arch vmgenid spice_enhancements ivshmem amd-sev intel-tdx lock",
);
const CPU = names("cores sockets vcpus cpu cpulimit cpuunits numa");
const MEMORY = names("memory balloon shares allow-ksm");
const HARDWARE = names("acpi hotplug kvm machine scsihw smbios1 tablet vga watchdog audio0");
const CLOUD_INIT = names("cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys");
const DISK_OPTIONS = names("boot bootdisk vmstatestorage");

/** Refuses what a caller may not set, option by option. */
export function requireMachineRights(context: Context, change: GuestChange): void {
  if (context.access.isRoot) return;
  const keys = [...Object.keys(change.set), ...change.remove];
  for (const key of keys) requirePath(change.set, key);
  for (const key of keys) requireOption(context, change, key);
}

/** Files of the host are root's alone. */
function requirePath(set: GuestValues, key: string): void {
  const value = set[key];
  if (value === undefined || !isDisk(key)) return;
  const disk = parseDisk(key, value);
  if (disk.file?.startsWith("/dev/") || disk["import-from"]?.startsWith("/")) throw failure(PATH_REFUSAL);
}

function requireOption(context: Context, change: GuestChange, key: string): void {
  const { access } = context;
  const need = (...privileges: string[]): void => access.requireGuest(change.vmid, change.pool, ...privileges);
  const base = key.replace(/\d+$/, "");
  const value = change.set[key];
  const old = change.before?.[key];
  if (ROOT_ONLY.has(key) || base === "parallel") throw failure(`only root can set '${key}' config`);
  if (CPU.has(key) || base === "numa") {
    requireCpu(context, key, value, need);
    return;
  }
  if (MEMORY.has(key)) {
    need("VM.Config.Memory");
    return;
  }
  if (HARDWARE.has(key)) {
    need("VM.Config.HWType");
    return;
  }
  if (CLOUD_INIT.has(key) || base === "ipconfig") {
    requireCloudInit(context, change, need);
    return;
  }
  if (base === "net") {
    need("VM.Config.Network");
    for (const nic of [old, value]) if (nic !== undefined) requireNicBridge(context, parseNic(nic));
    return;
  }
  if (isDisk(key) || key === "cdrom") {
    requireDisk(context, change, key, need);
    return;
  }
  if (base === "unused" || DISK_OPTIONS.has(key)) {
    need("VM.Config.Disk");
    if (key === "vmstatestorage" && value !== undefined) access.require(`/storage/${value}`, "Datastore.AllocateSpace");
    return;
  }
  if (/^(?:hostpci|usb|serial|virtiofs|rng)$/.test(base)) {
    requireDevice(context, change, key, need);
    return;
  }
  if (key === "tags") {
    if (change.before) requireTagRight(context, change.vmid, old ?? "", value ?? "");
    return;
  }
  if (key === "freeze") need("VM.PowerMgmt");
  if (key !== "freeze" || change.before) need("VM.Config.Options");
  if (key === "startup") access.require("/", "Sys.Modify");
}

type Need = (...privileges: string[]) => void;

function requireCpu(context: Context, key: string, value: string | undefined, need: Need): void {
  need("VM.Config.CPU");
  if (/^numa\d+$/.test(key) && context.call.has("memory")) need("VM.Config.Memory");
  if (key === "cpu" && /^(?:cputype=)?custom-/.test(value ?? "")) context.access.require("/nodes", "Sys.Audit");
}

function requireCloudInit(context: Context, change: GuestChange, need: Need): void {
  const pool = change.pool === undefined ? [] : [`/pool/${change.pool}`];
  const paths = [...pool, `/vms/${change.vmid}`];
  if (paths.some((path) => context.access.hasAny(path, "VM.Config.Cloudinit", "VM.Config.Network"))) return;
  need("VM.Config.Cloudinit");
}

function requireDisk(context: Context, change: GuestChange, key: string, need: Need): void {
  const { access } = context;
  const isNewMachine = change.before === undefined;
  const value = change.set[key] ?? change.before?.[key] ?? "none";
  const disk = key === "cdrom" ? { file: value, media: "cdrom" } : parseDisk(key, value);
  const file = disk.file ?? "";
  if (isCdrom(disk)) {
    if (file === "cdrom" && isNewMachine && disk.media !== "cdrom") throw failure(PATH_REFUSAL);
    if (!isNewMachine) need("VM.Config.CDROM");
    if (!isNewMachine && file.endsWith(":cloudinit")) need("VM.Config.Cloudinit");
    if (file === "cdrom") access.require("/", "Sys.Console");
    else if (file !== "none" && parseVolumeId(file) && !/cloudinit/.test(file)) requireVolumeAccess(context, file);
    return;
  }
  if (!isNewMachine) need("VM.Config.Disk");
  if (change.set[key] === undefined) return;
  const fresh = NEW_DISK.exec(file);
  if (fresh) {
    access.require(`/storage/${fresh[1]}`, "Datastore.AllocateSpace");
    const source = disk["import-from"];
    if (source !== undefined) requireImportSource(context, source);
  } else if (change.before?.[key]?.includes(file) !== true) {
    requireVolumeAccess(context, file);
  }
}

/** Another machine's disk is a clone of it; other volumes must be readable. */
function requireImportSource(context: Context, source: string): void {
  const owner = context.state.volumes.find((volume) => volume.volid === source && volume.content === "images")?.vmid;
  if (owner === undefined) requireVolumeAccess(context, source);
  else context.access.require(`/vms/${owner}`, "VM.Clone");
}

function requireDevice(context: Context, change: GuestChange, key: string, need: Need): void {
  const kind = key.replace(/\d+$/, "");
  const value = change.set[key];
  for (const text of [change.before?.[key], value]) {
    if (text === undefined) continue;
    const mapping = /(?:^|,)mapping=([^,]+)/.exec(text)?.[1];
    if (kind === "hostpci" && mapping === undefined)
      throw failure(`only root can set '${key}' config for non-mapped devices`);
    if (kind === "usb" && mapping === undefined && !/^(?:host=)?spice/i.test(text)) {
      throw failure(`only root can set '${key}' config for real devices`);
    }
    if (kind === "serial" && text !== "socket") {
      const verb = value === undefined ? "delete" : change.before ? "modify" : "set";
      throw failure(`only root can ${verb} '${key}' config for real devices`);
    }
    const map = { hostpci: `pci/${mapping}`, usb: `usb/${mapping}` }[kind];
    if (mapping !== undefined && map !== undefined) context.access.require(`/mapping/${map}`, "Mapping.Use");
    if (kind === "virtiofs")
      context.access.require(`/mapping/dir/${text.replace(/^dirid=/, "").split(",")[0]}`, "Mapping.Use");
    if (kind === "rng" && text.includes("/dev/hwrng")) context.access.require("/mapping/hwrng", "Mapping.Use");
  }
  need(kind === "virtiofs" ? "VM.Config.Disk" : "VM.Config.HWType");
}

/** A value as Proxmox VE writes it; `undefined` when it removes the key. */
export function normalizeMachineValue(key: string, value: string, isNew: boolean): string | undefined {
  if (key === "tags" && !isNew) return normalizeTags(value) || undefined;
  if (key === "description") return value.replace(/\n$/, "") || undefined;
  if (/^net\d+$/.test(key)) return printNic(parseNic(value));
  return value === "" ? undefined : value;
}

/** Gives a disk its volume: allocated, imported or already there. Returns the value as Proxmox VE writes it. */
export function makeDisk(context: Context, node: string, vmid: number, key: string, value: string): string {
  const { "import-from": source, format, ...disk } = parseDisk(key, value);
  const file = disk.file ?? "";
  const fresh = NEW_DISK.exec(file);
  if (!fresh) {
    requireDiskFile(context, node, key, file);
    return keepSize(context, node, key, disk);
  }
  const [, storage = "", size = "0"] = fresh;
  if (size === "cloudinit") {
    const made = allocate(context, node, {
      storage,
      vmid,
      bytes: 4 * MIB,
      content: "images",
      label: "cloudinit",
      format: cloudInitFormat(context, storage),
    });
    return printDisk({ ...disk, file: made.volid, media: "cdrom" });
  }
  const imported = source === undefined ? undefined : findVolume(context.state, source, node);
  if (source !== undefined && !imported && !source.startsWith("/")) {
    throw new Error(`cannot import from '${source}' - volume '${source}' does not exist`);
  }
  const bytes = FIXED_BYTES[key] ?? (imported ? virtualSize(imported.size) : Math.round(Number(size) * GIB));
  const made = allocate(context, node, {
    storage,
    vmid,
    bytes,
    content: "images",
    ...(format === undefined ? {} : { format }),
  });
  return printDisk({ ...disk, file: made.volid, size: printSize(bytes) });
}

/** The size of an image inside its file is not known; it is rounded up to whole GiB. */
const virtualSize = (bytes: number): number => Math.max(Math.ceil(bytes / GIB), 1) * GIB;

const cloudInitFormat = (context: Context, storage: string): string =>
  /^(?:dir|btrfs|nfs|cifs|cephfs)$/.test(String(storageOf(context.state, storage).type)) ? "qcow2" : "raw";

function requireDiskFile(context: Context, node: string, key: string, file: string): void {
  if (file === "none" || file === "cdrom" || file.startsWith("/dev/")) return;
  if (file.startsWith("/")) throw invalid({ [key]: `unable to associate path '${file}' to any storage` });
  const id = parseVolumeId(file);
  if (!id) throw failure(`unable to parse volume ID '${file}'`);
  storageOf(context.state, id.storage);
  if (!findVolume(context.state, file, node)) throw failure(`volume '${file}' does not exist`);
}

function keepSize(context: Context, node: string, key: string, disk: PropertyValues): string {
  const volume = findVolume(context.state, disk.file ?? "", node);
  const isImage = volume !== undefined && !isCdrom(disk);
  if (isImage) return printDisk({ ...disk, size: printSize(volume.size) });
  return key.startsWith("ide") && disk.media === "cdrom" && volume
    ? printDisk({ ...disk, size: printSize(volume.size) })
    : printDisk(disk);
}

/** Size of the boot disk, bytes; 0 without one. */
export function bootBytes(config: GuestValues): number {
  const order = /order=([^,]+)/.exec(config.boot ?? "")?.[1]?.split(";") ?? [];
  const disks = Object.keys(config).filter((key) => /^(?:ide|sata|scsi|virtio)\d+$/.test(key));
  const first = [...order, config.bootdisk ?? "", ...disks.sort()].find(
    (key) => disks.includes(key) && !isCdrom(parseDisk(key, config[key] ?? "")),
  );
  return first === undefined ? 0 : parseSize(parseDisk(first, config[first] ?? "").size ?? "0");
}

/** Storages that disks name must exist, and paths must be those of devices. */
export function requireStorageOf(context: Context, key: string, value: string): void {
  const { file = "" } = parseDisk(key, value);
  const storage = /^([^:/]+):/.exec(file)?.[1];
  if (storage !== undefined) storageOf(context.state, storage);
  if (/^\/(?!dev\/)/.test(file)) throw invalid({ [key]: `unable to associate path '${file}' to any storage` });
}
