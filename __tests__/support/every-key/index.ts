import { hosts, type LabFiles } from "../lab-folder";
import { cluster, FIREWALL, GUEST_FIREWALL, WIDE } from "./cluster";
import { CONTAINERS, VM, VM_NODE, VMS, WEB } from "./guests";
import { NODE, NODE_SHARED } from "./node";
import { PVE1, PVE2, SHA, SHARED, SMALL } from "./shared";

/*
 * Labs that together use every key of the inventory, each with another value than its default.
 */

const plain = (vmid: number, lines: string) =>
  `proxmox_vm:\n  vmid: ${vmid}\n  cores: 2\n  memory: 4096\n  disk: 64\n  networks: [{ network: lan }]\n${lines}`;

const backend = (lines: string): LabFiles => ({
  "group_vars/all.yml": `${SHARED}\nterraform_backend: { ${lines} }\n`,
  "host_vars/web.yml": SMALL,
});

/** By a word for messages. */
export const LABS: Readonly<Record<string, LabFiles>> = {
  cluster: { ...cluster, "group_vars/all.yml": WIDE },
  firewall: { ...cluster, "group_vars/all.yml": FIREWALL, "host_vars/web.yml": SMALL + GUEST_FIREWALL },
  node: {
    "hosts.yml": hosts({ proxmox_nodes: ["pve1", "pve2"], guests: ["web"] }),
    "host_vars/pve2.yml": `${PVE2}  time_zone: Europe/Berlin\n  active: false\n`,
    "group_vars/all.yml": NODE_SHARED,
    "host_vars/pve1.yml": NODE,
    "host_vars/web.yml": SMALL,
  },
  management: {
    "group_vars/all.yml": SHARED,
    "host_vars/pve1.yml": PVE1.replace(
      "[vmbr0, vmbr1]",
      "{ vmbr0: { management: rewrite, address: 192.168.1.10/24, ports: [eno1] }, vmbr1: {} }",
    ),
    "host_vars/web.yml": SMALL,
  },
  containers: {
    ...cluster,
    "hosts.yml": hosts({
      proxmox_nodes: ["pve1", "pve2"],
      guests: ["web", "db", "gone"],
      gpu_access: ["db"],
    }),
    "group_vars/all.yml": CONTAINERS,
    "host_vars/pve1.yml": `${PVE1}  gpus: { p40: { vendor: nvidia, memory: 24576 }, k80: { vendor: nvidia }, arc: { vendor: intel, devices: [/dev/dri/renderD128] } }\n`,
    "host_vars/web.yml": WEB,
    "host_vars/db.yml":
      "proxmox_lxc: { vmid: 302, networks: [{ ip: 192.168.1.52, ip6: 'fd00:1::52' }], gpus: [{ name: p40, exclusive: true, memory: 99 }, { name: arc }], rebuild: one, exceptions: { cores: x, memory: y, disk: z } }\nenable_gpu: true\n",
    "host_vars/gone.yml":
      "proxmox_lxc: { vmid: 303, template: there, adopt: true, networks: [{ network: srv, ip: 10.0.5.1 }] }\n",
  },
  vms: { "group_vars/all.yml": VMS, "host_vars/pve1.yml": VM_NODE, "host_vars/web.yml": VM },
  "other VMs": {
    "hosts.yml": hosts({ proxmox_nodes: ["pve1", "pve2"], guests: ["home", "win", "old", "disc"] }),
    "host_vars/pve2.yml": PVE2,
    "group_vars/all.yml": `${VMS}proxmox_backup_jobs: { all: { schedule: daily, storage: slow, keep: all } }\n`,
    "host_vars/pve1.yml": VM_NODE,
    "host_vars/home.yml": plain(101, `  node: pve2\n  haos: { version: "16.3", checksum: ${SHA} }\n  rebuild: one\n`),
    "host_vars/win.yml": plain(
      102,
      '  windows: { version: 10, iso: "local:iso/w1.iso", virtio_iso: "local:iso/v1.iso", installed: false }\n',
    ),
    "host_vars/old.yml": plain(103, '  image: { volume: "local:import/a.qcow2", os: debian }\n  balloon: 1024\n'),
    "host_vars/disc.yml": plain(
      104,
      '  iso: "local:iso/d1.iso"\n  started: false\n  adopt: true\n  machine: pc\n  cpu: { numa: true, hidden: true }\n  exceptions: { cores: x }\n  not_backed_up: x\n',
    ),
  },
  backend: backend("type: local"),
  "backend local": backend("type: local, path: state/x.tfstate"),
  "backend http": backend(
    'type: http, address: "https://s.example/s", lock_address: "https://s.example/l", unlock_address: "https://s.example/u"',
  ),
  "backend s3": backend('type: s3, bucket: b, key: k, region: eu, endpoint: "https://s3.example", use_lockfile: false'),
  "backend pg": backend("type: pg, schema_name: other"),
  "backend gitlab": backend('type: gitlab, address: "https://gitlab.example", project: "1", state_name: other'),
};
