/** What a change does to a guest that runs. */
export type Effect =
  /** Proxmox VE writes it down; the guest notices nothing. */
  | "untouched"
  | "live"
  /** Written down by Proxmox VE, in force when the guest is next started; nobody restarts it. */
  | "next start"
  /** The provider reboots the guest, or stops and starts it. */
  | "reboot"
  | "stops"
  | "starts"
  /** The plan calls it an update, and the apply fails. */
  | "fails"
  /** Not established. */
  | "unknown";

/** When a row holds for some changes of its attribute only. */
export type Condition = "larger" | "smaller" | "true" | "false";

export interface Row {
  /** The attribute of the resource without numbers of list elements; what lies below it is meant as well. */
  readonly path: string;
  readonly effect: Effect;
  /** The key of `proxmox_lxc` or `proxmox_vm` that sets it, as in `Sources.of` of the lab. */
  readonly key: string;
  readonly when?: Condition;
}

const row = (path: string, effect: Effect, key: string, when?: Condition): Row => ({
  path,
  effect,
  key,
  ...(when ? { when } : {}),
});

/**
 * `proxmox_virtual_environment_container` of bpg/proxmox 0.111.1 on Proxmox VE 9.1, each tried on a running guest:
 * docs/changes.md, which the end-to-end tests write. `disk.mount_options`, `idmap` and `operating_system` are from the
 * provider's source (proxmoxtf/resource/container/container.go, where it sets rebootRequired).
 * Mounts, devices and the template are not here: the resource ignores them, and the step `hardware` keeps the first two.
 */
export const CONTAINER: readonly Row[] = [
  row("description", "untouched", "description"),
  row("tags", "untouched", "tags"),
  row("protection", "untouched", "protection"),
  row("start_on_boot", "untouched", "start_on_boot"),
  row("startup", "untouched", "startup"),
  row("hook_script_file_id", "untouched", "hook_script"),
  row("cpu.cores", "live", "cores"),
  row("cpu.limit", "live", "cpu_limit"),
  row("cpu.units", "live", "cpu_units"),
  row("cpu", "live", "cores"),
  row("memory.dedicated", "reboot", "memory"),
  row("memory.swap", "reboot", "swap"),
  row("initialization.hostname", "reboot", "hostname"),
  row("initialization.dns", "reboot", "dns"),
  row("initialization.ip_config", "reboot", "networks"),
  row("network_interface", "reboot", "networks"),
  row("disk.size", "live", "disk", "larger"),
  row("disk.size", "fails", "disk", "smaller"),
  row("disk.mount_options", "reboot", "disk"),
  row("disk.datastore_id", "unknown", "storage"),
  row("features", "next start", "features"),
  row("started", "stops", "started", "false"),
  row("started", "starts", "started", "true"),
  row("console", "reboot", "console"),
  row("environment_variables", "reboot", "environment"),
  row("operating_system", "reboot", "template"),
  row("idmap", "reboot", "idmap"),
  row("timeout_create", "untouched", "timeouts"),
  row("timeout_update", "untouched", "timeouts"),
  row("timeout_delete", "untouched", "timeouts"),
  row("timeout_clone", "untouched", "timeouts"),
  row("timeout_start", "untouched", "timeouts"),
  row("wait_for_ip", "untouched", "wait_for_ip"),
];

/**
 * `proxmox_virtual_environment_vm` of bpg/proxmox 0.111.1, with `reboot_after_update` as it is by default: tried on Proxmox VE
 * 9.1 (memory, cpu.cores, machine, network_device, disk, vga, serial_device, scsi_hardware, operating_system, started), the
 * others from the provider's source (proxmoxtf/resource/vm/vm.go, where it sets rebootRequired). A card or disk that the guest
 * does not let go of stays until the next start.
 */
