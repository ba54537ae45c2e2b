import { keysAt } from "../../model/schema/shape";
import { VARIABLES } from "../../model/schema/variables";
import { load, removeLabFolders, told, withNode } from "../support/lab-folder";
import { KEY, NODE } from "../support/vm-lab";

afterAll(removeLabFolders);

type Kind = "proxmox_lxc" | "proxmox_vm" | "proxmox_node";

const COMMON = [
  "vmid: 301",
  "hostname: web",
  "cores: 2",
  "memory: 2048",
  "disk: 32",
  "node: pve1",
  "storage: local-lvm",
  "networks: [{ ip: 192.168.1.51 }]",
  "dns: { domain: example.org }",
  "started: true",
  "start_on_boot: false",
  "startup: { order: 1 }",
  "tags: [a]",
  "pool: lab",
  "protection: false",
  "description: a guest",
  "exceptions: { memory: it needs more }",
  "adopt: false",
  "not_backed_up: nothing in it",
  "rebuild: first",
];

/** Host variables that are sound, one key a line: together they have every key of their schema. */
const EXAMPLES: readonly (readonly [Kind, readonly string[]])[] = [
  [
    "proxmox_lxc",
    [
      ...COMMON,
      "swap: 512",
      "template: debian-13",
      "unprivileged: true",
      "mounts: [{ path: /data, storage: local-lvm, size: 1 }]",
      "features: { nesting: true }",
      "devices: [{ path: /dev/net/tun }]",
      "cpu_limit: 1",
      "cpu_units: 100",
      "console: { type: tty }",
      "hook_script: local:snippets/hook.pl",
      "environment: { TZ: UTC }",
      "gpus: []",
    ],
  ],
  [
    "proxmox_vm",
    [
      ...COMMON,
      `cloud_init: { image: debian-13, ssh_keys: ["${KEY}"] }`,
      "os_type: l26",
      "bios: ovmf",
      "secure_boot: false",
      "tpm: false",
      "machine: q35",
      "cpu: { type: host }",
      "balloon: 0",
      "hugepages: 2",
      "keep_hugepages: false",
      "agent: true",
      "disk_interface: scsi0",
      "root_disk: { ssd: true }",
      "disks: [{ size: 1 }]",
      "scsi_hardware: virtio-scsi-pci",
      "vga: std",
      "boot_order: [scsi0]",
      "usb: [zigbee]",
      "gpus: [gpu0]",
      "reboot_after_update: true",
      "ssh: { port: 22 }",
    ],
  ],
  ["proxmox_vm", [...COMMON, 'haos: { version: "16.3" }']],
  ["proxmox_vm", [...COMMON, "windows: { installed: true }"]],
  ["proxmox_vm", [...COMMON, "image: { volume: local:import/a.qcow2 }"]],
  ["proxmox_vm", [...COMMON, "iso: local:iso/a.iso"]],
  [
    "proxmox_node",
    [
      "address: 192.168.1.10",
      "ssh_port: 22",
      `ssh_host_key: ${KEY}`,
      "active: true",
      "cores: 16",
      "memory: 32768",
      "bridges: [vmbr0]",
      "interfaces: { eno1: { address: 192.168.1.10/24 } }",
      "storages: { local: { type: dir, content: [vztmpl, iso] }, local-lvm: { type: lvmthin, content: [rootdir, images] } }",
      "gpus: { card: { vendor: nvidia } }",
      'usb: { zigbee: { id: "10c4:ea60" } }',
      "repositories: { enterprise: false }",
      "time_zone: Europe/Berlin",
      "dns: { domain: example.org, servers: [192.168.1.1] }",
      "hosts: { 10.0.0.9: [nas] }",
      "acme: { domains: [{ domain: pve.example.org }] }",
    ],
  ],
];

