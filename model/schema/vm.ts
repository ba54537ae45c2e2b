import { z } from "zod";
import * as f from "./formats";
import { common } from "./guest";
import { text } from "./scalar";
import { checkVm } from "./vm-checks";
import { cloudInit, haos, image, isoVolume, OS_IDS, windows, word } from "./vm-system";

/*
 * Formats and bounds are those of POST /nodes/{node}/qemu in Proxmox VE's API schema of release 9.2, and of the resource
 * proxmox_virtual_environment_vm of bpg/proxmox 0.111.1 where it accepts less.
 */

const drive = () =>
  text(
    "a drive such as scsi0, virtio0 or sata0",
    /^(scsi([12]?\d|30)|virtio(\d|1[0-5])|sata[0-5])$/,
    (value) => `${value.toLowerCase().replace(/[^a-z0-9]/g, "")}`,
  );
const cpuList = () =>
  text("CPU numbers such as 0-3 or 0,2,4-7", /^\d+(-\d+)?(,\d+(-\d+)?)*$/, (value) => value.replace(/\s+/g, ""));
const cpu = z
  .strictObject({
    type: text("a CPU type such as host or x86-64-v2-AES", /^[A-Za-z0-9][A-Za-z0-9.-]*$/)
      .optional()
      .meta({
        description: "Emulated CPU. Default: host for Windows with a GPU and where hidden, else x86-64-v2-AES.",
      }),
    sockets: f
      .whole({ min: 1, max: 4 })
      .optional()
      .meta({ description: "Sockets, each with cores: of them. Default: 1." }),
    numa: f
      .flag()
      .optional()
      .meta({ description: "Show the guest the NUMA nodes. Default: with hugepages true, else false." }),
    affinity: cpuList().optional().meta({
      description: "The node's CPUs that it runs on, such as 0-3,8. Needs root@pam's password. Default: any.",
    }),
    flags: z
      .array(text("a CPU flag with its sign, such as +aes or -pcid", /^[+-][a-z0-9-]+$/))
      .default([])
      .meta({ description: "CPU flags added (+) or taken away (-)." }),
    hidden: f.flag().optional().meta({
      description:
        "Hide from the guest that it is virtual. A primary GPU does so by itself; without one it needs root@pam's password. Default: false.",
    }),
    limit: f.decimal({ min: 0, max: 128 }).optional().meta({ description: "Cap in cores; 0 is none." }),
    units: f.whole({ min: 1, max: 262144 }).optional().meta({ description: "Weight against other guests." }),
  })
  .meta({ description: "The virtual CPU, beside cores." });

const CACHES = ["none", "writethrough", "writeback", "directsync", "unsafe"] as const;

const diskOptions = {
  ssd: f.flag().optional().meta({ description: "Shown as a solid-state disk. Default: false." }),
  discard: f
    .flag()
    .optional()
    .meta({ description: "Space that the guest frees is freed on the storage. Default: true." }),
  iothread: f.flag().optional().meta({ description: "A thread of its own for its input and output. Default: true." }),
  backup: f.flag().optional().meta({ description: "Part of backups. Default: true." }),
  not_backed_up: f.note().optional().meta({ description: "Why backups do not hold it, where backup is false." }),
  replicate: f.flag().optional().meta({ description: "Part of replication. Default: true." }),
  cache: f.oneOf(CACHES).optional().meta({ description: "Cache of the node. Default: none." }),
};

const rootDisk = z.strictObject(diskOptions).meta({ description: "Options of the root disk, whose size is disk:." });

const extraDisk = z
  .strictObject({
    size: f.whole({ min: 1, unit: "GiB" }).meta({ description: "Size in GiB; it can only grow." }),
    storage: f.storageName().optional().meta({ description: "Default: the root disk's." }),
    interface: drive()
      .optional()
      .meta({ description: "Drive, such as scsi1. Default for a single one: the next of the root disk's kind." }),
    ...diskOptions,
  })
  .meta({ description: "A further disk." });

const usb = z
  .strictObject({
    name: f.plainName().meta({ description: "Name of the device, as in proxmox_node.usb." }),
    usb3: f.flag().optional().meta({ description: "Default: false." }),
  })
  .meta({ description: "A USB device of the node." });

const card = z
  .strictObject({
    name: f.plainName().meta({ description: "Name of the card, as in proxmox_node.gpus." }),
    primary: f.flag().optional().meta({
      description: "It is the VM's screen, and Proxmox VE hides the hypervisor. Default: true for Windows' first card.",
    }),
    rom_bar: f.flag().optional().meta({ description: "The firmware sees the card's ROM. Default: true." }),
    memory: f
      .whole({ min: 1, unit: "MiB" })
      .optional()
      .meta({ description: "What its services ask for of the card's memory." }),
  })
  .meta({ description: "A card of the node, as a whole." });

