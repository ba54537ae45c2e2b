import { KEY } from "../vm-lab";
import { HOST_KEY, PVE1, SHA, SHARED } from "./shared";

export const CONTAINERS = `${SHARED.replace("lan: {", "lan: { vlan: 5, dns: { domain: lan.test, servers: [192.168.1.1] },")}
  srv: { bridge: vmbr1, cidr: 10.0.5.0/24, gateway: 10.0.5.1, router: gone }
proxmox_templates:
  own: { url: "https://t.example/own.tar.zst", checksum: ${SHA}, checksum_algorithm: sha256, file_name: mine.tar.zst, os_type: alpine }
  there: { volume: "local:vztmpl/there.tar.zst", os_type: debian }
proxmox_default_mounts: [{ path: /all, source: /tank/all, read_only: true, shared: true }]
lxc_cores: 3
lxc_memory: 3072
lxc_disk: 9
lxc_features: { nesting: false, keyctl: true, fuse: true, mknod: true, mount: [nfs] }
`;
export const WEB = `
proxmox_lxc:
  vmid: 301
  hostname: www
  cores: 2
  memory: 2048
  disk: 8
  swap: 64
  node: pve2
  storage: slow
  template: own
  unprivileged: false
  networks:
    - name: wan
      bridge: vmbr1
      vlan: 7
      ip: 10.0.7.5/24
      gateway: 10.0.7.1
      ip6: "fd00:7::5/64"
      gateway6: "fd00:7::1"
      mac: "BC:24:11:00:00:01"
      mtu: 1400
      rate_limit: 5
      firewall: true
    - { network: srv, ip: dhcp }
  dns: { domain: web.test, servers: [9.9.9.9] }
  started: false
  start_on_boot: true
  startup: { order: 3, up_delay: 4, down_delay: 5 }
  tags: [blue]
  pool: one
  protection: true
  description: text
  mounts:
    - path: /data
      storage: slow
      size: 5
      backup: false
      not_backed_up: scratch
      replicate: false
      acl: true
      quota: true
      options: [noatime]
  features: { nesting: true, keyctl: false, fuse: false, mknod: false, mount: [cifs] }
  devices: [{ path: /dev/x, mode: "0600", uid: 1, gid: 2, deny_write: true }]
  cpu_limit: 1.5
  cpu_units: 50
  console: { enabled: false, tty_count: 1, type: shell }
  hook_script: "local:snippets/x.sh"
  environment: { A: b }
`;

export const VMS = `${SHARED}
proxmox_image_storage: slow
`;
export const VM = `
proxmox_vm:
  vmid: 100
  hostname: www
  cores: 2
  memory: 4096
  disk: 32
  node: pve1
  storage: slow
  networks:
    - bridge: vmbr1
      vlan: 7
      ip: 10.0.7.5/24
      gateway: 10.0.7.1
      ip6: "fd00:7::5/64"
      gateway6: "fd00:7::1"
      mac: "BC:24:11:00:00:01"
      mtu: 1400
      rate_limit: 5
      firewall: true
    - { network: lan, ip: 192.168.1.60 }
  dns: { domain: web.test, servers: [9.9.9.9] }
  start_on_boot: false
  startup: { order: 3, up_delay: 4, down_delay: 5 }
  tags: [blue]
  pool: one
  protection: true
  description: text
  cloud_init:
    image: { url: "https://i.example/a.qcow2", checksum: ${SHA}, file_name: mine.qcow2, os: debian }
    user: me
    ssh_keys: ["${KEY}"]
    upgrade: false
    interface: ide2
  os_type: l24
  bios: ovmf
  secure_boot: true
  tpm: true
  machine: q35
  cpu: { type: host, sockets: 2, numa: true, affinity: 0-3, flags: [+aes], hidden: true, limit: 1.5, units: 50 }
  hugepages: 2
  keep_hugepages: true
  agent: false
  disk_interface: scsi2
  root_disk: { ssd: true, discard: false, iothread: false, backup: false, not_backed_up: x, replicate: false, cache: writeback }
  disks:
    - { size: 5, storage: local-lvm, interface: scsi3, ssd: true, discard: false, iothread: false, backup: false, not_backed_up: x, replicate: false, cache: writeback }
  scsi_hardware: virtio-scsi-pci
  vga: virtio
  boot_order: [net0]
  usb: [{ name: zigbee, usb3: true }]
  gpus: [{ name: gpu0, primary: true, rom_bar: false, memory: 99 }]
  reboot_after_update: false
  ssh: { user: you, host: 10.0.7.9, port: 2222, host_key: ${HOST_KEY}, os: debian }
`;
export const VM_NODE = `${PVE1}
  gpus: { gpu0: { vendor: nvidia, use: vm, pci_id: "0000:01:00.0", device_id: "10de:2206" }, gpu1: { vendor: nvidia, use: vm, pci_id: "0000:02:00.0", device_id: "10de:2206" } }
  usb: { zigbee: { id: "10c4:ea60" }, stick: { id: "10c4:ea61" } }
`;
