import type { ITerraformDependable } from "cdktf";
import type { Capability } from "./capabilities/capability";
import type { LxcNic, StepSpec } from "./lxc-props";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import type { VmDiskImage } from "./vm-image";
import type { VmidGuard } from "./vmid-guard";

/** A network card. Addresses reach the guest by cloud-init; without it they say what the guest itself was given. */
export type VmNic = Omit<LxcNic, "name"> & {
  /** @default "virtio" */
  readonly model?: "e1000" | "e1000e" | "rtl8139" | "virtio" | "vmxnet3";
};

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

export interface VmProps {
  readonly providers: ProxmoxProviders;
  /** Keeps this guest from taking over a foreign one; one for all guests of a stack. */
  readonly guard: VmidGuard;
  readonly node: NodeAccess;
  /** 100 to 999999999, unique in the cluster. */
  readonly vmid: number;
  readonly cores: number;
  readonly memoryMiB: number;
  /** The first is the one that the system is on. */
  readonly disks: readonly [VmDisk, ...VmDisk[]];

  /** @default the construct's id */
  readonly hostname?: string;
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
  /** At most this many cores' worth of time. @default no limit */
  readonly cpuLimit?: number;
  /** Weight against other guests. @default Proxmox VE's */
  readonly cpuUnits?: number;
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
  /** @default the node's */
  readonly dnsDomain?: string;
  /** @default the node's */
  readonly dnsServers?: readonly string[];
  /** @default none */
  readonly cloudInit?: VmCloudInit;
  /** Volumes of at most two discs, `local:iso/….iso`. @default none */
  readonly discs?: readonly string[];
  /** Devices tried in turn: `scsi0`, `ide2`, `net0`. @default the first disk, then the discs */
  readonly bootOrder?: readonly string[];
  /** Resource mappings of USB devices. @default none */
  readonly usb?: readonly { readonly mapping: string; readonly usb3?: boolean }[];
  /** @default none */
  readonly cards?: readonly VmCard[];
  /** @default "std" */
  readonly vga?: string;
  /** A serial console, which some cloud images do not start without. @default false */
  readonly serial?: boolean;
  /** @default "virtio-scsi-single" */
  readonly scsiHardware?: string;
  /** Their steps and tags; features and devices of containers mean nothing here. @default none */
  readonly capabilities?: readonly Capability[];
  /** @default those of the capabilities */
  readonly steps?: readonly StepSpec[];
  /** Needed by steps. @default none */
  readonly login?: VmLogin;
  /** @default "" */
  readonly description?: string;
  /** Beside those of the lab and of the capabilities. @default none */
  readonly tags?: readonly string[];
  /** An existing resource pool. @default none */
  readonly pool?: string;
  /** Proxmox VE and Terraform both refuse to destroy the guest. @default false */
  readonly protection?: boolean;
  /** @default true */
  readonly started?: boolean;
  /** @default the value of `started` */
  readonly startOnBoot?: boolean;
  /** @default no place in the order */
  readonly startupOrder?: number;
  readonly startupUpDelaySeconds?: number;
  readonly startupDownDelaySeconds?: number;
  /** Take over the VM that has this VMID, by an import block. @default false */
  readonly adopt?: boolean;
  /** Writing a value, or another value, destroys the guest and creates it anew. @default never */
  readonly rebuild?: string;
  /** Changes that need it restart the VM; else their apply fails. @default true */
  readonly rebootAfterUpdate?: boolean;
  /** @default 1800 */
  readonly createTimeoutSeconds?: number;
  /** How long the guest may take to shut down before an update. @default 300 */
  readonly shutdownTimeoutSeconds?: number;
  /** What must be there before the guest. @default the guard alone */
  readonly after?: readonly ITerraformDependable[];
}
