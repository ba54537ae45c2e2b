import { z } from "zod";
import * as f from "./formats";

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
  })
  .superRefine((value, context) => {
    if (value.vendor === "nvidia" || (value.devices?.length ?? 0) > 0) return;
    context.addIssue({
      code: "custom",
      path: ["vendor"],
      message: `the device files of ${value.vendor} cards have no fixed numbers, so they must be stated`,
      params: { fix: 'add devices: ["/dev/dri/renderD128"], as "ls -l /dev/dri/by-path" on the node names it' },
    });
  })
  .meta({ description: "A graphics card of the node." });

export const node = z
  .strictObject({
    address: f.hostAddress().meta({ description: "Where SSH and the provider reach the node." }),
    ssh_port: f.port().optional().meta({ description: "Default: 22." }),
    ssh_host_key: f.sshHostKey().optional().meta({
      description: "The node's public host key; without it, the key that the node shows is accepted unchecked.",
    }),
    active: f.flag().optional().meta({ description: "False: described, but left out of Terraform. Default: true." }),
    cores: f.whole({ min: 1, unit: "cores" }).optional().meta({ description: "CPU threads." }),
    memory: f
      .whole({ min: 16, unit: "MiB" })
      .optional()
      .meta({ description: "Memory in MiB; without it, guests' memory is not added up." }),
    bridges: z.array(f.interfaceName()).default([]).meta({ description: "Bridges that guests can attach to." }),
    storages: z.record(f.storageName(), storage).default({}).meta({ description: "Storages by name." }),
    gpus: z.record(f.plainName(), gpu).default({}).meta({ description: "Graphics cards by a name of your choice." }),
  })
  .meta({ description: "This host is a Proxmox VE node; it must be in the group proxmox_nodes." });

const network = z
  .strictObject({
    bridge: f
      .interfaceName()
      .optional()
      .meta({ description: "Bridge; without one no guest can attach and the range is only planned." }),
    vlan: f.vlan().optional().meta({ description: "VLAN tag, 1 to 4094." }),
    cidr: f.cidr4().optional().meta({ description: "IPv4 range, such as 192.168.1.0/24." }),
    gateway: f.ipv4().optional().meta({ description: "IPv4 gateway." }),
    cidr6: f.cidr6().optional().meta({ description: "IPv6 range." }),
    gateway6: f.ipv6().optional().meta({ description: "IPv6 gateway." }),
    router: f
      .plainName()
      .optional()
      .meta({ description: "The guest of this lab that is the gateway and holds its address." }),
    dns: z
      .strictObject({
        domain: f.dnsName().optional().meta({ description: "Search domain." }),
        servers: z.array(f.ip()).default([]).meta({ description: "Name servers." }),
      })
      .optional()
      .meta({ description: "Name resolution for guests of this network." }),
  })
  .meta({ description: "A network segment with its addresses." });

const OS_TYPES = [
  "alpine",
  "archlinux",
  "centos",
  "debian",
  "devuan",
  "fedora",
  "gentoo",
  "nixos",
  "opensuse",
  "ubuntu",
  "unmanaged",
] as const;

