import type { ITerraformDependable, TerraformResource } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { StorageCifs } from "../.gen/providers/proxmox/storage-cifs";
import { StorageDirectory } from "../.gen/providers/proxmox/storage-directory";
import { StorageNfs } from "../.gen/providers/proxmox/storage-nfs";
import { StoragePbs } from "../.gen/providers/proxmox/storage-pbs";
import { StorageZfspool } from "../.gen/providers/proxmox/storage-zfspool";
import { giveAddress } from "./address";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import { nodeStep, type Step } from "./step";

export interface StorageProps {
  /** Its name in Proxmox VE. */
  readonly name: string;
  /** `rootdir`, `images`, `vztmpl`, `iso`, `backup`, `snippets`, `import`. */
  readonly content: readonly string[];
  /** Nodes that use it. Stated always: the provider cannot take a restriction away again. */
  readonly nodes: readonly string[];
  /** @default true */
  readonly enabled?: boolean;
  readonly target: StorageTarget;
  /** What must be there before, such as the dataset of a pool. @default nothing */
  readonly after?: readonly ITerraformDependable[];
}

export type StorageTarget =
  | {
      readonly type: "dir";
      readonly path: string;
      /** The same folder on every node. @default false */
      readonly shared?: boolean;
    }
  | { readonly type: "nfs"; readonly server: string; readonly export: string; readonly options?: string }
  | {
      readonly type: "cifs";
      readonly server: string;
      readonly share: string;
      readonly username: string;
      /** Expression of a sensitive variable. */
      readonly password: string;
      readonly domain?: string;
      readonly subdirectory?: string;
      readonly options?: string;
    }
  | {
      readonly type: "zfspool";
      /** Pool or dataset. */
      readonly pool: string;
      /** The provider cannot turn it off again. @default true */
      readonly thin?: boolean;
      readonly blockSize?: string;
    }
  | {
      readonly type: "pbs";
      readonly server: string;
      readonly datastore: string;
      readonly username: string;
      /** Expression of a sensitive variable. Another password takes the entry out and in again; backups stay. */
      readonly password: string;
      readonly namespace?: string;
      readonly fingerprint?: string;
      /** Expression of a sensitive variable. */
      readonly encryptionKey?: string;
    };

/** A storage that Proxmox VE is told of. Destroying it makes Proxmox VE forget it; what is stored stays. */
export class Storage extends Construct {
  readonly resource: TerraformResource;

  constructor(scope: Construct, id: string, props: StorageProps) {
    super(scope, id);
    const { after = [], content, enabled = true, name, nodes, target } = props;
    const common = { id: name, content: [...content], nodes: [...nodes], disable: !enabled };
    const order = after.length > 0 ? { dependsOn: [...after] } : {};
    this.resource = giveAddress(this.#make({ ...common, ...order }, target), name);
  }

  #make(common: Common, target: StorageTarget): TerraformResource {
    switch (target.type) {
      case "dir":
        return new StorageDirectory(this, "Default", { ...common, path: target.path, shared: target.shared ?? false });
      case "nfs":
        return new StorageNfs(this, "Default", { ...common, ...untyped(target) });
      case "cifs":
        return new StorageCifs(this, "Default", { ...common, ...untyped(target) });
      case "pbs":
        return new StoragePbs(this, "Default", { ...common, ...untyped(target) });
      case "zfspool": {
        const { blockSize: blocksize, pool, thin = true } = target;
        const size = blocksize === undefined ? {} : { blocksize };
        return new StorageZfspool(this, "Default", { ...common, zfsPool: pool, thinProvision: thin, ...size });
      }
    }
  }
}

interface Common {
  readonly id: string;
  readonly content: string[];
  readonly nodes: string[];
  readonly disable: boolean;
  readonly dependsOn?: ITerraformDependable[];
}

function untyped<Target extends { readonly type: string }>({ type: _, ...rest }: Target): Omit<Target, "type"> {
  return rest;
}

export interface ZfsDatasetProps {
  readonly providers: ProxmoxProviders;
  readonly node: NodeAccess;
  /** `rpool/data`. */
  readonly name: string;
  /** `compression=zstd`. @default what is inherited */
  readonly properties?: readonly string[];
  /** @default nothing */
  readonly after?: readonly IDependable[];
}

/** Makes a ZFS file system on a node where it is missing: the role `zfs-dataset`. It is never destroyed. */
export function zfsDatasetStep(scope: Construct, id: string, props: ZfsDatasetProps): Step {
  const { name, properties = [], ...around } = props;
  const settings = { node_zfs_datasets: [{ name, properties: [...properties] }] };
  return nodeStep(scope, id, { ...around, role: "zfs-dataset", settings });
}
