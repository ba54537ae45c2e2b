import { allRoles } from "../../provision/registry";
import { hosts, type LabFiles, load } from "./lab-folder";

/** A public key that a VM may be given. */
export const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpWwdfnWc3rHIIkfOJYM2F4GZbMqZ3mBTLLVn1bU7iV operator";
/** A host_vars file of a node that has all that a VM may claim. */
export const NODE = `
proxmox_node:
  address: 192.168.1.10
  cores: 16
  memory: 65536
  bridges: [vmbr0]
  storages:
    local: { type: dir, content: [vztmpl, iso, import] }
    local-lvm: { type: lvmthin, content: [rootdir, images], size: 900 }
    slow: { type: dir, content: [images] }
  gpus:
    gpu0: { vendor: nvidia, pci_id: "0000:01:00.0", device_id: "10de:2206", subsystem_id: "1043:8591", iommu_group: 1, use: vm }
    p40: { vendor: nvidia, memory: 24576 }
  usb: { zigbee: { id: "10c4:ea60" } }
`;

/** Systems that a VM may have, as keys of proxmox_vm. */
export const HAOS = 'haos: { version: "16.3" }';
export const CLOUD = `cloud_init: { image: debian-13, ssh_keys: ["${KEY}"] }`;
export const WINDOWS = 'windows: { iso: "local:iso/Win11.iso", virtio_iso: "local:iso/virtio-win.iso" }';

/** A host_vars file of a VM; what it needs and `lines` do not say is added. */
function vm(...lines: readonly string[]): string {
  const given = new Set(lines.map((line) => line.split(":")[0]));
  const needed = ["vmid: 100", "cores: 2", "memory: 4096", "disk: 32", "networks: [{ ip: 192.168.1.51 }]"];
  const all = [...lines, ...needed.filter((line) => !given.has(line.split(":")[0]))];
  return ["proxmox_vm:", ...all.map((line) => `  ${line}`), ""].join("\n");
}

/** The sound lab with the VM `web`, which has these keys of proxmox_vm. */
export const loaded = (lines: readonly string[], files: LabFiles = {}) =>
  load({ "host_vars/web.yml": vm(...lines), "host_vars/pve1.yml": NODE, ...files }, allRoles());

/** The VMs `web` and `other` beside each other, with these keys of proxmox_vm. */
export const two = (a: readonly string[], b: readonly string[]): LabFiles => ({
  "hosts.yml": hosts({ guests: ["web", "other"] }),
  "host_vars/web.yml": vm(...a),
  "host_vars/other.yml": vm("vmid: 101", "networks: [{ ip: 192.168.1.52 }]", ...b),
  "host_vars/pve1.yml": NODE,
});
