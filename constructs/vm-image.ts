import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { DownloadFile } from "../.gen/providers/proxmox/download-file";
import { giveAddress, pathInStack } from "./address";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import { dependencies, nodeStep, type Step } from "./step";

/** What a VM's disk is made from: a `VmImage`, or a volume that is on the node already. */
export interface VmDiskImage {
  /** Volume, or the token of one: `local:import/debian-13.qcow2`. */
  readonly volumeId: string;
  /** What must be done before the volume is there. @default nothing */
  readonly after?: readonly ITerraformDependable[];
}

export interface VmImageProps {
  readonly providers: ProxmoxProviders;
  readonly node: NodeAccess;
  /** Storage with content type `import`. */
  readonly storage: string;
  /** A file that ends in .xz, .gz, .zst or .bz2 is unpacked. */
  readonly url: string;
  /** Of the file at the URL. */
  readonly checksum: string;
  readonly checksumAlgorithm: "sha256" | "sha512";
  /** Name of the file in the storage, unpacked: ends in .qcow2, .raw or .vmdk. */
  readonly fileName: string;
  /** How long the node may take to download it. @default 1800 */
  readonly downloadTimeoutSeconds?: number;
  /** What must be done before on the node. @default nothing */
  readonly after?: readonly Construct[];
}

const PACKED = /\.(xz|gz|zst|bz2)$/;

/**
 * A disk image that a node fetches once and checks. All VMs of a node that want it share one.
 *
 * Proxmox VE downloads plain files itself. It unpacks no .xz, and what it unpacks cannot be imported (bpg/proxmox 0.111.1,
 * `import_from`), so packed ones are fetched and unpacked by the node step `vm-image`.
 */
export class VmImage extends Construct implements VmDiskImage {
  readonly volumeId: string;
  readonly after: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: VmImageProps) {
    super(scope, id);
    if (PACKED.test(new URL(props.url).pathname)) {
      this.volumeId = `${props.storage}:import/${props.fileName}`;
      this.after = [this.#unpacked(props).resource];
    } else {
      this.volumeId = this.#downloaded(props).id;
      this.after = [];
    }
  }

  #unpacked({ after = [], checksum, checksumAlgorithm, fileName, node, providers, storage, url }: VmImageProps): Step {
    return nodeStep(this, "Default", {
      role: "vm-image",
      providers,
      node,
      settings: { storage, file: fileName, url, checksum, algorithm: checksumAlgorithm },
      after,
    });
  }

  #downloaded(props: VmImageProps): DownloadFile {
    const file = new DownloadFile(this, "Default", {
      nodeName: props.node.name,
      datastoreId: props.storage,
      contentType: "import",
      url: props.url,
      fileName: props.fileName,
      checksum: props.checksum,
      checksumAlgorithm: props.checksumAlgorithm,
      uploadTimeout: props.downloadTimeoutSeconds ?? 1800,
      // True, the provider's default, asks the URL for its size at every plan and downloads anew when it changed.
      overwrite: false,
      // A file of that name that is there already would otherwise be an error; its checksum is checked all the same.
      overwriteUnmanaged: true,
      verify: true,
      ...(props.after?.length ? { dependsOn: dependencies(props.after) } : {}),
    });
    // `pve1_image-…`, as steps are named: without the hash that cdktf appends.
    return giveAddress(file, ...pathInStack(this));
  }
}
