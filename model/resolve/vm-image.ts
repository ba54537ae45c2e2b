import { withoutUndefined } from "../collections";
import { CLOUD_IMAGES, HAOS_RELEASES, haosChecksumAt, haosImage } from "../images";
import type { VmImage } from "../lab";
import { suggest } from "../schema/nearest";
import type { VmVars } from "../schema/vm";
import type { Reader } from "./guest";

interface Found {
  readonly image?: VmImage;
  /** What runs in it, for roles. */
  readonly os?: string;
  /** The account that the image is made for. */
  readonly user?: string;
}

/** What the root disk of a VM is made from. */
export function imageOf(vars: VmVars, reader: Reader): Found {
  const { cloud_init: cloud, haos, image } = vars;
  // A VM that is taken over is made of nothing.
  if (haos) return vars.adopt ? {} : withoutUndefined({ image: haosOf(haos, reader) });
  if (image) return withoutUndefined({ image: ownImage(image, reader), os: image.os });
  if (!cloud) return {};
  if (typeof cloud.image === "string") return known(cloud.image, reader);
  const { os } = cloud.image;
  return withoutUndefined({
    image: ownImage(cloud.image, reader),
    os,
    user: os === "debian" || os === "ubuntu" ? os : undefined,
  });
}

const storageOf = ({ host }: Reader) => host.values.proxmox_image_storage ?? "local";

function known(name: string, reader: Reader): Found {
  const found = CLOUD_IMAGES.get(name);
  if (found) {
    const { checksum, fileName, os, url, user } = found;
    return { image: download({ url, checksum, fileName }, reader), os, user };
  }
  reader.report({
    rule: "unknown-image",
    severity: "error",
    at: reader.origins.place("cloud_init", "image"),
    path: "proxmox_vm.cloud_init.image",
    subject: reader.host.name,
    message: `no cloud image is called "${name}"`,
    fix: `${suggest(name, CLOUD_IMAGES.keys())}; or write image: { url: …, checksum: … }`,
  });
  return {};
}

function haosOf({ checksum, version }: NonNullable<VmVars["haos"]>, reader: Reader): VmImage | undefined {
  const found = haosImage(version, checksum);
  if (found) return download(found, reader);
  reader.report({
    rule: "image-without-checksum",
    severity: "error",
    at: reader.origins.place("haos", "version"),
    path: "proxmox_vm.haos.checksum",
    subject: reader.host.name,
    message: `the checksum of Home Assistant OS ${version} is not known here; known are ${HAOS_RELEASES.join(", ")}`,
    fix: `add checksum: to haos, from ${haosChecksumAt(version)}`,
  });
  return undefined;
}

type OwnImage = NonNullable<VmVars["image"]>;

function ownImage({ checksum, file_name, url, volume }: OwnImage, reader: Reader): VmImage | undefined {
  if (volume !== undefined) return { kind: "volume", volume };
  if (url === undefined || checksum === undefined) return undefined;
  const fileName = file_name ?? unpackedName(url);
  if (IMAGE_FILE.test(fileName)) return download({ url, checksum, fileName }, reader);
  const path = reader.host.values.proxmox_vm?.image ? (["image"] as const) : (["cloud_init", "image"] as const);
  reader.report({
    rule: "image-file-name",
    severity: "error",
    at: reader.origins.place(...path, "url"),
    path: `proxmox_vm.${path.join(".")}.file_name`,
    subject: reader.host.name,
    message: `Proxmox VE knows disk images by the end of their name, .qcow2, .raw or .vmdk; "${fileName}" has none`,
    fix: `add file_name: ${fileName.replace(/\.[A-Za-z]+$/, "")}.qcow2 (of the format that it has: qemu-img info)`,
  });
  return undefined;
}

const IMAGE_FILE = /\.(qcow2|raw|vmdk)$/;
const unpackedName = (url: string) => (new URL(url).pathname.split("/").at(-1) ?? "").replace(/\.(xz|gz|zst|bz2)$/, "");

function download(
  { checksum, fileName, url }: { readonly url: string; readonly checksum: string; readonly fileName: string },
  reader: Reader,
): VmImage {
  const checksumAlgorithm = checksum.length === 64 ? "sha256" : "sha512";
  return { kind: "download", url, checksum, checksumAlgorithm, fileName, storage: storageOf(reader) };
}
