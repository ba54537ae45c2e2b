/** A VM's configuration as its node shows it: VMs are state only. */
export interface VmFile {
  readonly node: string;
  readonly vmid: number;
  readonly text: string;
}

/**
 * What stands behind a container of the testbed: the API keeps configurations, locks and tasks,
 * and asks one backend per testbed to make guests exist, run and stop.
 *
 * Every method rejects with an `Error` whose message is one line; it becomes the end of the task's log
 * (`TASK ERROR: <message>`) and the task's exit status. No method is called for virtual machines.
 */
export interface GuestBackend {
  /** Shown by `testbed status`: `inert`, `lxc`, … */
  readonly kind: string;
  /** Makes the guest's disk from the template. The guest is stopped afterwards. */
  create(guest: NewGuest, log: TaskLog): Promise<void>;
  /** Makes `target` a stopped copy of the guest `source`. `config` is the copy's configuration. */
  clone(source: GuestRef, target: GuestRef, config: GuestConfig, log: TaskLog): Promise<void>;
  /** Starts a stopped guest with this configuration; resolves when its init runs. */
  start(guest: GuestRef, config: GuestConfig, log: TaskLog): Promise<void>;
  /** Kills the guest. A stopped guest is no error. */
  stop(guest: GuestRef, log: TaskLog): Promise<void>;
  /** Asks the guest's init to stop. Rejects when it still runs after `timeoutSeconds`. */
  shutdown(guest: GuestRef, timeoutSeconds: number, log: TaskLog): Promise<void>;
  /** Stops and starts with this configuration, which holds what was pending until now. */
  reboot(guest: GuestRef, config: GuestConfig, timeoutSeconds: number, log: TaskLog): Promise<void>;
  /** Removes the guest and its disks. It is stopped. An unknown guest is no error. */
  destroy(guest: GuestRef, log: TaskLog): Promise<void>;
  /**
   * The configuration of a running guest changed. Called after the API decided, as Proxmox VE does, which keys
   * act at once (cores, cpulimit, cpuunits, memory, swap, hostname, nameserver, searchdomain, netN, added mpN).
   * Stopped guests get their configuration at the next `start`.
   *
   * @returns keys that could not be changed live and stay pending, with the reason
   */
  hotplug(guest: GuestRef, change: ConfigChange): Promise<Readonly<Record<string, string>>>;
  /** Interfaces of a running guest as the guest sees them; `undefined` when it does not run. */
  addresses(guest: GuestRef): Promise<readonly GuestInterface[] | undefined>;
  status(guest: GuestRef): Promise<GuestStatus>;
  /**
   * Files in a folder of a node, for storages that are folders: what was put there over SSH is content too.
   * Absent: nodes have no files.
   */
  files?(node: string, folder: string): Promise<readonly NodeFile[]>;
  /** Removes a file of a node. An absent file is no error. */
  removeFile?(node: string, path: string): Promise<void>;
  /**
   * A node's network was reloaded: these are its bridges now. Absent: nodes have no network.
   */
  network?(node: string, bridges: readonly NodeBridge[]): Promise<void>;
  /** Shows nodes the configurations of all VMs. Called after every change; without it, nodes have none. */
  showVms?(files: readonly VmFile[]): void;
  /** Called once when the testbed closes. Running guests are the backend's to stop or to leave. */
  close(): Promise<void>;
}

export interface GuestRef {
  /** Name of the cluster node that holds the guest. */
  readonly node: string;
  readonly vmid: number;
}

/**
 * A container's configuration: keys and values as Proxmox VE writes them to `/etc/pve/lxc/<vmid>.conf`
 * (`hostname`, `memory` in MiB, `net0` = `name=eth0,bridge=vmbr0,hwaddr=…,ip=192.0.2.5/24,type=veth`,
 * `rootfs` = `local-zfs:subvol-101-disk-0,size=8G`, `features` = `nesting=1`, `dev0` = `/dev/net/tun,mode=0660`, …).
 */
export type GuestConfig = Readonly<Record<string, string>>;

export interface NewGuest extends GuestRef {
  readonly config: GuestConfig;
  /** Volume id of the template, for example `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`. */
  readonly template: string;
  /** Root's password inside the guest, when one was given. */
  readonly password?: string;
  /** Contents of root's `authorized_keys`, when given. */
  readonly sshPublicKeys?: string;
}

export interface ConfigChange {
  /** The whole configuration after the change. */
  readonly config: GuestConfig;
  /** Keys that were added or got another value. */
  readonly changed: readonly string[];
  /** Keys that are gone. */
  readonly removed: readonly string[];
}

export interface GuestInterface {
  /** As inside the guest: `lo`, `eth0`. */
  readonly name: string;
  readonly mac: string;
  /** With prefix length, without scope: `192.0.2.5/24`, `fe80::1/64`. */
  readonly addresses: readonly string[];
}

export interface GuestStatus {
  readonly running: boolean;
  /** Process id of the guest's init on the machine that runs the testbed. */
  readonly pid?: number;
  /** Memory in use, bytes. */
  readonly memoryBytes?: number;
}

export interface NodeFile {
  readonly name: string;
  readonly bytes: number;
  /** Seconds since 1970. */
  readonly modified: number;
}

/** A bridge as the node's `/etc/network/interfaces` has it. */
export interface NodeBridge {
  readonly name: string;
  /** The node's own on it, with prefix length. */
  readonly addresses: readonly string[];
  /** What `/etc/network/interfaces` says of it. */
  readonly stanza: string;
}

/** Adds one line to the log of the task that asked for the work. */
export type TaskLog = (line: string) => void;
