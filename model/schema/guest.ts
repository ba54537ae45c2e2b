import { z } from "zod";
import * as f from "./formats";
import { refuse } from "./refine";

const dns = z
  .strictObject({
    domain: f.dnsName().optional().meta({ description: "Search domain." }),
    servers: z.array(f.ip()).default([]).meta({ description: "Addresses of the name servers." }),
  })
  .meta({ description: "Name resolution inside the guest." });

const nic = z
  .strictObject({
    name: f.interfaceName().optional().meta({ description: "Name inside the guest. Default: eth0, eth1, … in order." }),
    network: f.plainName().optional().meta({
      description:
        "A network of proxmox_networks: gives bridge, VLAN, prefix, gateway and DNS. Default: proxmox_default_network, unless bridge is set.",
    }),
    bridge: f.interfaceName().optional().meta({ description: "Bridge of the node. Default: the network's." }),
    vlan: f.vlan().optional().meta({ description: "VLAN tag, 1 to 4094. Default: the network's." }),
    ip: f.nicAddress4().optional().meta({
      description: "dhcp, or an IPv4 address; its prefix comes from the network when it is left out. Default: no IPv4.",
    }),
    gateway: f
      .ipv4()
      .optional()
      .meta({ description: "IPv4 gateway. Default: the network's, on the first card that has one." }),
    ip6: f.nicAddress6().optional().meta({ description: "dhcp, auto, or an IPv6 address. Default: no IPv6." }),
    gateway6: f
      .ipv6()
      .optional()
      .meta({ description: "IPv6 gateway. Default: the network's, on the first card that has one." }),
    mac: f.mac().optional().meta({ description: "MAC address. Default: chosen by Proxmox VE." }),
    mtu: f
      .whole({ min: 64, max: 65535 })
      .optional()
      .meta({ description: "Largest packet in bytes. Default: the bridge's." }),
    rate_limit: f.decimal({ min: 0, unit: "MB/s" }).optional().meta({ description: "Limit in megabytes per second." }),
    firewall: f.flag().optional().meta({
      description: "Apply the guest's firewall rules on this card. Default: false, true with proxmox_guest_firewall.",
    }),
  })
  .meta({ description: "A network card." });

const MOUNT_OPTIONS = ["discard", "lazytime", "noatime", "nodev", "noexec", "nosuid"] as const;

/** A mount: a directory of the node (`source`), or a new volume (`storage` and `size`). */
export const mount = z
  .strictObject({
    path: f.path().meta({ description: "Where it appears in the container." }),
    source: f.path().optional().meta({ description: "Directory of the node to bind. Needs root@pam's password." }),
    storage: f.storageName().optional().meta({ description: "Storage on which a volume is made." }),
    size: f.whole({ min: 1, unit: "GiB" }).optional().meta({ description: "Size of the volume in GiB." }),
    read_only: f.flag().optional().meta({ description: "The container cannot write to it. Default: false." }),
    backup: f
      .flag()
      .optional()
      .meta({ description: "Include the volume in backups. Default: true; a bound directory never is." }),
    not_backed_up: f
      .note()
      .optional()
      .meta({ description: "Why backups do not hold it: for bound directories, and where backup is false." }),
    replicate: f
      .flag()
      .optional()
      .meta({ description: "Include the volume in replication. Default: true for volumes." }),
    shared: f.flag().optional().meta({ description: "The bound directory exists on every node. Default: false." }),
    acl: f.flag().optional().meta({ description: "Turn ACLs on or off. Default: the file system's." }),
    quota: f.flag().optional().meta({ description: "User quotas inside the container. Default: false." }),
    options: z.array(f.oneOf(MOUNT_OPTIONS)).default([]).meta({ description: "Extra mount options." }),
  })
  .superRefine((value, context) => {
    if (value.source === undefined && value.storage === undefined) {
      refuse(
        context,
        ["path"],
        "expected source (a directory of the node) or storage and size (a new volume), got neither",
        "add one of them",
      );
    } else if (value.source !== undefined && value.storage !== undefined) {
      refuse(context, ["storage"], "expected either source or storage, got both", "delete one of them");
    } else if (value.source !== undefined && value.size !== undefined) {
      refuse(context, ["size"], "a bound directory has no size of its own", "delete size");
    } else if (value.source !== undefined && value.backup === true) {
      refuse(
        context,
        ["backup"],
        "Proxmox VE never backs up a bound directory",
        "delete backup, or back the directory up on the node",
      );
    } else if (value.storage !== undefined && value.size === undefined) {
      refuse(context, ["storage"], "a new volume needs a size", "add size: (GiB)");
    }
  })
  .meta({
    description: "A mount of the container.",
    anyOf: [{ required: ["source"] }, { required: ["storage", "size"] }],
  });

