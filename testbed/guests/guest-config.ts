import { posix } from "node:path";
import type { GuestConfig } from "../api/guest-backend";

/** A property string's parts: `name=eth0,ip=dhcp`; a first part without `=` is the value of `defaultKey`. */
export function properties(text: string, defaultKey: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    if (at < 0) found[defaultKey] ??= part;
    else found[part.slice(0, at)] = part.slice(at + 1);
  }
  return found;
}

/** The indices and values of `net0`, `net1`, … in order. */
function numbered(config: GuestConfig, prefix: string): { key: string; index: number; value: string }[] {
  return Object.entries(config)
    .flatMap(([key, value]) => {
      const index = new RegExp(`^${prefix}(\\d+)$`).exec(key)?.[1];
      return index === undefined ? [] : [{ key, index: Number(index), value }];
    })
    .sort((a, b) => a.index - b.index);
}

export interface Nic {
  readonly key: string;
  readonly index: number;
  readonly name: string;
  readonly bridge: string | undefined;
  readonly vlan: number | undefined;
  readonly mac: string | undefined;
  readonly mtu: number | undefined;
  readonly linkDown: boolean;
  /** `dhcp`, `manual` or an address with prefix length. */
  readonly ip: string;
  readonly gateway: string | undefined;
  /** `dhcp`, `auto`, `manual` or an address with prefix length. */
  readonly ip6: string;
  readonly gateway6: string | undefined;
}

export function nics(config: GuestConfig): Nic[] {
  return numbered(config, "net").map(({ key, index, value }) => {
    const net = properties(value, "name");
    return {
      key,
      index,
      name: net.name ?? `eth${index}`,
      bridge: net.bridge,
      vlan: net.tag === undefined ? undefined : Number(net.tag),
      mac: net.hwaddr,
      mtu: net.mtu === undefined ? undefined : Number(net.mtu),
      linkDown: net.link_down === "1",
      ip: net.ip ?? "manual",
      gateway: net.gw,
      ip6: net.ip6 ?? "manual",
      gateway6: net.gw6,
    };
  });
}

export interface Mount {
  readonly key: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** A folder of the node. */
  readonly bind?: string;
  /** A volume of a storage. */
  readonly volume?: { readonly storage: string; readonly name: string };
}

export function mounts(config: GuestConfig): Mount[] {
  return numbered(config, "mp").map(({ key, value }) => {
    const mount = properties(value, "volume");
    const volume = mount.volume ?? "";
    const at = volume.indexOf(":");
    return {
      key,
      target: posix.normalize(`/${mount.mp ?? ""}`),
      readOnly: mount.ro === "1",
      ...(volume.startsWith("/") || at < 0
        ? { bind: volume }
        : { volume: { storage: volume.slice(0, at), name: volume.slice(at + 1).replaceAll("/", "-") } }),
    };
  });
}