/** Entries of variables of the whole lab, one key a line. */
const SHARED = {
  proxmox_networks: [
    "bridge: vmbr0",
    "vlan: 5",
    "cidr: 192.168.1.0/24",
    "gateway: 192.168.1.1",
    "cidr6: fd00::/64",
    "gateway6: fd00::1",
    "dns: { servers: [192.168.1.1] }",
  ],
  proxmox_storages: [
    "type: nfs",
    "content: [backup]",
    "nodes: [pve1]",
    "size: 100",
    "enabled: true",
    "server: nas.example.org",
    "export: /tank",
    "options: vers=4.2",
  ],
  proxmox_backup_jobs: [
    'schedule: "02:30"',
    "storage: backups",
    "guests: all",
    "notes: by night",
    "keep: all",
    "mode: snapshot",
    "compress: zstd",
    "enabled: true",
  ],
} as const;

/** The rest of such a lab. */
const BASE = `
proxmox_api_host: pve1.example.internal
proxmox_default_node: pve1
proxmox_default_storage: local-lvm
proxmox_default_template: debian-13
`;

const keyOf = (line: string) => line.split(":")[0] ?? "";
const fileOf = (kind: Kind) => `host_vars/${kind === "proxmox_node" ? "pve1" : "web"}.yml`;
const filesOf = (kind: Kind, lines: readonly string[]) => ({
  ...(kind === "proxmox_vm" ? { "host_vars/pve1.yml": NODE } : {}),
  "group_vars/proxmox_nodes.yml": "proxmox_acme: { contact: me@example.org, terms: https://ca.example/terms }\n",
  [fileOf(kind)]: `${kind}:\n${lines.map((line) => `  ${line}\n`).join("")}`,
});

describe("where a key of an entity was written", () => {
  it.each(["proxmox_lxc", "proxmox_vm", "proxmox_node"] as const)("has an example of every key of %s", (kind) => {
    const given = new Set(EXAMPLES.flatMap(([each, lines]) => (each === kind ? lines.map(keyOf) : [])));
    expect([...given].sort()).toEqual(keysAt(VARIABLES[kind], []).sort());
  });

  it.each(EXAMPLES)("is known to the lab for every key: %s", (kind, lines) => {
    const { lab, problems } = load(filesOf(kind, lines));
    const entity = kind === "proxmox_node" ? lab?.nodes[0] : lab?.guests[0];
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    const places = lines.map((line) => [keyOf(line), entity?.source.of[keyOf(line)]?.line]);
    expect(places).toEqual(lines.map((line, index) => [keyOf(line), index + 2]));
  });

  it.each<[keyof typeof SHARED, string]>([
    ["proxmox_networks", "lan"],
    ["proxmox_storages", "tank"],
    ["proxmox_backup_jobs", "nightly"],
  ])("is known to the lab for every key of an entry: %s", (variable, name) => {
    const text = SHARED[variable].map((line) => `    ${line}\n`).join("");
    const shared = { "group_vars/all.yml": `${variable}:\n  ${name}:\n${text}${BASE}` };
    const { lab, problems } = load({ ...withNode("    backups: { type: dir, content: [backup] }\n"), ...shared });
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    const entries = {
      proxmox_networks: lab?.networks,
      proxmox_storages: lab?.storages,
      proxmox_backup_jobs: lab?.backupJobs,
    };
    const of = entries[variable]?.find((each) => each.name === name)?.source.of;
    expect(SHARED[variable].map((line) => [keyOf(line), of?.[keyOf(line)]?.line])).toEqual(
      SHARED[variable].map((line, index) => [keyOf(line), index + 3]),
    );
  });

  it("is what a rule's problem points to", () => {
    const text = withNode("  hosts: { 10.0.0.9: [nas] }\n")["host_vars/pve1.yml"]!;
    const named = { "host_vars/pve1.yml": text.replace("192.168.1.10", "pve1.example.org") };
    const line = named["host_vars/pve1.yml"].split("\n").findIndex((each) => each.startsWith("  hosts:")) + 1;
    expect(told(load(named), "hosts-without-address")).toEqual([
      expect.stringContaining(`host_vars/pve1.yml:${line}:10 `),
    ]);
  });
});
