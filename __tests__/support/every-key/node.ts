import { HOST_KEY, SHARED } from "./shared";

export const NODE = `
proxmox_node:
  address: 192.168.1.10
  ssh_port: 2222
  ssh_host_key: ${HOST_KEY}
  cores: 16
  memory: 65536
  interfaces: { eno1: { address: 172.16.0.10/24, address6: "fd00:9::10/64" }, eno2: {}, eno3: { address: 172.17.0.10/24 } }
  bridges:
    vmbr0: { existing: true }
    vmbr2: { existing: true, isolate_guests: true }
    vmbr1:
      address: 10.0.100.1/24
      address6: "fd00:2::1/64"
      ports: [eno2]
      vlan_aware: true
      mtu: 9000
      comment: guests
      autostart: false
      nat: { uplink: eno1 }
      isolated_from: [vmbr0, eno1]
      node_services: [dns]
      isolate_guests: true
      forward: [{ protocol: udp, port: 53, to: 10.0.100.5, to_port: 5353, source: 10.9.0.0/16, comment: dns }]
  storages:
    local: { type: dir, content: [vztmpl, iso] }
    local-lvm: { type: lvmthin, content: [rootdir, images], size: 500 }
  gpus:
    gaming:
      vendor: nvidia
      model: RTX
      use: vm
      pci_id: "0000:01:00.0"
      device_id: "10de:2484"
      subsystem_id: "1043:8591"
      iommu_group: 1
      functions: ["0000:01:00.1"]
    spare: { vendor: nvidia, use: vm, pci_id: "0000:02:00.0", device_id: "10de:2485" }
    intel: { vendor: intel, memory: 4096, devices: [/dev/dri/renderD128] }
  usb: { zigbee: { id: "10c4:ea60", path: 1-2, comment: stick } }
  repositories: { enterprise: false, no_subscription: true, ceph: none }
  time_zone: Europe/Berlin
  dns: { domain: lab.test, servers: [192.168.1.1] }
  hosts: { 192.168.1.9: [nas] }
  acme: { domains: [{ domain: pve.example.org, plugin: dns, alias: proof.example.org }] }
`;
export const NODE_SHARED = `${SHARED}
proxmox_acme:
  contact: me@example.org
  directory: "https://ca.example/directory"
  terms: "https://ca.example/terms"
  plugins: { dns: { api: cf, data: { A: x, B: { secret: b } }, validation_delay: 60 } }
`;
