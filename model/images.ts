/** A disk image that its maker publishes. */
export interface PublishedImage {
  readonly url: string;
  readonly checksum: string;
  /** Its name on the storage: what Proxmox VE takes for an image is told by the end of the name. */
  readonly fileName: string;
}

export interface CloudImage extends PublishedImage {
  /** For roles that know some systems only. */
  readonly os: "debian" | "ubuntu";
  /** The account that the image is made for. */
  readonly user: string;
}

const debian = (codename: string, release: string, build: string, checksum: string): CloudImage => {
  const fileName = `debian-${release}-genericcloud-amd64-${build}.qcow2`;
  const url = `https://cloud.debian.org/images/cloud/${codename}/${build}/${fileName}`;
  return { url, checksum, fileName, os: "debian", user: "debian" };
};

/**
 * Cloud images by the name of the system, each a build with a date, so that it stays what it is. Each sum was found alike in
 * several public projects that pin the same build; the maker's own list is SHA512SUMS (cloud.debian.org) or SHA256SUMS
 * (cloud-images.ubuntu.com) beside the file. Ubuntu's `.img` is a qcow2.
 */
export const CLOUD_IMAGES: ReadonlyMap<string, CloudImage> = new Map([
  [
    "debian-12",
    debian(
      "bookworm",
      "12",
      "20260909-2596",
      "08fea112563461f251f3c95a5c5cf8cb25eb60f74cec03e85a97ff91d3efef3059d35837598bbb476008f20db6d3bdc7143c5f2f2a9a6da394a0acc601fd5986",
    ),
  ],
  [
    "debian-13",
    debian(
      "trixie",
      "13",
      "20260914-2601",
      "95e110dfcdbd0ed8a82a75ed9579802f9950cabf51a810dcc6388e81bc778188713878b9f28d583a0ea602fbf48b35996ae9ad37f584166d8fbd6489df248f53",
    ),
  ],
  [
    "ubuntu-24.04",
    {
      url: "https://cloud-images.ubuntu.com/releases/noble/release-20260814/ubuntu-24.04-server-cloudimg-amd64.img",
      checksum: "6e40c07ae715f744f84af0bec76415cc1987dd115b4b8de437818561f01a3733",
      fileName: "ubuntu-24.04-server-cloudimg-amd64-20260814.qcow2",
      os: "ubuntu",
      user: "ubuntu",
    },
  ],
]);

/**
 * SHA-256 of `haos_ova-<release>.qcow2.xz`, found alike in several public projects; the maker's own is the `digest` that
 * GitHub's API gives for each file of a release.
 */
const HAOS_SUMS: ReadonlyMap<string, string> = new Map([
  ["16.3", "f3f56cae72cdc1732c35b1b2a7547a11397eaaac8c4de2ff63bb10f45721c8ce"],
  ["18.3", "fae6a728768cc10aff60d4820bfcd40d64cd77fab82c8bd92af13b3d9d414090"],
]);

export const HAOS_RELEASES: readonly string[] = [...HAOS_SUMS.keys()];

const HAOS = "home-assistant/operating-system";

/** Home Assistant OS for KVM; undefined for a release whose checksum is neither given nor known. */
export function haosImage(version: string, checksum = HAOS_SUMS.get(version)): PublishedImage | undefined {
  const fileName = `haos_ova-${version}.qcow2`;
  const url = `https://github.com/${HAOS}/releases/download/${version}/${fileName}.xz`;
  return checksum === undefined ? undefined : { url, checksum, fileName };
}

/** Where the checksum of a release of Home Assistant OS is read. */
export const haosChecksumAt = (version: string): string =>
  `https://api.github.com/repos/${HAOS}/releases/tags/${version}: "digest" of haos_ova-${version}.qcow2.xz, without "sha256:"`;
