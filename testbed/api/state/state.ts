/** Everything the testbed knows, as plain data: it is what the snapshot file holds. */
export interface State {
  /** Signs tickets, so that they survive a restart of the API. */
  ticketSecret: string;
  users: Record<string, User>;
  groups: Record<string, { comment?: string }>;
  /** Roles beyond the built-in ones: name → privileges. */
  roles: Record<string, string[]>;
  acl: AclEntry[];
  realms: Record<string, Section>;
  nodes: Record<string, Node>;
  storages: Record<string, Section>;
  volumes: Volume[];
  guests: Record<number, Guest>;
  pools: Record<string, Pool>;
  /** Firewall configuration by level: `cluster`, `node/pve1`, `guest/101`, `vnet/v1`. */
  firewalls: Record<string, Firewall>;
  /** Cluster-wide collections, for example `mapping/pci`: id → section. */
  sections: Record<string, Record<string, Section>>;
  /** `datacenter.cfg` */
  options: Record<string, string>;
  tasks: Task[];
  /** Grows with every task and every number that must be fresh. */
  counter: number;
}

/** Keys and values of one entry of a configuration file. */
export type Section = Record<string, string | number | string[]>;

export interface User {
  password?: string;
  enable: number;
  expire: number;
  comment?: string;
  email?: string;
  firstname?: string;
  lastname?: string;
  keys?: string;
  groups: string[];
  tokens: Record<string, Token>;
}

export interface Token {
  secret: string;
  privsep: number;
  expire: number;
  comment?: string;
}

export interface AclEntry {
  path: string;
  type: "user" | "group" | "token";
  ugid: string;
  roleid: string;
  propagate: number;
}

export interface Node {
  online: boolean;
  cores: number;
  memoryMiB: number;
  /** Address that the cluster reports. */
  address: string;
  startedAt: number;
  dns: Record<string, string>;
  hosts: string;
  timezone: string;
  network: Record<string, Section>;
  /** Interfaces as written but not yet in force; absent when nothing is pending. */
  pendingNetwork?: Record<string, Section>;
  config: Record<string, string>;
  pciDevices: Section[];
  usbDevices: Section[];
  repositories: AptFile[];
}

export interface AptFile {
  path: string;
  entries: AptEntry[];
}

export interface AptEntry {
  enabled: boolean;
  types: string[];
  uris: string[];
  suites: string[];
  components: string[];
  comment: string;
  fileType: "list" | "sources";
  options: { key: string; values: string[] }[];
}

export interface Volume {
  /** `local:vztmpl/debian-13.tar.zst`, `local-zfs:subvol-101-disk-0` */
  volid: string;
  /** Empty for storages that all nodes share. */
  node: string;
  content: string;
  format: string;
  size: number;
  ctime: number;
  vmid?: number;
  notes?: string;
  protected?: number;
  sha256?: string;
  /** It is a file of the node, and goes with it. */
  isFile?: boolean;
}

export interface Guest {
  vmid: number;
  node: string;
  type: "lxc" | "qemu";
  config: GuestValues;
  /** Written, but in force only after the next start. `null`: to be removed. */
  pending: Record<string, string | null>;
  running: boolean;
  startedAt: number;
  pid: number;
  snapshots: Record<string, Snapshot>;
  /** What the root filesystem of a container is: it decides at every start, whatever `ostype` says. */
  os?: string;
}

export type GuestValues = Record<string, string>;

export interface Snapshot {
  config: GuestValues;
  time: number;
  description: string;
  parent?: string;
}

export interface Pool {
  comment?: string;
  guests: number[];
  storages: string[];
}

export type FirewallRule = Record<string, string | number>;

export interface Firewall {
  options: Record<string, string>;
  rules: FirewallRule[];
  aliases: Record<string, { cidr: string; comment?: string }>;
  ipsets: Record<string, IpSet>;
  groups: Record<string, { comment?: string; rules: FirewallRule[] }>;
}

export interface IpSet {
  comment?: string;
  entries: { cidr: string; comment?: string; nomatch?: number }[];
}

export interface Task {
  upid: string;
  node: string;
  type: string;
  id: string;
  user: string;
  tokenid?: string;
  pid: number;
  pstart: number;
  starttime: number;
  endtime?: number;
  exitstatus?: string;
  log: string[];
}
