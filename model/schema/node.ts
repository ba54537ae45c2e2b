import { z } from "zod";
import * as f from "./formats";
import { acmeDomains, dns, hostEntries, repositories } from "./node-system";
import { refuse } from "./refine";

const STORAGE_TYPES = [
  "btrfs",
  "cephfs",
  "cifs",
  "dir",
  "esxi",
  "iscsi",
  "iscsidirect",
  "lvm",
  "lvmthin",
  "nfs",
  "pbs",
  "rbd",
  "zfs",
  "zfspool",
] as const;

const CONTENT = ["backup", "images", "import", "iso", "none", "rootdir", "snippets", "vztmpl"] as const;

const storage = z
  .strictObject({
    type: f.oneOf(STORAGE_TYPES).meta({ description: "Proxmox VE's type of the storage." }),
    size: f
      .whole({ min: 1, unit: "GiB" })
      .optional()
      .meta({ description: "Capacity in GiB; without it, disks are not added up." }),
    content: z
      .array(f.oneOf(CONTENT))
      .meta({ description: "What may be stored: rootdir for containers, images for VMs, vztmpl for templates." }),
  })
  .meta({ description: "A storage as Proxmox VE knows it." });

const forward = z
  .strictObject({
    protocol: f.oneOf(["tcp", "udp"]).optional().meta({ description: "tcp or udp. Default: tcp." }),
    port: f.port().meta({ description: "Port of the node on the uplink." }),
    to: f.ipv4().meta({ description: "Address of the guest." }),
    to_port: f.port().optional().meta({ description: "Port of the guest. Default: the same." }),
    source: f.cidr4().optional().meta({ description: "Only from this range. Default: from everywhere." }),
    comment: f.line().optional().meta({ description: "What it is for." }),
  })
  .meta({ description: "A port of the node's uplink that leads to a guest." });

const nat = z
  .strictObject({
    uplink: f.interfaceName().meta({ description: "Bridge or interface that leads to the Internet." }),
  })
  .meta({ description: "Guests reach the Internet under the node's address; nobody reaches them but by forward." });

const bridge = z
  .strictObject({
    existing: f.flag().optional().meta({
      description: "It is there, and only described: never written, but NAT and isolation apply. Default: false.",
    }),
    management: f.oneOf(["rewrite"]).optional().meta({
      description: "rewrite: the lab may write the bridge that carries the node's address. Without it, it is refused.",
    }),
    address: f.hostCidr4().optional().meta({ description: "The node's address on it, with prefix: 10.0.100.1/24." }),
    address6: f.cidr6().optional().meta({ description: "The node's IPv6 address on it, with prefix." }),
    ports: z.array(f.interfaceName()).optional().meta({ description: "Physical ports. Default: none." }),
    vlan_aware: f.flag().optional().meta({ description: "Guests may use VLAN tags. Default: false." }),
    mtu: f.whole({ min: 1280, max: 65520 }).optional().meta({ description: "Default: 1500." }),
    comment: f.line().optional().meta({ description: "A note in the node's network configuration." }),
    autostart: f.flag().optional().meta({ description: "Up at boot. Default: true." }),
    nat: nat.optional(),
    isolated_from: z.array(f.interfaceName()).optional().meta({
      description:
        "Bridges and interfaces whose networks its guests do not reach; nor do they reach the node itself. Default: none.",
    }),
    node_services: z
      .array(f.oneOf(["dhcp", "dns", "ping", "metrics"]))
      .optional()
      .meta({
        description:
          "With isolated_from: what its guests may ask of the node all the same; metrics is the node exporter, port 9100. Default: none.",
      }),
    isolate_guests: f.flag().optional().meta({ description: "Its guests do not reach each other. Default: false." }),
    forward: z.array(forward).optional().meta({ description: "Ports of the uplink that lead to guests." }),
  })
  .meta({ description: "A bridge that the lab makes; {} for one that is there and left as it is." });

const bridges = z
  .union([z.array(f.interfaceName()), z.record(f.interfaceName(), bridge.nullable())])
  .default([])
  .meta({ description: "Bridges that guests can attach to: names, or what the lab is to make of each." });

const nodeInterface = z
  .strictObject({
    address: f.hostCidr4().optional().meta({ description: "The node's address on it, with prefix." }),
    address6: f.cidr6().optional().meta({ description: "The node's IPv6 address on it, with prefix." }),
  })
  .meta({ description: "An interface of the node that is no bridge, such as its uplink: described, never written." });

