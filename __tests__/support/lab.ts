import type { ContainerGuest, Lab, Node, Sources } from "../../model/lab";

const source: Sources = { at: { file: "inventory/lab/hosts.yml", line: 7, column: 5 }, of: {} };

/** A resolved container, as the model gives one. */
export function guest(changes: Partial<ContainerGuest> = {}): ContainerGuest {
  const name = changes.name ?? "web";
  return {
    kind: "container",
    name,
    hostname: name,
    vmid: 301,
    node: "pve1",
    cores: 2,
    memoryMiB: 2048,
    swapMiB: 0,
    diskGiB: 8,
    storage: "local-lvm",
    nics: [{ name: "eth0", bridge: "vmbr0", address: "192.168.1.51/24", gateway: "192.168.1.1", firewall: false }],
    tags: [],
    protection: false,
    started: true,
    startOnBoot: true,
    adopt: false,
    exceptions: [],
    groups: [],
    capabilities: [],
    steps: [],
    os: {
      kind: "download",
      name: "debian-13",
      url: "https://templates.example/debian-13.tar.zst",
      checksum: "0".repeat(128),
      checksumAlgorithm: "sha512",
      fileName: "debian-13.tar.zst",
      storage: "local",
      osType: "debian",
    },
    unprivileged: true,
    features: { nesting: false, keyctl: false, fuse: false, mknod: false, mount: [] },
    mounts: [],
    devices: [],
    environment: {},
    source,
    ...changes,
  };
}

export function node(changes: Partial<Node> = {}): Node {
  return {
    name: "pve1",
    address: "192.168.1.10",
    sshPort: 22,
    active: true,
    bridges: ["vmbr0"],
    links: [],
    interfaces: [],
    storages: [],
    gpus: [],
    usb: [],
    system: {},
    groups: [],
    steps: [],
    source,
    ...changes,
  };
}

export function lab(changes: Partial<Lab> = {}): Lab {
  return {
    name: "lab",
    folder: "inventory/lab",
    connection: { endpoint: "https://pve1.example.internal:8006/", verifyTls: true, sshUser: "root", source },
    backend: { kind: "local", path: "terraform.lab.tfstate" },
    nodes: [node()],
    networks: [],
    guests: [guest()],
    secrets: [],
    groups: [],
    ...changes,
  };
}