const ssh = z
  .strictObject({
    user: f.userName().optional().meta({ description: "Default: cloud_init's, else root." }),
    host: f.hostAddress().optional().meta({ description: "Default: the first static address." }),
    port: f.port().optional().meta({ description: "Default: 22." }),
    host_key: f.sshHostKey().optional().meta({
      description:
        "Its public host key, as ssh_host_key of a node; without it, the key that it shows is accepted unchecked.",
    }),
    os: f.oneOf(OS_IDS).optional().meta({ description: "For roles that know some systems only." }),
  })
  .meta({
    description: "How roles log in, through the node. Default: as cloud_init says; a VM without either gets no roles.",
  });

const VGA = ["std", "virtio", "virtio-gl", "qxl", "vmware", "cirrus", "serial0", "none"] as const;
const SCSI = ["virtio-scsi-single", "virtio-scsi-pci", "lsi", "lsi53c810", "megasas", "pvscsi"] as const;
const OS_TYPES = ["l26", "l24", "win11", "win10", "win8", "win7", "other", "solaris"] as const;

export const vm = z
  .strictObject({
    ...common,
    haos: haos.optional(),
    cloud_init: cloudInit.optional(),
    windows: windows.optional(),
    image: image.optional(),
    iso: isoVolume().optional().meta({ description: "Disc that an empty VM starts from." }),
    os_type: f
      .oneOf(OS_TYPES)
      .optional()
      .meta({ description: "Proxmox VE's ostype. Default: l26; Windows' own for windows." }),
    bios: f
      .oneOf(["seabios", "ovmf"])
      .optional()
      .meta({ description: "Firmware. Default: ovmf for haos and windows, else seabios." }),
    secure_boot: f.flag().optional().meta({
      description: "OVMF with Microsoft's keys. Default: true for windows, else false.",
    }),
    tpm: f.flag().optional().meta({ description: "A TPM 2.0. Default: true for windows, else false." }),
    machine: text(
      "a machine type such as q35 or pc",
      /^(pc|q35(,viommu=(intel|virtio))?|pc-(i440fx|q35)-\d+(\.\d+)+(\+pve\d+)?)$/,
    )
      .optional()
      .meta({
        description: "Machine type. Default: q35 for haos, cloud_init, windows and with gpus, else Proxmox VE's.",
      }),
    cpu: cpu.optional(),
    balloon: f.whole({ min: 0, unit: "MiB" }).optional().meta({
      description:
        "Memory in MiB down to which the node may shrink the VM; 0: no ballooning. Default: memory; 0 with a GPU or hugepages.",
    }),
    hugepages: word(["2", "1024", "any"]).optional().meta({
      description: "Memory in huge pages of so many MiB. Needs root@pam's password. Default: ordinary pages.",
    }),
    keep_hugepages: f.flag().optional().meta({
      description: "The pages stay reserved while it is stopped. Needs root@pam's password. Default: false.",
    }),
    agent: f
      .flag()
      .optional()
      .meta({ description: "The QEMU guest agent runs inside. Default: true for haos and cloud_init, else false." }),
    disk_interface: drive()
      .optional()
      .meta({ description: "Where the root disk is attached; it cannot be changed. Default: scsi0." }),
    root_disk: rootDisk.optional(),
    disks: z.array(extraDisk).default([]).meta({ description: "Disks beside the root disk, in order." }),
    scsi_hardware: f.oneOf(SCSI).optional().meta({ description: "SCSI controller. Default: virtio-scsi-single." }),
    vga: f.oneOf(VGA).optional().meta({ description: "Screen. Default: std." }),
    boot_order: z.array(f.plainName()).min(1).optional().meta({
      description: "Devices that are tried in turn, such as [scsi0, ide2, net0]. Default: the root disk, then discs.",
    }),
    usb: z
      .array(z.union([f.plainName(), usb]))
      .default([])
      .meta({ description: "USB devices of the node, by name." }),
    gpus: z
      .array(z.union([f.plainName(), card]))
      .default([])
      .meta({ description: "Cards of the node with use: vm, by name." }),
    reboot_after_update: f.flag().optional().meta({
      description: "Changes that need it restart the VM. False: such an apply fails instead. Default: true.",
    }),
    ssh: ssh.optional(),
  })
  .superRefine(checkVm)
  .meta({ description: "This host is a virtual machine on Proxmox VE." });

export type VmVars = z.output<typeof vm>;
