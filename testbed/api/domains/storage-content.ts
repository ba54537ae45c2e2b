import { failure, invalid, messageOf } from "../errors";
import type { Section, Volume } from "../state/state";
import type { Context, Routes } from "../testbed";
import type { RemoteFile } from "../world";
import { now } from "./guests/common";
import { isMount } from "./guests/lxc-config";
import { parseSize } from "./guests/sizes";
import { takeUpFiles } from "./node-files";
import {
  allocate,
  capacityOf,
  enabledStorage,
  findVolume,
  formatOf,
  isShared,
  parseVolumeId,
  removeVolume,
  requireVolumeAccess,
  storageOf,
  usedBytes,
  volumePath,
} from "./volumes";

const NAMES: Readonly<Record<string, RegExp>> = {
  iso: /\.(?:iso|img)$/i,
  vztmpl: /\.tar(?:\.(?:gz|xz|zst|bz2))?$/i,
  import: /\.(?:ova|ovf|qcow2|raw|vmdk)$/i,
};

/** The file's place and content type; throws for names that the content type does not have. */
function target(
  context: Context,
  parameter: string,
): { volid: string; content: string; fileName: string; storage: Section } {
  const { call, state } = context;
  const id = call.text("storage");
  const content = call.text("content");
  const fileName = call
    .text(parameter)
    .replace(/^.*[/\\]/, "")
    .replace(/[^a-zA-Z0-9\-_.]/g, "_");
  const storage = enabledStorage(state, id, call.text("node"));
  const holds = String(storage.content ?? "")
    .split(",")
    .includes(content);
  if (!holds) throw invalid({ storage: `storage '${id}' does not support '${content}' content` });
  if (NAMES[content] && !NAMES[content].test(fileName)) {
    throw invalid({ filename: "wrong file extension" });
  }
  return { volid: `${id}:${content}/${fileName}`, content, fileName, storage };
}

function store(context: Context, place: ReturnType<typeof target>, size: number, more: Partial<Volume> = {}): void {
  const { call, state, testbed, fault } = context;
  const id = call.text("storage");
  const full = usedBytes(state, id, call.text("node")) + size > capacityOf(place.storage);
  if (fault.fullStorage === id || full) throw new Error("write failed: No space left on device");
  const node = isShared(place.storage) ? "" : call.text("node");
  removeVolume(state, place.volid, call.text("node"));
  const format = formatOf(place.content, place.fileName);
  state.volumes.push({ volid: place.volid, node, content: place.content, format, size, ctime: now(), ...more });
  testbed.changed();
}

function requireChecksum(expected: string | undefined, actual: string | undefined): void {
  if (expected !== undefined && actual !== undefined && expected.toLowerCase() !== actual) {
    throw new Error(`checksum mismatch: got '${actual}' != expect '${expected}'`);
  }
}

async function urlMetadata(context: Context): Promise<unknown> {
  try {
    const { size, fileName, mimeType } = await context.testbed.world.head(context.call.text("url"));
    return { size, filename: fileName, mimetype: mimeType };
  } catch (error) {
    throw failure(`invalid server response: '${messageOf(error)}'`);
  }
}

function upload(context: Context): Promise<string> {
  const { call } = context;
  const place = target(context, "filename");
  const file = call.upload;
  if (!file) throw failure("unable to open uploaded file");
  const expected = call.optional("checksum");
  const algorithm = call.optional("checksum-algorithm") ?? "sha256";
  return context.task(call.text("node"), "imgcopy", "", (task) => {
    task.log(`starting file import from: /var/tmp/pveupload-${call.text("filename")}`);
    requireChecksum(expected, expected === undefined ? undefined : file.digest(algorithm));
    store(context, place, file.size, { sha256: file.digest("sha256") });
    task.log(`finished file import successfully`);
  });
}

function download(context: Context): Promise<string> {
  const { call, state } = context;
  const place = target(context, "filename");
  const { url, expected, algorithm, compression } = {
    url: call.text("url"),
    expected: call.optional("checksum"),
    algorithm: call.optional("checksum-algorithm") ?? "sha256",
    compression: call.optional("compression"),
  };
  if (findVolume(state, place.volid, call.text("node"))) {
    throw failure(`refusing to override existing file '${volumePath(place.storage, place.volid.split(":")[1] ?? "")}'`);
  }
  return context.task(call.text("node"), "download", place.fileName, async (task) => {
    task.log(`downloading ${url} to ${volumePath(place.storage, place.volid.split(":")[1] ?? "")}`);
    const file = await context.testbed.world.fetch(url, { algorithm, expected });
    if (expected !== undefined) {
      task.log("calculating checksum...");
      requireChecksum(expected, file.digest);
    }
    if (compression !== undefined) task.log(`decompressing using ${compression}`);
    store(context, place, unpackedSize(file, compression));
    task.log("download finished");
  });
}

const unpackedSize = (file: RemoteFile, compression: string | undefined): number =>
  compression === undefined ? file.size : (file.unpackedSize ?? file.size * 4);

async function list(context: Context): Promise<unknown> {
  const { call, state, access } = context;
  const id = call.text("storage");
  const node = call.text("node");
  storageOf(state, id);
  await takeUpFiles(context, id, node);
  const all =
    access.isRoot ||
    access.hasAny(`/storage/${id}`, "Datastore.Allocate", "Datastore.Audit", "Datastore.AllocateSpace");
  return state.volumes
    .filter((volume) => {
      if (!volume.volid.startsWith(`${id}:`) || (volume.node !== "" && volume.node !== node)) return false;
      if (call.has("content") && volume.content !== call.text("content")) return false;
      if (call.has("vmid") && volume.vmid !== call.number("vmid")) return false;
      return all || (volume.vmid !== undefined && access.has(`/vms/${volume.vmid}`, "VM.Config.Disk"));
    })
    .map(listed);
}

