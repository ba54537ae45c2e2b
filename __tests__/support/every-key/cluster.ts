import { hosts, type LabFiles } from "../lab-folder";
import { PVE1, PVE2, SHARED, SMALL } from "./shared";

const PRINT = Array.from({ length: 32 }, () => "ab").join(":");
const OTHER = SMALL.replace("301", "302").replaceAll("51", "52");

const SCRATCH = SMALL.replace("301", "303").replaceAll("51", "53").replace("}] }", "}], not_backed_up: scratch }");

export const cluster: LabFiles = {
  "hosts.yml": hosts({ proxmox_nodes: ["pve1", "pve2"], guests: ["web", "db", "tmp"] }),
  "host_vars/tmp.yml": SCRATCH,
  "host_vars/pve1.yml": PVE1,
  "host_vars/pve2.yml": PVE2,
  "host_vars/web.yml": SMALL,
  "host_vars/db.yml": OTHER,
};

export const WIDE = `${SHARED}
proxmox_api_port: 8007
proxmox_validate_certs: false
proxmox_keep_root: true
proxmox_ssh_user: deploy
proxmox_template_storage: slow
proxmox_metrics:
  graphite: { type: graphite, server: 10.0.0.8, port: 2003, protocol: tcp, path: lab }
  influx:
    { type: influxdb, server: 10.0.0.8, port: 8086, protocol: http, bucket: b, organization: o, token: { secret: t }, verify: false }
proxmox_storages:
  folder: { type: dir, path: /srv/x, content: [iso, backup], size: 5, nodes: [pve1], enabled: false, shared: true }
  nas: { type: nfs, server: 10.0.0.10, export: /srv/nas, options: vers=4.2, content: [backup] }
  smb:
    { type: cifs, server: 10.0.0.11, share: s, subdirectory: /sub, domain: d, username: u, password: { secret: w }, content: [backup] }
  tank:
    { type: zfspool, pool: rpool/x, thin: false, block_size: 16k, content: [rootdir, images], dataset: { properties: [compression=zstd] } }
  plato:
    type: pbs
    server: 10.0.0.12
    datastore: main
    namespace: lab
    username: backup@pbs
    password: { secret: w }
    fingerprint: "${PRINT}"
    encryption_key: { secret: k }
proxmox_backup_jobs:
  nightly:
    schedule: "02:30"
    storage: plato
    guests: [guests]
    exclude: [db, tmp]
    keep: { last: 1, hourly: 2, daily: 3, weekly: 4, monthly: 5, yearly: 6 }
    mode: stop
    compress: lzo
    notes: "{vmid}"
    node: pve1
    mail_to: [root@example.org]
    mail_when: failure
    bandwidth: 1000
    repeat_missed: true
    change_detection: data
    enabled: false
  weekly: { schedule: "sat 18:15", storage: plato, pool: one, keep: all }
  daily: { schedule: daily, storage: plato, guests: [web, db], keep: all }
  all: { schedule: daily, storage: plato, keep: all }
`;

export const FIREWALL = `${SHARED}
proxmox_firewall:
  enabled: true
  adopt: true
  input: reject
  output: drop
  forward: drop
  ebtables: false
  aliases: { desk: { address: 192.168.1.9, comment: mine } }
  ipsets:
    management: [desk]
    others: { comment: more, members: [{ address: 10.0.0.0/8, except: true, comment: far }] }
  security_groups:
    web: { hosts: web, comment: web, rules: [{ allow: HTTP }] }
    others: []
  rules:
    - { allow: { from: 192.168.1.9, to: 192.168.1.10, protocol: tcp, port: 443, source_port: 1024 } }
    - { drop: { macro: SSH }, direction: out, card: vmbr0, log: info, comment: note, enabled: false }
    - { reject: HTTPS }
    - { group: web }
  nodes:
    pve1:
      { enabled: false, log_in: info, log_out: info, log_forward: info, ndp: false, nosmurfs: false, nftables: true, rules: [{ allow: DNS }] }
`;
export const GUEST_FIREWALL = `
proxmox_guest_firewall:
  enabled: false
  input: reject
  output: drop
  dhcp: true
  ndp: false
  radv: true
  macfilter: false
  ipfilter: true
  log_in: info
  log_out: info
  rules: [{ allow: HTTPS }]
`;
