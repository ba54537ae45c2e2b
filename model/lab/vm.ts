import type { GuestBase } from "./guest";

export interface VmGuest extends GuestBase {
  readonly kind: "vm";
  /** What is made of it: Home Assistant OS, a cloud image, Windows, or whatever its disk or disc holds. */
  readonly system: "haos" | "cloud" | "windows" | "plain";
  /** Proxmox VE's `ostype`: l26, win11 … */
  readonly osType: string;
  readonly bios: "seabios" | "ovmf";
  /** OVMF with Microsoft's keys; false with SeaBIOS. */
  readonly secureBoot: boolean;
  readonly tpm: boolean;
  /** `q35`; absent: Proxmox VE's default. */
  readonly machine?: string;
  readonly cpu: VmCpu;
  /** Memory that the node leaves it at least; 0: no ballooning. */
  readonly balloonMiB: number;
  readonly hugepages?: { readonly size: "2" | "1024" | "any"; readonly keep: boolean };
  readonly agent: boolean;
  /** The root disk, of `diskGiB` on `storage`, then the others. */
  readonly disks: readonly [VmDisk, ...VmDisk[]];
  /** What the root disk is made from, once. */
  readonly image?: VmImage;
  /** Volumes of discs, in the order of their drives. */
  readonly discs: readonly string[];
  readonly scsiHardware: string;
  readonly vga: string;
  /** Devices that are tried in turn. */
  readonly bootOrder: readonly string[];
  readonly usb: readonly { readonly name: string; readonly usb3: boolean }[];
  /** Cards that it has as a whole; they are claimed in the capability `gpu`. */
  readonly cards: readonly { readonly name: string; readonly primary: boolean; readonly romBar: boolean }[];
  readonly cloudInit?: CloudInit;
  /** How roles log in. Absent: it gets none. */
  readonly login?: VmLogin;
  /** Whether changes that need it restart the VM; else their apply fails. */
  readonly rebootAfterUpdate: boolean;
}

export interface VmCpu {
  readonly type: string;
  readonly sockets: number;
  readonly numa: boolean;
  readonly affinity?: string;
  readonly flags: readonly string[];
  readonly hidden: boolean;
  readonly limit?: number;
  readonly units?: number;
}

export interface VmDisk {
  /** `scsi0`. */
  readonly interface: string;
  readonly storage: string;
  readonly sizeGiB: number;
  readonly ssd: boolean;
  readonly discard: boolean;
  readonly iothread: boolean;
  readonly backup: boolean;
  /** Why backups do not hold it. */
  readonly notBackedUp?: string;
  readonly replicate: boolean;
  readonly cache: "directsync" | "none" | "unsafe" | "writeback" | "writethrough";
}

/** A disk image: a volume that is there already, or one to fetch. */
export type VmImage =
  | { readonly kind: "volume"; readonly volume: string }
  | {
      readonly kind: "download";
      readonly url: string;
      readonly checksum: string;
      readonly checksumAlgorithm: "sha256" | "sha512";
      /** Its name on the storage, unpacked. */
      readonly fileName: string;
      readonly storage: string;
    };

export interface CloudInit {
  readonly user: string;
  readonly sshKeys: readonly string[];
  readonly upgrade?: boolean;
  /** Where its drive is attached. */
  readonly interface: string;
}

export interface VmLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey?: string;
}