function listed(volume: Volume): Record<string, unknown> {
  const { volid, content, format, size, ctime, vmid } = volume;
  const isImage = content === "images" || content === "rootdir";
  const type = content === "backup" ? { subtype: /vzdump-lxc/.test(volid) ? "lxc" : "qemu" } : {};
  return {
    volid,
    content,
    format,
    size,
    ctime,
    ...(vmid === undefined ? {} : { vmid }),
    ...(isImage ? { used: Math.round(size * 0.1), parent: null } : {}),
    ...type,
  };
}

function readVolume(context: Context): unknown {
  const { call, state } = context;
  const volid = call.text("volume");
  const full = volid.includes(":") ? volid : `${call.text("storage")}:${volid}`;
  const id = requireVolumeAccess(context, full);
  const volume = findVolume(state, full, call.text("node"));
  if (!volume) throw failure(`volume_size_info on '${full}' failed - no format`);
  const path = volumePath(storageOf(state, id.storage), id.name);
  const format = volume.content === "images" || volume.content === "import" ? volume.format : "raw";
  // the size that an image tool sees: whole sectors
  const size = Math.ceil(volume.size / 512) * 512;
  return { format, path, size, used: size };
}

function removeContent(context: Context): Promise<string> {
  const { call, state, access } = context;
  const volid = call.text("volume");
  const full = volid.includes(":") ? volid : `${call.text("storage")}:${volid}`;
  const id = parseVolumeId(full);
  if (!id) throw failure(`unable to parse volume ID '${full}'`);
  const storage = storageOf(state, id.storage);
  const volume = findVolume(state, full, call.text("node"));
  const owner = /^backup\/vzdump-\w+-(\d+)-/.exec(id.name)?.[1];
  if (owner === undefined) access.require(`/storage/${id.storage}`, "Datastore.Allocate");
  else {
    access.require(`/storage/${id.storage}`, "Datastore.AllocateSpace");
    access.require(`/vms/${owner}`, "VM.Backup");
  }
  const isImage = volume?.content === "images" || volume?.content === "rootdir";
  if (isImage && isUsed(context, full))
    throw failure(`cannot remove volume '${full}': used by guest '${volume?.vmid}'`);
  const worker =
    volume?.content === "backup" && volume.vmid !== undefined ? `${volume.vmid}@${id.storage}` : id.storage;
  return context.task(call.text("node"), "imgdel", worker, async (task) => {
    await context.testbed.backend.removeFile?.(call.text("node"), volumePath(storage, id.name));
    if (!removeVolume(state, full, call.text("node"))) {
      task.log(`disk image '${volumePath(storage, id.name)}' does not exist`);
    }
    task.log(`Removed volume '${full}'`);
    context.testbed.changed();
  });
}

function isUsed(context: Context, volid: string): boolean {
  return Object.values(context.state.guests).some((guest) =>
    Object.entries(guest.config).some(
      ([key, value]) =>
        (isMount(key) || /^(?:scsi|virtio|sata|ide|efidisk|tpmstate)\d+$/.test(key)) && value.includes(volid),
    ),
  );
}

function allocateContent(context: Context): string {
  const { call } = context;
  const vmid = call.number("vmid") ?? 0;
  const bytes = parseSize(/[KMGT]$/.test(call.text("size")) ? call.text("size") : `${call.text("size")}K`);
  const format = call.optional("format");
  const made = allocate(context, call.text("node"), {
    storage: call.text("storage"),
    vmid,
    bytes,
    content: "images",
    ...(format === undefined ? {} : { format }),
  });
  context.testbed.changed();
  return made.volid;
}

function changeVolume(context: Context): null {
  const { call, state } = context;
  context.access.require(`/storage/${call.text("storage")}`, "Datastore.AllocateSpace");
  const volume = findVolume(state, call.text("volume"), call.text("node"));
  if (!volume) throw failure(`volume '${call.text("volume")}' does not exist`);
  if (call.has("protected")) volume.protected = call.number("protected") ?? 0;
  context.testbed.changed();
  return null;
}

const BASE = "/nodes/{node}/storage/{storage}";

export const storageContentRoutes: Routes = {
  "GET /nodes/{node}/query-url-metadata": urlMetadata,
  [`GET ${BASE}/content`]: list,
  [`POST ${BASE}/content`]: allocateContent,
  [`GET ${BASE}/content/{volume}`]: readVolume,
  [`PUT ${BASE}/content/{volume}`]: changeVolume,
  [`DELETE ${BASE}/content/{volume}`]: removeContent,
  [`POST ${BASE}/upload`]: upload,
  [`POST ${BASE}/download-url`]: download,
  [`POST ${BASE}/oci-registry-pull`]: (context) => {
    const reference = context.call.text("reference");
    const name = context.call.optional("filename") ?? reference.replace(/^.*\//, "").replace(/:/, "_");
    const volid = `${context.call.text("storage")}:vztmpl/${name}.tar`;
    return context.task(context.call.text("node"), "ocipull", name, () => {
      const place = {
        volid,
        content: "vztmpl",
        fileName: `${name}.tar`,
        storage: storageOf(context.state, context.call.text("storage")),
      };
      store(context, place, 50_000_000);
    });
  },
};
