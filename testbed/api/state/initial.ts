import { randomBytes } from "node:crypto";
import { formatOf } from "../domains/volumes";
import type { AptFile, Node, Section, State } from "./state";

export interface NodeOptions {
  readonly name: string;
  /** What the cluster reports; a loopback address by default. */
  readonly address?: string;
  readonly cores?: number;
  readonly memoryMiB?: number;
  /** Bridges beside `vmbr0`. */
  readonly bridges?: readonly string[];
  /** PCI devices by address: `0000:01:00.0`. */
  readonly pciDevices?: readonly { readonly id: string; readonly vendor?: string; readonly device?: string }[];
}

export interface StorageOptions {
  readonly type: string;
  readonly content?: string;
  readonly sizeGiB?: number;
  readonly [option: string]: string | number | undefined;
}

export interface InitialOptions {
  /** The first node answers for the cluster. Default: one node, `pve1`. */
  readonly nodes?: readonly NodeOptions[];
  /** Beside `local` (a directory) and `local-lvm` (LVM-thin). */
  readonly storages?: Readonly<Record<string, StorageOptions>>;
  /** Container templates and ISO images that are there already, as volume ids. */
  readonly volumes?: readonly string[];
  /** Password of root@pam. */
  readonly rootPassword?: string;
}

export const DEFAULT_TEMPLATE = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst";

/** A fresh installation. */
export function initialState(options: InitialOptions = {}): State {
  const nodes = options.nodes ?? [{ name: "pve1" }];
  return {
    ticketSecret: randomBytes(32).toString("hex"),
    users: {
      "root@pam": { password: options.rootPassword ?? "testbed", enable: 1, expire: 0, groups: [], tokens: {} },
    },
    groups: {},
    roles: {},
    acl: [],
    realms: {
      pam: { type: "pam", comment: "Linux PAM standard authentication" },
      pve: { type: "pve", comment: "Proxmox VE authentication server" },
    },
    nodes: Object.fromEntries(nodes.map((node) => [node.name, initialNode(node)])),
    storages: initialStorages(options.storages ?? {}),
    volumes: (options.volumes ?? [DEFAULT_TEMPLATE]).flatMap((volid) =>
      nodes.map((node) => fileVolume(volid, node.name)),
    ),
    guests: {},
    pools: {},
    firewalls: {},
    sections: {},
    options: {},
    tasks: [],
    counter: 0,
  };
}

function fileVolume(volid: string, node: string): State["volumes"][number] {
  const content = /:(\w+)\//.exec(volid)?.[1] ?? "iso";
  const format = formatOf(content, volid);
  return { volid, node, content, format, size: 120_000_000, ctime: Math.floor(Date.now() / 1000) };
}

function initialStorages(extra: Readonly<Record<string, StorageOptions>>): Record<string, Section> {
  const storages: Record<string, Section> = {
    local: { type: "dir", path: "/var/lib/vz", content: "iso,vztmpl,backup,snippets,import,images,rootdir" },
    "local-lvm": { type: "lvmthin", vgname: "pve", thinpool: "data", content: "images,rootdir" },
  };
  for (const [id, { sizeGiB, ...section }] of Object.entries(extra)) {
    const entries = Object.entries(section).filter(
      (entry): entry is [string, string | number] => entry[1] !== undefined,
    );
    storages[id] = Object.fromEntries(entries);
    if (sizeGiB !== undefined) storages[id]["testbed-size"] = sizeGiB * 1024 ** 3;
  }
  return storages;
}

function initialNode(options: NodeOptions): Node {
  const address = options.address ?? "127.0.0.1";
  return {
    online: true,
    cores: options.cores ?? 8,
    memoryMiB: options.memoryMiB ?? 32_768,
    address,
    startedAt: Math.floor(Date.now() / 1000) - 3600,
    dns: { search: "lab.test", dns1: "127.0.0.1" },
    hosts: `127.0.0.1 localhost\n${address} ${options.name}.lab.test ${options.name}\n`,
    timezone: "UTC",
    network: initialNetwork(address, options.bridges ?? []),
    config: {},
    pciDevices: (options.pciDevices ?? []).map(({ id, vendor, device }) => ({
      id,
      class: "0x030000",
      iommugroup: 1,
      vendor: vendor ?? "0x10de",
      device: device ?? "0x1b80",
    })),
    usbDevices: [],
    repositories: initialRepositories(),
  };
}

function initialNetwork(address: string, bridges: readonly string[]): Record<string, Section> {
  const card = { type: "eth", method: "manual", method6: "manual" };
  const bridge = {
    type: "bridge",
    autostart: 1,
    method: "manual",
    method6: "manual",
    bridge_ports: "",
    bridge_stp: "off",
    bridge_fd: "0",
  };
  const gateway = address.replace(/\.\d+$/, ".254");
  const network: Record<string, Section> = {
    eno1: { ...card },
    eno2: { ...card },
    vmbr0: {
      ...bridge,
      method: "static",
      bridge_ports: "eno1",
      cidr: `${address}/24`,
      address,
      netmask: "24",
      gateway,
    },
  };
  for (const name of bridges) network[name] ??= { ...bridge };
  return network;
}

function initialRepositories(): AptFile[] {
  const entry = (uri: string, component: string, fileType: "list" | "sources"): AptFile["entries"][number] => ({
    enabled: true,
    types: ["deb"],
    uris: [uri],
    suites: ["trixie"],
    components: [component],
    comment: "",
    fileType,
    options:
      fileType === "list" ? [] : [{ key: "Signed-By", values: ["/usr/share/keyrings/proxmox-archive-keyring.gpg"] }],
  });
  return [{ path: "/etc/apt/sources.list", entries: [entry("http://mirror.example.org/debian", "main", "list")] }];
}