const gpu = z
  .strictObject({
    vendor: f.oneOf(["nvidia", "amd", "intel"]).meta({ description: "Who made it." }),
    model: f.line().optional().meta({ description: "Such as Tesla P40." }),
    pci_id: f.pciId().optional().meta({ description: "PCI address, such as 0000:03:00.0." }),
    memory: f.whole({ min: 1, unit: "MiB" }).optional().meta({ description: "Its memory in MiB." }),
    devices: z.array(f.devicePath()).optional().meta({
      description:
        "Device files a container needs. Default for NVIDIA: /dev/nvidia0 (1, 2, … in order) and the driver's own; required for others.",
    }),
    use: f.oneOf(["container", "vm"]).optional().meta({
      description: "vm: kept from the node's drivers and handed to one VM as a whole. Default: container.",
    }),
    device_id: f.pciVendorDevice().optional().meta({
      description: "Vendor and device, such as 10de:1b38 (lspci -n); required for use: vm.",
    }),
    subsystem_id: f.pciVendorDevice().optional().meta({
      description: "Vendor and device of the subsystem (lspci -nv), which Proxmox VE compares when the VM starts.",
    }),
    iommu_group: f.whole({ min: 0 }).optional().meta({
      description: "Number of its IOMMU group, which Proxmox VE compares when the VM starts.",
    }),
    functions: z.array(f.pciId()).optional().meta({
      description: "Further functions of the card that go with it, such as its sound: 0000:03:00.1.",
    }),
  })
  .superRefine((value, context) => {
    if (value.use === "vm") {
      const found = `on the node: lspci -Dnn | grep -iE "vga|3d|display"`;
      if (value.pci_id === undefined)
        refuse(context, ["use"], "a card for a VM needs its PCI address", `add pci_id: (${found})`);
      if (value.device_id === undefined)
        refuse(context, ["use"], "a card for a VM needs its vendor and device", `add device_id: (${found})`);
      if (value.devices) refuse(context, ["devices"], "a card for a VM has no device files", "delete devices");
      return;
    }
    if (value.functions)
      refuse(context, ["functions"], "only a card for a VM takes functions along", "add use: vm, or delete it");
    if (value.vendor === "nvidia" || (value.devices?.length ?? 0) > 0) return;
    refuse(
      context,
      ["vendor"],
      `the device files of ${value.vendor} cards have no fixed numbers, so they must be stated`,
      'add devices: ["/dev/dri/renderD128"], as "ls -l /dev/dri/by-path" on the node names it',
    );
  })
  .meta({ description: "A graphics card of the node." });

const usb = z
  .strictObject({
    id: f.pciVendorDevice().meta({ description: "Vendor and product, such as 10c4:ea60 (lsusb)." }),
    path: f
      .usbPath()
      .optional()
      .meta({ description: "Port, such as 1-2 (lsusb -t), where several devices have the same id." }),
    comment: f.line().optional().meta({ description: "What it is." }),
  })
  .meta({ description: "A USB device that VMs use by its name here." });

export const node = z
  .strictObject({
    address: f.hostAddress().meta({ description: "Where SSH and the provider reach the node." }),
    ssh_port: f.port().optional().meta({ description: "Port of the node's sshd. Default: 22." }),
    ssh_host_key: f.sshHostKey().optional().meta({
      description:
        "The node's public host key, of the type that Terraform asks for first: ECDSA, which most have (ssh-keyscan -t ecdsa), else RSA, else Ed25519. Without it, the key that the node shows is accepted unchecked.",
    }),
    active: f.flag().optional().meta({ description: "False: described, but left out of Terraform. Default: true." }),
    cores: f.whole({ min: 1, unit: "cores" }).optional().meta({ description: "CPU threads." }),
    memory: f
      .whole({ min: 16, unit: "MiB" })
      .optional()
      .meta({ description: "Memory in MiB; without it, guests' memory is not added up." }),
    bridges,
    interfaces: z.record(f.interfaceName(), nodeInterface.nullable()).default({}).meta({
      description: "Interfaces that are no bridges, by name: an uplink for NAT. Described, never written.",
    }),
    storages: z.record(f.storageName(), storage).default({}).meta({ description: "Storages by name." }),
    gpus: z.record(f.plainName(), gpu).default({}).meta({ description: "Graphics cards by a name of your choice." }),
    usb: z.record(f.mappingName(), usb).default({}).meta({ description: "USB devices by a name of your choice." }),
    repositories: repositories.optional(),
    time_zone: f.timeZone().optional().meta({ description: "Such as Europe/Berlin. Default: as it is." }),
    dns: dns.optional(),
    hosts: hostEntries.optional(),
    acme: acmeDomains.optional(),
  })
  .meta({ description: "This host is a Proxmox VE node; it must be in the group proxmox_nodes." });

export type NodeVars = z.output<typeof node>;
export type BridgeVars = z.output<typeof bridge>;
