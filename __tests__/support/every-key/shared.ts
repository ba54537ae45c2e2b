// What the labs have in common: values, shared variables, nodes, a small container.

export const SHA = "0a".repeat(32);
export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpWwdfnWc3rHIIkfOJYM2F4GZbMqZ3mBTLLVn1bU7iV";

export const SHARED = `
proxmox_api_host: pve1.example.internal
proxmox_default_node: pve1
proxmox_default_storage: local-lvm
proxmox_default_template: debian-13
proxmox_default_network: lan
proxmox_networks:
  lan: { bridge: vmbr0, cidr: 192.168.1.0/24, gateway: 192.168.1.1, cidr6: "fd00:1::/64", gateway6: "fd00:1::1" }
`;
export const PVE1 = `
proxmox_node:
  address: 192.168.1.10
  cores: 16
  memory: 65536
  bridges: [vmbr0, vmbr1]
  storages:
    local: { type: dir, content: [vztmpl, iso, import, snippets, backup] }
    local-lvm: { type: lvmthin, content: [rootdir, images], size: 900 }
    slow: { type: dir, content: [images, rootdir, vztmpl, import, backup] }
`;
export const PVE2 = PVE1.replace("192.168.1.10", "192.168.1.11");
export const SMALL =
  "proxmox_lxc: { vmid: 301, cores: 2, memory: 2048, disk: 8, networks: [{ ip: 192.168.1.51, ip6: 'fd00:1::51' }] }\n";
