import type { OsType } from "./lab";

/** A container template that Proxmox publishes. */
export interface CatalogueEntry {
  readonly url: string;
  readonly fileName: string;
  readonly checksum: string;
  readonly checksumAlgorithm: "sha512";
  readonly osType: OsType;
}

/**
 * Where Proxmox VE itself downloads templates from (PVE::APLInfo in pve-manager). Plain HTTP, as there:
 * it is the checksum that vouches for the file.
 */
const BASE = "http://download.proxmox.com/images/system";

const entry = (osType: OsType, fileName: string, checksum: string): CatalogueEntry => ({
  url: `${BASE}/${fileName}`,
  fileName,
  checksum,
  checksumAlgorithm: "sha512",
  osType,
});

/**
 * Templates by OS name. File names and SHA-512 sums are those of Proxmox's index of appliances, `aplinfo/aplinfo.dat` in
 * the source of pve-manager 9.2.11 (commit 9d6e4c83, 15 July 2026). A new release of a template is a new entry there.
 */
export const CATALOGUE: ReadonlyMap<string, CatalogueEntry> = new Map([
  [
    "alpine-3.22",
    entry(
      "alpine",
      "alpine-3.22-default_20250617_amd64.tar.xz",
      "1900ccb1b092b5563c0430ff9d9ede63c23bf2fa4a872b8816d2b03d711c76c1d2ea2241796ebaa58292caee75a01e325b7a9c86f63e36d9f9425b45e0115469",
    ),
  ],
  [
    "alpine-3.23",
    entry(
      "alpine",
      "alpine-3.23-default_20260116_amd64.tar.xz",
      "d6835836b59888d8bb3971668820483a246cfa46e992f62209464b6faabd6a223f4132bc0aa86675603223b6646edf4fc33b8b6e80673e1b31183fac191baee4",
    ),
  ],
  [
    "alpine-3.24",
    entry(
      "alpine",
      "alpine-3.24-default_20260714_amd64.tar.xz",
      "9877b74de4c4878b70450502618f7b02952e792afdbc91f146f6cba507432dae516674d0bb3a306484d58edc722ff63db1ed3c4e5b0954fb2a2773ec8d8f33bd",
    ),
  ],
  [
    "debian-12",
    entry(
      "debian",
      "debian-12-standard_12.12-1_amd64.tar.zst",
      "50c85eaaece677a3ebe01cc909b83872e9da2a22c29ae652838afce71e83222fdf40f6accecd7d52b180e912fc1f85ecdf7b3fc4d3027da4d865e509a9e76597",
    ),
  ],
  [
    "debian-13",
    entry(
      "debian",
      "debian-13-standard_13.6-1_amd64.tar.zst",
      "4c0c27ca6ceab5ef0b84db57825a00f26157ef1854bafe97297813e1cbe8ecb8cc9c453cab6b3b0efe1ba193a50c47ece1e41d950e411b8730b835b71e9e754b",
    ),
  ],
  [
    "ubuntu-22.04",
    entry(
      "ubuntu",
      "ubuntu-22.04-standard_22.04-1_amd64.tar.zst",
      "cf617c11232c3fbce1ba9f7146ac194561411c292c445b2a5c9affe5f09729f5c38315619de4d649ff63e31dd5b536ea081fdde1b7792e6e521d1694ac7c9cb8",
    ),
  ],
  [
    "ubuntu-24.04",
    entry(
      "ubuntu",
      "ubuntu-24.04-standard_24.04-2_amd64.tar.zst",
      "45c2978e6b97fe292ada95fe06834276015e5739a594db4de2fdfd830fa0c37942e8ae118fc1e32ffd9154b3f9378b592738b668ea3957db41f2907b86f219de",
    ),
  ],
  [
    "ubuntu-25.04",
    entry(
      "ubuntu",
      "ubuntu-25.04-standard_25.04-1.1_amd64.tar.zst",
      "779cf8bbdf788057234eb439e4f165a39bb90bf9e65b5eded73354425376fe93a0e27e46c5cfa30dbb242f22656caf7039eee5d730ac4a30131766cbf1d5d4db",
    ),
  ],
  [
    "ubuntu-26.04",
    entry(
      "ubuntu",
      "ubuntu-26.04-standard_26.04-1_amd64.tar.zst",
      "d5607f124d01f8ddfebd8e7da34c0022fb2a464e1662ee1e39a13f5ed1bae08a7364c486247fbd9f69f26c710729884ee5047aadb89f33a40066cd5f0d9def88",
    ),
  ],
]);