export const VM: readonly Row[] = [
  row("name", "untouched", "hostname"),
  row("description", "untouched", "description"),
  row("tags", "untouched", "tags"),
  row("protection", "untouched", "protection"),
  row("on_boot", "untouched", "start_on_boot"),
  row("startup", "untouched", "startup"),
  row("hook_script_file_id", "untouched", "hook_script"),
  row("hotplug", "untouched", "hotplug"),
  row("cpu.cores", "reboot", "cores"),
  row("cpu", "reboot", "cpu"),
  row("memory.dedicated", "reboot", "memory"),
  row("memory.floating", "reboot", "balloon"),
  row("memory.hugepages", "reboot", "hugepages"),
  row("memory.keep_hugepages", "reboot", "keep_hugepages"),
  row("memory", "reboot", "memory"),
  row("numa", "reboot", "cpu"),
  row("network_device", "live", "networks"),
  row("disk.size", "live", "disk", "larger"),
  row("disk.size", "fails", "disk", "smaller"),
  row("disk.interface", "fails", "disk"),
  row("disk.datastore_id", "stops", "storage"),
  row("disk.discard", "next start", "disks"),
  row("disk.ssd", "next start", "disks"),
  row("disk.iothread", "next start", "disks"),
  row("disk", "live", "disks"),
  row("efi_disk", "reboot", "secure_boot"),
  row("tpm_state", "reboot", "tpm"),
  row("bios", "reboot", "bios"),
  row("machine", "reboot", "machine"),
  row("acpi", "reboot", "acpi"),
  row("kvm_arguments", "reboot", "args"),
  row("agent", "reboot", "agent"),
  row("audio_device", "reboot", "audio"),
  row("boot_order", "reboot", "boot_order"),
  row("cdrom", "live", "cdrom"),
  row("hostpci", "reboot", "gpus"),
  row("usb", "reboot", "usb"),
  row("vga", "reboot", "vga"),
  row("serial_device", "reboot", "serial"),
  row("scsi_hardware", "reboot", "scsi_hardware"),
  row("operating_system", "reboot", "os_type"),
  row("keyboard_layout", "reboot", "keyboard"),
  row("tablet_device", "reboot", "tablet"),
  row("virtiofs", "reboot", "virtiofs"),
  row("rng", "reboot", "rng"),
  row("watchdog", "reboot", "watchdog"),
  row("initialization.ip_config", "reboot", "networks"),
  row("initialization.dns", "reboot", "dns"),
  row("initialization", "reboot", "cloud_init"),
  row("started", "stops", "started", "false"),
  row("started", "starts", "started", "true"),
  row("amd_sev", "reboot", "amd_sev"),
  row("smbios", "next start", "smbios"),
  row("pool_id", "untouched", "pool"),
  row("migrate", "untouched", "migrate"),
  row("reboot", "untouched", "reboot"),
  row("purge_on_destroy", "untouched", "purge_on_destroy"),
  row("delete_unreferenced_disks_on_destroy", "untouched", "delete_unreferenced_disks_on_destroy"),
  row("timeout_move_disk", "untouched", "timeouts"),
  row("stop_on_destroy", "untouched", "stop_on_destroy"),
  row("reboot_after_update", "untouched", "reboot_after_update"),
  row("timeout_create", "untouched", "timeouts"),
  row("timeout_start_vm", "untouched", "timeouts"),
  row("timeout_stop_vm", "untouched", "timeouts"),
  row("timeout_shutdown_vm", "untouched", "timeouts"),
  row("timeout_reboot", "untouched", "timeouts"),
  row("timeout_migrate", "untouched", "timeouts"),
  row("timeout_clone", "untouched", "timeouts"),
];

/**
 * What becomes of an effect where `reboot_after_update` is false: the provider writes the change down and leaves the restart to
 * somebody, but fails where the VM would have to be off (vm.go, rebootAfterUpdateDisabledError).
 */
export function withoutReboot(path: string, effect: Effect): Effect {
  if (path.startsWith("tpm_state") || /^disk\.\d+\.datastore_id$/.test(path)) return "fails";
  return effect === "reboot" ? "next start" : effect;
}

/** Where a path that only ever forces a replacement was written. */
export const FORCING: Readonly<Record<string, string>> = {
  node_name: "node",
  vm_id: "vmid",
  unprivileged: "unprivileged",
  pool_id: "pool",
  mount_point: "mounts",
  device_passthrough: "devices",
  template: "template",
};

/** The row for an attribute that changed. */
export function rowOf(table: readonly Row[], path: string, before: unknown, after: unknown): Row | undefined {
  const plain = path.replaceAll(/\.\d+(?=\.|$)/g, "");
  return table.find((each) => covers(each.path, plain) && (!each.when || holds(each.when, before, after)));
}

const covers = (path: string, changed: string): boolean => changed === path || changed.startsWith(`${path}.`);

function holds(when: Condition, before: unknown, after: unknown): boolean {
  switch (when) {
    case "larger":
      return Number(after) > Number(before ?? 0);
    case "smaller":
      return Number(after) < Number(before);
    case "true":
      return after === true;
    case "false":
      return after !== true;
  }
}

/** What a resource that goes away takes with it. */
export interface Gone {
  /** What it is called in a sentence. */
  readonly word: string;
  /** What is lost, or stops to work. */
  readonly loses: string;
  /** Nobody has to allow it: nothing of value is lost, or it comes back by itself. */
  readonly isHarmless?: boolean;
}

/**
 * Kinds of resources other than guests, by the type without `proxmox_` or `proxmox_virtual_environment_`. The API removes
 * a storage's definition alone (DELETE /storage/{storage}); a bridge or VLAN is taken off the running network.
 */
export const GONE: readonly (readonly [type: RegExp, gone: Gone])[] = [
  [/^storage_/, { word: "storage", loses: "its data stays where it is, and guests with disks on it cannot start" }],
  [/^node_disk_zfs$/, { word: "ZFS pool", loses: "all data on its disks" }],
  [/^ceph_pool$/, { word: "Ceph pool", loses: "all data in it" }],
  [
    /^network_linux_(bridge|bond|vlan)$/,
    { word: "network device", loses: "guests and addresses on it lose the network" },
  ],
  [/^hardware_mapping_/, { word: "resource mapping", loses: "VMs that use it cannot start" }],
  [/^backup_job$/, { word: "backup job", loses: "its guests are no longer backed up; the backups stay" }],
  [/^replication$/, { word: "replication job", loses: "the copies on the other node" }],
  [/^(pool)$/, { word: "pool", loses: "rights that were granted on it" }],
  [/firewall/, { word: "firewall setting", loses: "what it kept out is let in, or what it let in is kept out" }],
  [/^acme_|^certificate$/, { word: "certificate setting", loses: "the certificate is no longer renewed" }],
  [/^pool_membership$/, { word: "membership of a pool", loses: "rights that came with it", isHarmless: true }],
  [/^(download_)?file$|^oci_image$/, { word: "file", loses: "nothing: it is fetched again", isHarmless: true }],
];