export const features = z
  .strictObject({
    nesting: f.flag().optional().meta({
      description: "Own /proc, /sys and cgroups, as systemd and Docker need. Default: true in unprivileged containers.",
    }),
    keyctl: f.flag().optional().meta({ description: "Allow keyctl(). Needs root@pam's password. Default: false." }),
    fuse: f.flag().optional().meta({ description: "Allow FUSE. Needs root@pam's password. Default: false." }),
    mknod: f.flag().optional().meta({ description: "Allow mknod(). Needs root@pam's password. Default: false." }),
    mount: z
      .array(f.oneOf(["nfs", "cifs"]))
      .optional()
      .meta({ description: "File systems it may mount itself." }),
  })
  .meta({ description: "LXC features." });

const device = z
  .strictObject({
    path: f.devicePath().meta({ description: "Device file of the node. Needs root@pam's password." }),
    mode: f.fileMode().optional().meta({ description: 'Its mode in the container, in quotes, such as "0660".' }),
    uid: f.whole({ min: 0 }).optional().meta({ description: "Its owner in the container." }),
    gid: f.whole({ min: 0 }).optional().meta({ description: "Its group in the container." }),
    deny_write: f.flag().optional().meta({ description: "The container cannot write to it. Default: false." }),
  })
  .meta({ description: "A device file handed through." });

const gpuClaim = z
  .strictObject({
    name: f.plainName().meta({ description: "Name of the card, as in proxmox_node.gpus." }),
    exclusive: f.flag().optional().meta({ description: "No other running guest may use the card. Default: false." }),
    memory: f
      .whole({ min: 1, unit: "MiB" })
      .optional()
      .meta({ description: "What its services ask for of the card's memory, in MiB. Default: not added up." }),
  })
  .meta({ description: "Use of one of the node's GPUs." });

const startup = z
  .strictObject({
    order: f.whole({ min: 0 }).optional().meta({ description: "Lower starts earlier and stops later." }),
    up_delay: f
      .whole({ min: 0, unit: "seconds" })
      .optional()
      .meta({ description: "Seconds until the next guest starts." }),
    down_delay: f
      .whole({ min: 0, unit: "seconds" })
      .optional()
      .meta({ description: "Seconds until the next guest stops." }),
  })
  .meta({ description: "Place in the start order of the node." });

const exceptions = z
  .strictObject({
    cores: f.note().optional().meta({ description: "Why its cores differ from its tier's." }),
    memory: f.note().optional().meta({ description: "Why its memory differs from its tier's." }),
    disk: f.note().optional().meta({ description: "Why its disk differs from its tier's." }),
  })
  .meta({ description: "The reason for each value that departs from the tier." });

