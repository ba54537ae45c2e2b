import { denied, failure, invalid } from "../errors";
import type { Section, State, Volume } from "../state/state";
import type { Context } from "../testbed";
import { GIB } from "./guests/sizes";

/** Storage types whose volumes are files in a folder per guest. */
const FILE_TYPES = new Set(["dir", "btrfs", "nfs", "cifs", "cephfs"]);
const SHARED_TYPES = new Set(["nfs", "cifs", "cephfs", "rbd", "pbs", "iscsi", "iscsidirect", "zfs", "esxi"]);
const FOLDERS: Readonly<Record<string, string>> = {
  iso: "template/iso",
  vztmpl: "template/cache",
  snippets: "snippets",
  import: "import",
  backup: "dump",
};

export interface VolumeId {
  readonly storage: string;
  readonly name: string;
}

export function parseVolumeId(text: string): VolumeId | undefined {
  const match = /^([a-z][a-z0-9\-_.]*[a-z0-9]):(.+)$/i.exec(text);
  return match ? { storage: match[1] ?? "", name: match[2] ?? "" } : undefined;
}

/** The default content types of a storage that says nothing about them. */
const DEFAULT_CONTENT: Readonly<Record<string, string>> = {
  pbs: "backup",
  cephfs: "vztmpl,iso,backup",
  zfspool: "images,rootdir",
  lvm: "images,rootdir",
  lvmthin: "images,rootdir",
  rbd: "images",
  dir: "images,vztmpl,iso,backup,snippets,rootdir,import",
};

export const contentOf = (storage: Section): string[] =>
  String(storage.content ?? DEFAULT_CONTENT[String(storage.type)] ?? "images").split(",");

export const isShared = (storage: Section): boolean => storage.shared === 1 || SHARED_TYPES.has(String(storage.type));

export const isFileStorage = (storage: Section): boolean => FILE_TYPES.has(String(storage.type));

export function storageOf(state: State, id: string): Section {
  const storage = state.storages[id];
  if (!storage) throw failure(`storage '${id}' does not exist`);
  return storage;
}

export function isOnNode(storage: Section, node: string): boolean {
  return storage.nodes === undefined || String(storage.nodes).split(",").includes(node);
}

/** A storage that can be used on a node now. */
export function enabledStorage(state: State, id: string, node: string): Section {
  const storage = storageOf(state, id);
  if (storage.disable === 1) throw failure(`storage '${id}' is disabled`);
  if (!isOnNode(storage, node)) throw failure(`storage '${id}' is not available on node '${node}'`);
  return storage;
}

export function findVolume(state: State, volid: string, node: string): Volume | undefined {
  return state.volumes.find((volume) => volume.volid === volid && (volume.node === "" || volume.node === node));
}

export function removeVolume(state: State, volid: string, node: string): boolean {
  const index = state.volumes.findIndex((v) => v.volid === volid && (v.node === "" || v.node === node));
  if (index === -1) return false;
  state.volumes.splice(index, 1);
  return true;
}

/** Path of a volume on the node. */
export function volumePath(storage: Section, name: string): string {
  const slash = name.indexOf("/");
  const folder = FOLDERS[name.slice(0, slash)];
  const base = String(storage.path ?? `/mnt/pve/${storage.storage}`);
  if (folder !== undefined) return `${base}/${folder}/${name.slice(slash + 1)}`;
  if (storage.type === "zfspool") return `/${storage.pool}/${name}`;
  if (storage.type === "lvm" || storage.type === "lvmthin") return `/dev/${storage.vgname}/${name}`;
  if (storage.type === "btrfs" && name.endsWith(".raw")) return `${base}/images/${name.slice(0, -4)}/disk.raw`;
  return `${base}/images/${name}`;
}

