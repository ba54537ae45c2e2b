import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { DownloadFile } from "../.gen/providers/proxmox/download-file";
import { giveAddress } from "./address";

/** Proxmox VE's `ostype` of containers. */
export type OsType =
  | "alpine"
  | "archlinux"
  | "centos"
  | "debian"
  | "devuan"
  | "fedora"
  | "gentoo"
  | "nixos"
  | "opensuse"
  | "ubuntu"
  | "unmanaged";

/** What a container is created from: a downloaded `ContainerTemplate`, or a volume that is on the node already. */
export interface LxcTemplate {
  /** Volume, or the token of one: `local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst`. */
  readonly volumeId: string;
  readonly osType: OsType;
}

export interface ContainerTemplateProps {
  readonly nodeName: string;
  /** Storage with content type `vztmpl`. */
  readonly storage: string;
  readonly url: string;
  readonly checksum: string;
  readonly checksumAlgorithm: "sha256" | "sha512";
  /** Name of the file in the storage. */
  readonly fileName: string;
  readonly osType: OsType;
  /** How long the node may take to download it. @default 600 */
  readonly downloadTimeoutSeconds?: number;
  /** What must be there before, such as the storage. @default nothing */
  readonly after?: readonly ITerraformDependable[];
}

/** A container template that a node downloads once and checks. All guests of a node that want it share one. */
export class ContainerTemplate extends Construct implements LxcTemplate {
  readonly file: DownloadFile;
  readonly osType: OsType;

  constructor(scope: Construct, id: string, props: ContainerTemplateProps) {
    super(scope, id);
    this.osType = props.osType;
    const file = new DownloadFile(this, "Default", {
      nodeName: props.nodeName,
      datastoreId: props.storage,
      contentType: "vztmpl",
      url: props.url,
      fileName: props.fileName,
      checksum: props.checksum,
      checksumAlgorithm: props.checksumAlgorithm,
      uploadTimeout: props.downloadTimeoutSeconds ?? 600,
      // True, the provider's default, asks the URL for its size at every plan and downloads anew when it changed.
      overwrite: false,
      // A file of that name that is there already would otherwise be an error; its checksum is checked all the same.
      overwriteUnmanaged: true,
      verify: true,
      ...(props.after?.length ? { dependsOn: [...props.after] } : {}),
    });
    this.file = giveAddress(file);
  }

  get volumeId(): string {
    return this.file.id;
  }
}
