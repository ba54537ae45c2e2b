import type { ContainerGuest, Lab, Node, Sources, Step } from "../model/lab";

/** Guests share four nodes and one /12 network, so that a thousand or ten thousand have room. */
const NODES = ["pve1", "pve2", "pve3", "pve4"];
export const GENERATED_NODES = NODES.map((name, index) => ({ name, address: `10.16.0.${index + 10}` }));
/** The first node's address with the network's prefix length, and the network's router. */
export const GENERATED_NETWORK = { address: "10.16.0.10/12", gateway: "10.16.0.1" };
export const GENERATED_TEMPLATE = "local:vztmpl/debian-13-standard_13.6-1_amd64.tar.zst";
const FIRST_VMID = 1000;

const source: Sources = { at: { file: "inventory/generated/hosts.yml", line: 1, column: 1 }, of: {} };
const step: Step = {
  role: "base",
  after: [],
  settings: { base_timezone: "Europe/Berlin", base_packages: ["curl", "vim-tiny"], base_security_upgrades: true },
  secrets: {},
};

export function guestName(index: number): string {
  return `guest-${String(index).padStart(5, "0")}`;
}

/** `10.16.1.0` onwards, without those that end in 0 and 255. */
export function addressOf(index: number): string {
  const [row, last] = [Math.floor(index / 254), (index % 254) + 1];
  return `10.${16 + Math.floor((row + 1) / 256)}.${(row + 1) % 256}.${last}`;
}

/** How a generated lab's nodes are reached. */
export interface Place {
  readonly endpoint: string;
  readonly verifyTls: boolean;
  readonly nodes: readonly { readonly name: string; readonly address: string; readonly sshPort: number }[];
}

/** Where nothing answers: enough to synthesize, and to plan what is not there yet. */
const NOWHERE: Place = {
  endpoint: "https://127.0.0.1:1/",
  verifyTls: true,
  nodes: GENERATED_NODES.map((each) => ({ ...each, sshPort: 22 })),
};

/** A lab of `count` containers with one step each, spread over the nodes, as the model would give it. */
export function generatedLab(count: number, { endpoint, nodes, verifyTls }: Place = NOWHERE): Lab {
  return {
    name: "generated",
    folder: "inventory/generated",
    connection: { endpoint, verifyTls, sshUser: "root", source },
    backend: { kind: "local", path: "terraform.generated.tfstate" },
    nodes: nodes.map(node),
    networks: [],
    guests: Array.from({ length: count }, (_, index) => container(index, nodes[index % nodes.length]!.name)),
    secrets: [],
    groups: [],
  };
}

function node({ address, name, sshPort }: Place["nodes"][number]): Node {
  return {
    name,
    address,
    sshPort,
    active: true,
    bridges: ["vmbr0"],
    storages: [],
    gpus: [],
    usb: [],
    links: [],
    interfaces: [],
    system: {},
    groups: [],
    steps: [],
    source,
  };
}

function container(index: number, node: string): ContainerGuest {
  const name = guestName(index);
  return {
    kind: "container",
    name,
    hostname: name,
    vmid: FIRST_VMID + index,
    node,
    cores: 2,
    memoryMiB: 2048,
    swapMiB: 0,
    diskGiB: 8,
    storage: "local-lvm",
    nics: [{ name: "eth0", bridge: "vmbr0", address: `${addressOf(index)}/12`, gateway: "10.16.0.1", firewall: false }],
    tags: ["generated"],
    protection: false,
    started: true,
    startOnBoot: true,
    adopt: false,
    exceptions: [],
    groups: [],
    capabilities: [],
    steps: [step],
    os: { kind: "volume", volume: GENERATED_TEMPLATE, osType: "debian" },
    unprivileged: true,
    features: { nesting: true, keyctl: false, fuse: false, mknod: false, mount: [] },
    mounts: [],
    devices: [],
    environment: {},
    source,
  };
}

/** The files of an inventory of `count` containers, grouped as those of `tiers` are, by path in the lab's folder. */
export function generatedInventory(count: number): Record<string, string> {
  const names = Array.from({ length: count }, (_, index) => guestName(index));
  const tiers = ["tiny_servers", "small_servers", "medium_servers", "large_servers"];
  const members = (tier: number) => names.filter((_, index) => index % tiers.length === tier);
  const hosts = (list: readonly string[]) => list.map((name) => `            ${name}:\n`).join("");
  const files: Record<string, string> = {
    "hosts.yml": [
      "all:\n  children:\n    proxmox_nodes:\n      hosts:\n",
      ...NODES.map((name) => `        ${name}:\n`),
      "    resource_tiers:\n      children:\n",
      ...tiers.map((tier, index) => `        ${tier}:\n          hosts:\n${hosts(members(index))}`),
      "    functional_groups:\n      children:\n",
      `        docker_hosts:\n          hosts:\n${hosts(names)}`,
      `        gpu_access:\n          hosts:\n${hosts(names.filter((_, index) => index % 2 === 1))}`,
      `        service_agents:\n          hosts:\n${hosts(names.filter((_, index) => index % 4 !== 3))}`,
    ].join(""),
    "group_vars/all/proxmox.yml": `proxmox_api_host: pve1.example.internal
proxmox_default_node: pve1
proxmox_default_storage: local-lvm
proxmox_default_template: debian-13
proxmox_default_network: lan
proxmox_default_mounts: []
proxmox_networks:
  lan:
    bridge: vmbr0
    cidr: 10.16.0.0/12
    gateway: 10.16.0.1
`,
    "group_vars/all/groups.yml": "group_subsets:\n  service_agents: docker_hosts\n",
    "group_vars/gpu_access.yml": "enable_gpu: true\nnvidia_cfg: {}\n",
    "group_vars/service_agents.yml": "traefik_kop: {}\nsocket_proxy: {}\ndockwatch: {}\n",
    "group_vars/docker_hosts.yml": "install_docker: true\ndocker_user: docker\nlxc_features:\n  nesting: true\n",
  };
  tiers.forEach((tier, index) => {
    files[`group_vars/${tier}.yml`] =
      `lxc_cores: ${2 ** index}\nlxc_memory: ${512 * 4 ** Math.min(index, 2)}\nlxc_disk: "8"\n`;
  });
  GENERATED_NODES.forEach(({ address, name }) => {
    files[`host_vars/${name}.yml`] = nodeVars(address);
  });
  names.forEach((name, index) => {
    files[`host_vars/${name}.yml`] = guestVars(name, index);
  });
  return files;
}

function nodeVars(address: string): string {
  return `proxmox_node:
  address: ${address}
  cores: 4096
  memory: 67108864
  bridges: [vmbr0]
  storages:
    local: { type: dir, content: [vztmpl] }
    local-lvm: { type: lvmthin, content: [rootdir] }
  gpus:
    gpu0: { vendor: nvidia }
`;
}

function guestVars(name: string, index: number): string {
  return `proxmox_lxc:
  vmid: ${FIRST_VMID + index}
  hostname: ${name}
  node: ${NODES[index % NODES.length]}
  cores: "{{ lxc_cores }}"
  memory: "{{ lxc_memory }}"
  disk: "{{ lxc_disk }}"
  networks:
    - ip: ${addressOf(index)}
`;
}
