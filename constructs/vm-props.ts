import type { GuestNic, GuestProps } from "./guest-props";
import type { VmDiskImage } from "./vm-image";

/** A network card. Addresses reach the guest by cloud-init; without it they say what the guest itself was given. */
export interface VmNic extends GuestNic {
  /** @default "virtio" */
  readonly model?: "e1000" | "e1000e" | "rtl8139" | "virtio" | "vmxnet3";
}

export interface VmDisk {
  /** `scsi0`, `virtio1`, `sata2`. That of the first disk cannot be changed later. */
  readonly interface: string;
  /** @default the first disk's */
  readonly storage: string;
  /** It can only grow. */
  readonly sizeGiB: number;
  /** Shown as a solid-state disk. @default false */
  readonly ssd?: boolean;
  /** Space freed in the guest is freed on the storage. @default true */
  readonly discard?: boolean;
  /** A thread of its own. @default true */
  readonly iothread?: boolean;
  /** @default true */
  readonly backup?: boolean;
  /** @default true */
  readonly replicate?: boolean;
  /** @default "none" */
  readonly cache?: "directsync" | "none" | "unsafe" | "writeback" | "writethrough";
}

/** A PCI device of the node as a whole, by the name of its resource mapping. */
export interface VmCard {
  readonly mapping: string;
  /** It is the VM's screen; Proxmox VE then hides from the guest that it is virtual. @default false */
  readonly primary?: boolean;
  /** Whether the firmware sees the device's ROM. @default true */
  readonly romBar?: boolean;
}

/** What cloud-init does at the first start. */
export interface VmCloudInit {
  /** The account with sudo that is made. */
  readonly user: string;
  /** Public keys that may log in as that user. Read once: a later change of them is ignored. */
  readonly sshKeys: readonly string[];
  /** Upgrade all packages. @default Proxmox VE's: true */
  readonly upgrade?: boolean;
  /** Where the drive with its data is attached. @default "scsi30" */
  readonly interface?: string;
  /** Storage of that drive. @default the first disk's */
  readonly storage?: string;
}

/** How steps log in: by SSH, through the node. */
export interface VmLogin {
  /** Name or address, as the node reaches it. */
  readonly host: string;
  /** Another user than root needs sudo without a password. */
  readonly user: string;
  /** @default 22 */
  readonly port?: number;
  /** @default the key that the guest shows is accepted unchecked */
  readonly hostKey?: string;
}

export interface VmProps extends GuestProps {
  /** The first is the one that the system is on. */
  readonly disks: readonly [VmDisk, ...VmDisk[]];

  /** What the first disk is made from, once. @default empty */
  readonly image?: VmDiskImage;
  /** @default "seabios" */
  readonly bios?: "ovmf" | "seabios";
  /** OVMF with Microsoft's keys. @default false */
  readonly secureBoot?: boolean;
  /** A TPM 2.0. @default false */
  readonly tpm?: boolean;
  /** @default Proxmox VE's */
  readonly machine?: string;
  /** Proxmox VE's `ostype`. @default "l26" */
  readonly osType?: string;
  /** @default "x86-64-v2-AES" */
  readonly cpuType?: string;
  /** @default 1 */
  readonly cpuSockets?: number;
  /** @default false */
  readonly cpuNuma?: boolean;
  /** The node's CPUs it runs on: `0-3,8`; only root@pam may pin. @default any */
  readonly cpuAffinity?: string;
  /** `+aes`, `-pcid` … @default none */
  readonly cpuFlags?: readonly string[];
  /** Hide that it is virtual. A primary card does it; without one only root@pam may. @default false */
  readonly hideHypervisor?: boolean;
  /** Memory that the node leaves it at least; 0: no ballooning. @default memoryMiB: the balloon is there, and takes nothing */
  readonly balloonMiB?: number;
  /** Pages of so many MiB; only root@pam may ask for them. @default ordinary pages */
  readonly hugepages?: "1024" | "2" | "any";
  /** Leave the pages reserved while it is stopped; root@pam. @default false */
  readonly keepHugepages?: boolean;
  /** The QEMU guest agent runs inside. @default false */
  readonly agent?: boolean;
  /** @default no network */
  readonly nics?: readonly VmNic[];
  /** @default none */
  readonly cloudInit?: VmCloudInit;
  /** Volumes of at most two CDs, `local:iso/….iso`. @default none */
  readonly cdroms?: readonly string[];
  /** Devices tried in turn: `scsi0`, `ide2`, `net0`. @default the first disk, then the CDs */
  readonly bootOrder?: readonly string[];
  /** Resource mappings of USB devices. @default none */
  readonly usb?: readonly { readonly mapping: string; readonly usb3?: boolean }[];
  /** @default none */
  readonly pciDevices?: readonly VmCard[];
  /** @default "std" */
  readonly vga?: string;
  /** A serial console, which some cloud images do not start without. @default false */
  readonly serial?: boolean;
  /** @default "virtio-scsi-single" */
  readonly scsiHardware?: string;
  /** Needed by steps. @default none */
  readonly login?: VmLogin;
  /** Changes that need it restart the VM; else their apply fails. @default true */
  readonly rebootAfterUpdate?: boolean;
  /** How long the guest may take to shut down before an update. @default 300 */
  readonly shutdownTimeoutSeconds?: number;
}