export interface Device {
  readonly key: string;
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export function devices(config: GuestConfig): Device[] {
  return numbered(config, "dev").map(({ key, value }) => {
    const device = properties(value, "path");
    return {
      key,
      path: device.path ?? "",
      mode: Number.parseInt(device.mode ?? "0660", 8),
      uid: Number(device.uid ?? 0),
      gid: Number(device.gid ?? 0),
    };
  });
}

export const isUnprivileged = (config: GuestConfig): boolean => config.unprivileged === "1";

export const hostname = (config: GuestConfig, vmid: number): string => config.hostname ?? `CT${vmid}`;

/** Name of a guest's network interface on its node, as Proxmox VE has it. */
export const vethName = (vmid: number, nic: Nic): string => `veth${vmid}i${nic.index}`;

/** The bridge a NIC hangs on: each VLAN of a bridge is a segment of its own. */
export const segment = (nic: Nic): string | undefined =>
  nic.bridge === undefined || nic.vlan === undefined ? nic.bridge : `${nic.bridge}v${nic.vlan}`;

/** LXC's configuration of a guest, as its node reads it. Paths are those of the node. */
export function lxcConfig(vmid: number, config: GuestConfig, entries: readonly string[], limits: Limits): string {
  const features = properties(config.features ?? "", "");
  const folder = `/var/lib/lxc/${vmid}`;
  const first = isUnprivileged(config) ? 100_000 : 0;
  const lines = [
    "lxc.include = /usr/share/lxc/config/common.conf",
    "lxc.include = /usr/share/lxc/config/userns.conf",
    ...(features.nesting === "1" ? ["lxc.include = /usr/share/lxc/config/nesting.conf"] : []),
    `lxc.rootfs.path = dir:${folder}/rootfs`,
    `lxc.uts.name = ${hostname(config, vmid)}`,
    "lxc.apparmor.profile = unconfined",
    `lxc.idmap = u 0 ${first} 65536`,
    `lxc.idmap = g 0 ${first} 65536`,
    `lxc.tty.max = ${config.tty ?? 2}`,
    "lxc.environment = TERM=linux",
    "lxc.signal.halt = SIGRTMIN+3",
    `lxc.cgroup.dir.container = lxc/${vmid}`,
    `lxc.cgroup.dir.monitor = lxc.monitor/${vmid}`,
    "lxc.hook.mount = /usr/lib/testbed/setup-hook",
    `lxc.mount.entry = ${folder}/docker var/lib/docker none bind,create=dir 0 0`,
    `lxc.mount.entry = ${folder}/containerd var/lib/containerd none bind,create=dir 0 0`,
    ...(features.fuse === "1" ? ["lxc.mount.entry = /dev/fuse dev/fuse none bind,create=file,optional 0 0"] : []),
    ...entries.map((entry) => `lxc.mount.entry = ${entry}`),
    ...nics(config).flatMap((nic) => nicLines(vmid, nic)),
    ...limitLines(config, limits),
  ];
  return `${lines.join("\n")}\n`;
}

/** Which limits the machine's cgroups can enforce. */
export interface Limits {
  readonly memory: boolean;
  readonly cpu: boolean;
}

function limitLines(config: GuestConfig, limits: Limits): string[] {
  return limitFiles(config, limits).map(([file, value]) => `lxc.cgroup2.${file} = ${value}`);
}

/** Files and contents of the guest's cgroup that hold its limits. */
export function limitFiles(config: GuestConfig, limits: Limits): [file: string, value: string][] {
  const files: [string, string][] = [];
  if (limits.memory) {
    files.push(["memory.max", String(Number(config.memory ?? 512) * 1024 * 1024)]);
    files.push(["memory.swap.max", String(Number(config.swap ?? 512) * 1024 * 1024)]);
  }
  if (limits.cpu) {
    const cpus = Math.min(...[config.cores, config.cpulimit].map(Number).filter((count) => count > 0));
    files.push(["cpu.max", Number.isFinite(cpus) ? `${Math.round(cpus * 100_000)} 100000` : "max 100000"]);
  }
  return files;
}

function nicLines(vmid: number, nic: Nic): string[] {
  const link = segment(nic);
  const set = (key: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`lxc.net.${nic.index}.${key} = ${value}`];
  return [
    ...set("type", "veth"),
    ...set("link", link),
    ...(nic.linkDown ? [] : set("flags", "up")),
    ...set("name", nic.name),
    ...set("veth.pair", vethName(vmid, nic)),
    ...set("hwaddr", nic.mac),
    ...set("mtu", nic.mtu),
  ];
}

/** Source, target and options of one LXC mount entry; paths are absolute, in the node and in the guest. */
export function mountEntry(source: string, target: string, kind: "dir" | "file", readOnly = false): string {
  const options = ["bind", ...(readOnly ? ["ro"] : []), `create=${kind}`].join(",");
  return `${escapeField(source)} ${escapeField(target.replace(/^\/+/, ""))} none ${options} 0 0`;
}

/** Escapes what separates the fields of fstab(5). */
const escapeField = (text: string): string =>
  text.replace(/[ \t\n\\]/g, (found) => `\\${found.charCodeAt(0).toString(8).padStart(3, "0")}`);
