import type { LxcTemplate } from "./container-template";
import type { GuestNic, GuestProps } from "./guest-props";

export interface LxcFeatures {
  readonly nesting: boolean;
  readonly keyctl: boolean;
  readonly fuse: boolean;
  readonly mknod: boolean;
  readonly mount: readonly ("nfs" | "cifs")[];
}

/** A device file of the node, handed through. */
export interface LxcDevice {
  readonly path: string;
  /** Four octal digits. @default "0660" */
  readonly mode?: string;
  /** Owner inside the guest. @default 0 */
  readonly uid?: number;
  /** Group inside the guest. @default 0 */
  readonly gid?: number;
  /** @default false */
  readonly denyWrite?: boolean;
}

export interface LxcNic extends GuestNic {
  /** Its name inside the guest: `eth0`. */
  readonly name: string;
}

interface LxcMountOptions {
  /** Where it appears in the guest. */
  readonly path: string;
  /** @default false */
  readonly readOnly?: boolean;
  /** Whether backups hold it; for volumes only. @default false */
  readonly backup?: boolean;
  /** Whether replication copies it. @default true */
  readonly replicate?: boolean;
  /** Whether it is the same on every node. @default false */
  readonly shared?: boolean;
  /** @default the storage's */
  readonly acl?: boolean;
  /** @default false */
  readonly quota?: boolean;
  /** `noatime`, `discard` … @default none */
  readonly options?: readonly string[];
}

export type LxcMount =
  /** A folder of the node; only root@pam may bind one. */
  | (LxcMountOptions & { readonly kind: "bind"; readonly source: string })
  | (LxcMountOptions & { readonly kind: "volume"; readonly storage: string; readonly sizeGiB: number });

export interface TieredLxcProps extends GuestProps {
  readonly template: LxcTemplate;
  readonly diskGiB: number;
  /** Storage of the root file system. */
  readonly storage: string;

  /** @default 0 */
  readonly swapMiB?: number;
  /** Changing it rebuilds the guest. @default true */
  readonly unprivileged?: boolean;
  /** @default no network */
  readonly nics?: readonly LxcNic[];
  /** @default none */
  readonly mounts?: readonly LxcMount[];
  /** Flags set to `false` are refused where a capability needs them. @default all off, but for what capabilities add */
  readonly features?: Partial<LxcFeatures>;
  /** @default what capabilities add */
  readonly devices?: readonly LxcDevice[];
  /** @default Proxmox VE's: on, two terminals, tty */
  readonly console?: {
    readonly enabled: boolean;
    readonly ttyCount: number;
    readonly type: "console" | "shell" | "tty";
  };
  /** Volume of a snippet: `local:snippets/hook.pl`; only root@pam may set one. @default none */
  readonly hookScript?: string;
  /** Of the guest's init process. @default none */
  readonly environment?: { readonly [name: string]: string };
  /** @default 1800 */
  readonly updateTimeoutSeconds?: number;
  /** @default 300 */
  readonly deleteTimeoutSeconds?: number;
}