/** Keys that every guest has, whatever its kind. */
export const common = {
  vmid: f.vmid().meta({ description: "Proxmox VE's number of the guest, 100 to 999999999; always explicit." }),
  hostname: f
    .dnsLabel()
    .optional()
    .meta({ description: "What the guest calls itself. Default: the inventory's name." }),
  cores: f
    .whole({ min: 1, max: 8192, unit: "cores" })
    .optional()
    .meta({ description: "CPU cores. Default: lxc_cores." }),
  memory: f.whole({ min: 16, unit: "MiB" }).optional().meta({ description: "Memory in MiB. Default: lxc_memory." }),
  disk: f.whole({ min: 1, unit: "GiB" }).optional().meta({ description: "Root disk in GiB. Default: lxc_disk." }),
  node: f.plainName().optional().meta({ description: "Node it lives on. Default: proxmox_default_node." }),
  storage: f
    .storageName()
    .optional()
    .meta({ description: "Storage of the root disk. Default: proxmox_default_storage." }),
  networks: z.array(nic).max(32).default([]).meta({ description: "Network cards, in order." }),
  dns: dns.optional(),
  started: f.flag().optional().meta({ description: "Whether it runs. Default: true." }),
  start_on_boot: f.flag().optional().meta({ description: "Start it with its node. Default: the value of started." }),
  startup: startup.optional(),
  tags: z.array(f.tag()).default([]).meta({ description: "Tags, in lower case." }),
  pool: f.poolName().optional().meta({ description: "Resource pool." }),
  protection: f.flag().optional().meta({ description: "Refuse to delete the guest or its disks. Default: false." }),
  description: f.description().optional().meta({ description: "Notes, shown in the web interface." }),
  exceptions: exceptions.optional(),
  adopt: f.flag().optional().meta({
    description: "Take over a guest that exists already; of a container, with root@pam's password. Default: false.",
  }),
  not_backed_up: f.note().optional().meta({
    description: "Why no backup job takes it: jobs for all guests then leave it out, and no warning asks.",
  }),
  rebuild: f
    .line()
    .optional()
    .meta({ description: "Any change of this value destroys the guest and creates it anew." }),
};

export const container = z
  .strictObject({
    ...common,
    swap: f
      .whole({ min: 0, unit: "MiB" })
      .optional()
      .meta({ description: "Swap in MiB. Default: 512, as in the web interface." }),
    template: f.plainName().optional().meta({ description: "OS template by name. Default: proxmox_default_template." }),
    unprivileged: f.flag().optional().meta({ description: "Map root to an ordinary user of the node. Default: true." }),
    mounts: z
      .array(mount)
      .default([])
      .meta({ description: "Added to proxmox_default_mounts; the same path replaces." }),
    features: features.optional(),
    devices: z.array(device).default([]).meta({ description: "Device files of the node handed through." }),
    cpu_limit: f.decimal({ min: 0, max: 8192 }).optional().meta({ description: "Cap in cores; 0 is none." }),
    cpu_units: f.whole({ min: 0, max: 500000 }).optional().meta({ description: "Weight against other guests." }),
    console: z
      .strictObject({
        enabled: f.flag().optional().meta({ description: "The container has /dev/console. Default: true." }),
        tty_count: f
          .whole({ min: 0, max: 6 })
          .optional()
          .meta({ description: "How many terminals it has, /dev/tty1 onwards. Default: 2." }),
        type: f.oneOf(["tty", "console", "shell"]).optional().meta({
          description:
            "What opening its console leads to: one of the terminals, /dev/console, or a shell without a login. Default: tty.",
        }),
      })
      .optional()
      .meta({ description: "The container's console." }),
    hook_script: f
      .volume("snippets")
      .optional()
      .meta({ description: "Volume of a hook script. Needs root@pam's password." }),
    environment: z
      .record(f.environmentName(), f.line())
      .default({})
      .meta({ description: "Variables of its init process." }),
    gpus: z
      .array(z.union([f.plainName(), gpuClaim]))
      .optional()
      .meta({ description: "The node's GPUs that a member of gpu_access uses, by name. Default: all, shared." }),
  })
  .meta({ description: "This host is a container on Proxmox VE." });

export type ContainerVars = z.output<typeof container>;
export type CommonVars = Pick<ContainerVars, keyof typeof common>;
export type GpuVars = NonNullable<ContainerVars["gpus"]>[number];
export type NicVars = z.output<typeof nic>;
export type MountVars = z.output<typeof mount>;
export type FeatureVars = z.output<typeof features>;