/** Refuses paths that are no volume, unknown storages, and callers who may not read the volume. */
export function requireVolumeAccess(context: Context, volid: string): VolumeId {
  const { access, state } = context;
  const id = parseVolumeId(volid);
  if (!id) {
    if (access.isRoot && volid.startsWith("/")) return { storage: "", name: volid };
    throw failure("Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 651.");
  }
  storageOf(state, id.storage);
  const owner = state.volumes.find((volume) => volume.volid === volid)?.vmid;
  if (owner !== undefined && access.has(`/vms/${owner}`, "VM.Config.Disk")) return id;
  if (access.isRoot || access.hasAny(`/storage/${id.storage}`, "Datastore.Audit", "Datastore.AllocateSpace")) return id;
  if (access.hasAny(`/storage/${id.storage}`, "Datastore.Allocate", "Datastore.AllocateTemplate")) return id;
  throw denied(`/storage/${id.storage}, Datastore.AllocateSpace|Datastore.Audit`);
}

export interface Allocation {
  readonly storage: string;
  readonly vmid: number;
  readonly bytes: number;
  /** `rootdir` for containers, `images` for virtual machines. */
  readonly content: "rootdir" | "images";
  readonly format?: string;
  /** Instead of `disk-N`: `cloudinit`, `state-…`. */
  readonly label?: string;
}

/** Makes a guest's volume with the next free number; throws when the storage is full. */
export function allocate(context: Pick<Context, "state" | "fault">, node: string, wanted: Allocation): Volume {
  const { state, fault } = context;
  const storage = enabledStorage(state, wanted.storage, node);
  const capacity = capacityOf(storage);
  const used = usedBytes(state, wanted.storage, node);
  if (fault.fullStorage === wanted.storage || used + wanted.bytes > capacity) {
    throw failure(`unable to create image: No space left on device (storage '${wanted.storage}')`);
  }
  const volume: Volume = {
    volid: freeName(state, storage, node, wanted),
    node: isShared(storage) ? "" : node,
    content: wanted.content,
    format: wanted.format ?? (storage.type === "zfspool" && wanted.content === "rootdir" ? "subvol" : "raw"),
    size: wanted.bytes,
    ctime: Math.floor(Date.now() / 1000),
    vmid: wanted.vmid,
  };
  state.volumes.push(volume);
  return volume;
}

function freeName(state: State, storage: Section, node: string, wanted: Allocation): string {
  const { vmid, label } = wanted;
  const isSubvolume = storage.type === "zfspool" && wanted.content === "rootdir";
  for (let n = 0; ; n++) {
    const base = `${isSubvolume ? "subvol" : "vm"}-${vmid}-${label ?? `disk-${n}`}`;
    const name = isFileStorage(storage) ? `${vmid}/${base}.${wanted.format ?? "raw"}` : base;
    const volid = `${wanted.storage}:${name}`;
    const stem = volid.replace(/\.\w+$/, "");
    const taken = state.volumes.some(
      (v) => (v.node === "" || v.node === node) && (v.volid === volid || v.volid.replace(/\.\w+$/, "") === stem),
    );
    if (!taken || label !== undefined) return volid;
  }
}

/** Bytes that a storage holds; the inventory of the testbed may say, otherwise 250 GiB. */
export const capacityOf = (storage: Section): number => Number(storage["testbed-size"] ?? 250 * GIB);

export function usedBytes(state: State, id: string, node: string): number {
  return state.volumes
    .filter((volume) => volume.volid.startsWith(`${id}:`) && (volume.node === "" || volume.node === node))
    .reduce((sum, volume) => sum + volume.size, 0);
}

/** Refuses a storage that may not hold such content. */
export function requireContent(storage: Section, id: string, content: string, text: string): void {
  if (!contentOf(storage).includes(content)) throw invalid({ storage: `storage '${id}' does not support ${text}` });
}

const ARCHIVES: Readonly<Record<string, string>> = { zst: "tzst", gz: "tgz", xz: "txz", bz2: "tbz2" };

/** How Proxmox VE calls the format of a file of this kind. */
export function formatOf(content: string, fileName: string): string {
  if (content === "iso") return "iso";
  if (content === "snippets") return "snippet";
  const ending = fileName.slice(fileName.lastIndexOf(".") + 1);
  if (content === "vztmpl") return ARCHIVES[ending] ?? "tar";
  return content === "backup" ? fileName.replace(/^.*?\.((?:tar|vma)(?:\.\w+)?)$/, "$1") : ending;
}
