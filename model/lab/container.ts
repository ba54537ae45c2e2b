import type { GuestBase } from "./guest";

export interface ContainerGuest extends GuestBase {
  readonly kind: "container";
  readonly os: Template;
  readonly unprivileged: boolean;
  readonly swapMiB: number;
  readonly cpuLimit?: number;
  readonly cpuUnits?: number;
  readonly features: Features;
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly hookScript?: string;
  readonly console?: {
    readonly enabled: boolean;
    readonly ttyCount: number;
    readonly type: "console" | "shell" | "tty";
  };
  readonly environment: { readonly [name: string]: string };
}

/** The container template: a volume that is there already, or one to download. */
export type Template =
  | { readonly kind: "volume"; readonly volume: string; readonly osType: OsType }
  | {
      readonly kind: "download";
      readonly name: string;
      readonly url: string;
      readonly checksum: string;
      readonly checksumAlgorithm: "sha256" | "sha512";
      readonly fileName: string;
      readonly storage: string;
      readonly osType: OsType;
    };

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

export interface Features {
  readonly nesting: boolean;
  readonly keyctl: boolean;
  readonly fuse: boolean;
  readonly mknod: boolean;
  readonly mount: readonly ("nfs" | "cifs")[];
}

export type Mount =
  | (MountOptions & { readonly kind: "bind"; readonly source: string })
  | (MountOptions & { readonly kind: "volume"; readonly storage: string; readonly sizeGiB: number });

export interface MountOptions {
  /** Where it appears in the guest. */
  readonly path: string;
  readonly readOnly: boolean;
  readonly backup: boolean;
  /** Why backups do not hold it. */
  readonly notBackedUp?: string;
  readonly replicate: boolean;
  readonly shared: boolean;
  readonly acl?: boolean;
  readonly quota: boolean;
  readonly options: readonly string[];
}

/** A device file of the node, handed through. */
export interface Device {
  readonly path: string;
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly denyWrite: boolean;
}