const template = z
  .strictObject({
    url: f.url().optional().meta({ description: "Where the template is downloaded from." }),
    checksum: f.checksum().optional().meta({ description: "Checksum of the file, in hexadecimal digits." }),
    checksum_algorithm: f
      .oneOf(["sha256", "sha512"])
      .optional()
      .meta({ description: "Default: by the checksum's length." }),
    file_name: f
      .templateFile()
      .optional()
      .meta({ description: "Its name on the storage. Default: the last part of the URL." }),
    volume: f
      .volume("vztmpl")
      .optional()
      .meta({ description: "A template that is on the node already (pveam download)." }),
    os_type: f.oneOf(OS_TYPES).meta({ description: "Proxmox VE's ostype." }),
  })
  .superRefine((value, context) => {
    const refuse = (key: string, message: string, fix: string) =>
      context.addIssue({ code: "custom", path: [key], message, params: { fix } });
    const { url, checksum, volume, checksum_algorithm: algorithm } = value;
    if (url === undefined && volume === undefined) {
      refuse(
        "os_type",
        "expected url and checksum (to download), or volume (there already), got neither",
        "add one of them",
      );
    } else if (url !== undefined && volume !== undefined) {
      refuse("volume", "expected either url or volume, got both", "delete one of them");
    } else if (url !== undefined && checksum === undefined) {
      refuse("url", "a template to download needs its checksum", "add checksum: (Proxmox publishes it in aplinfo.dat)");
    } else if (
      checksum !== undefined &&
      algorithm !== undefined &&
      checksum.length !== (algorithm === "sha256" ? 64 : 128)
    ) {
      refuse(
        "checksum_algorithm",
        `the checksum has ${checksum.length} digits, so it is not ${algorithm}`,
        "delete checksum_algorithm",
      );
    }
  })
  .meta({ description: "An OS template.", anyOf: [{ required: ["url", "checksum"] }, { required: ["volume"] }] });

const backendKeys = {
  local: ["path"],
  http: ["address", "lock_address", "unlock_address"],
  s3: ["bucket", "key", "region", "endpoint", "use_lockfile"],
  pg: ["schema_name"],
  gitlab: ["address", "project", "state_name"],
} as const;
const needed = {
  local: [],
  http: ["address"],
  s3: ["bucket", "region"],
  pg: [],
  gitlab: ["address", "project"],
} as const;

export const backend = z
  .strictObject({
    type: f.oneOf(["local", "http", "s3", "pg", "gitlab"]).meta({ description: "Kind of backend." }),
    path: f
      .relativePath()
      .optional()
      .meta({ description: "local: relative path of the state file. Default: terraform.<lab>.tfstate." }),
    address: f.url().optional().meta({ description: "http: URL of the state; gitlab: URL of the GitLab server." }),
    lock_address: f.url().optional().meta({ description: "http: URL that locks." }),
    unlock_address: f.url().optional().meta({ description: "http: URL that unlocks." }),
    bucket: f.line().optional().meta({ description: "s3: name of the bucket." }),
    key: f.line().optional().meta({ description: "s3: name of the object. Default: <lab>/terraform.tfstate." }),
    region: f.line().optional().meta({ description: "s3: region." }),
    endpoint: f.url().optional().meta({ description: "s3: URL of a server that is not Amazon's." }),
    use_lockfile: f.flag().optional().meta({ description: "s3: lock by an object beside the state. Default: true." }),
    schema_name: f.plainName().optional().meta({ description: "pg: schema. Default: the lab's name." }),
    project: f.line().optional().meta({ description: "gitlab: number or path of the project." }),
    state_name: f.plainName().optional().meta({ description: "gitlab: name of the state. Default: the lab's name." }),
  })
  .superRefine((value, context) => {
    const allowed: readonly string[] = backendKeys[value.type];
    for (const key of Object.keys(value)) {
      if (key === "type" || allowed.includes(key)) continue;
      const message = `a ${value.type} backend has no ${key}`;
      context.addIssue({
        code: "custom",
        path: [key],
        message,
        params: { fix: `delete ${key}; it has: ${allowed.join(", ")}` },
      });
    }
    for (const key of needed[value.type]) {
      if (value[key] !== undefined) continue;
      context.addIssue({
        code: "custom",
        path: ["type"],
        message: `a ${value.type} backend needs ${key}`,
        params: { fix: `add ${key}:` },
      });
    }
  })
  .meta({ description: "Where Terraform keeps the state. Credentials come only from the environment." });

export const networks = z.record(f.plainName(), network).meta({ description: "Networks by name." });
export const templates = z
  .record(f.plainName(), template)
  .meta({ description: "OS templates by name, beside the built-in ones." });

export type NodeVars = z.output<typeof node>;
export type TemplateVars = z.output<typeof template>;
export type BackendVars = z.output<typeof backend>;
