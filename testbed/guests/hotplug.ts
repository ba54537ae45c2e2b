import type { ConfigChange, GuestConfig } from "../api/guest-backend";
import { hostname, limitFiles, mounts, type Nic, nics, segment, vethName } from "./guest-config";
import { mountSource } from "./guest-mounts";
import type { LxcGuest } from "./lxc-guest";
import { run } from "./shell";
import { shiftOf } from "./shift";

const LIMIT_KEYS = new Set(["memory", "swap", "cores", "cpulimit"]);
const FILE_KEYS = /^(hostname|nameserver|searchdomain|net\d+)$/;

/** Makes a change live in a running guest. @returns keys that stay pending, with the reason */
export async function hotplug(guest: LxcGuest, change: ConfigChange): Promise<Readonly<Record<string, string>>> {
  const before = guest.remembered();
  const pending: Record<string, string> = {};
  const keys = [...change.changed, ...change.removed];
  if (keys.some((key) => FILE_KEYS.test(key))) await writeLive(guest, change.config);
  for (const key of keys) {
    try {
      await apply(guest, key, before, change.config);
    } catch (error) {
      pending[key] = error instanceof Error ? error.message : String(error);
    }
  }
  if (keys.some((key) => LIMIT_KEYS.has(key))) {
    for (const [file, value] of limitFiles(change.config, guest.limits())) guest.cgroup.set(file, value);
  }
  const live = keys.filter((key) => pending[key] === undefined);
  guest.remember(merged(before, change.config, live));
  return pending;
}

function merged(before: GuestConfig, after: GuestConfig, live: readonly string[]): GuestConfig {
  const result: Record<string, string> = { ...before };
  for (const key of live) {
    const value = after[key];
    if (value === undefined) delete result[key];
    else result[key] = value;
  }
  return result;
}

async function apply(guest: LxcGuest, key: string, before: GuestConfig, after: GuestConfig): Promise<void> {
  if (key === "hostname") await guest.exec(["hostname", hostname(after, guest.vmid)]);
  else if (/^net\d+$/.test(key)) await changeNic(guest, key, before, after);
  else if (/^mp\d+$/.test(key)) await addMount(guest, key, before, after);
}

async function writeLive(guest: LxcGuest, config: GuestConfig): Promise<void> {
  guest.writeFiles(config);
  const script =
    'tar -C "/var/lib/lxc/$0/setup/files" -cf - . | lxc-attach -n "$0" --clear-env -- tar -xf - -C / --no-overwrite-dir --no-same-owner';
  await guest.node.run("sh", ["-c", script, String(guest.vmid)]);
}

async function addMount(guest: LxcGuest, key: string, before: GuestConfig, after: GuestConfig): Promise<void> {
  if (before[key] !== undefined) throw new Error("a mount point that is in use changes at the next start");
  const mount = mounts(after).find((one) => one.key === key);
  if (!mount) return;
  const source = await mountSource(guest, mount, shiftOf(after));
  // The node sees its guests' processes under ids of its own.
  const script = 'exec /usr/lib/testbed/attach-mount "$(lxc-info -n "$0" -p -H)" "$@"';
  const words = [source, mount.target, ...(mount.readOnly ? ["ro"] : [])];
  await guest.node.run("sh", ["-c", script, String(guest.vmid), ...words]);
}

async function changeNic(guest: LxcGuest, key: string, before: GuestConfig, after: GuestConfig): Promise<void> {
  const old = nics(before).find((nic) => nic.key === key);
  const nic = nics(after).find((one) => one.key === key);
  if (old) await guest.node.ip("link", "delete", vethName(guest.vmid, old)).catch(() => undefined);
  if (!nic) return;
  await guest.connect(after);
  await plug(guest, nic);
  await guest.exec(["sh", "-c", 'ifdown --force "$0" 2>/dev/null; ifup "$0"', nic.name]);
}

async function plug(guest: LxcGuest, nic: Nic): Promise<void> {
  const veth = vethName(guest.vmid, nic);
  const pid = String(guest.pid());
  const bridge = segment(nic);
  await guest.node.ip("link", "add", veth, "type", "veth", "peer", "name", `${veth}p`);
  await guest.node.ip("link", "set", `${veth}p`, "netns", pid);
  const inside = (...args: string[]): Promise<string> => run("nsenter", ["-t", pid, "-n", "--", "ip", "link", ...args]);
  await inside("set", `${veth}p`, "name", nic.name, ...(nic.mac === undefined ? [] : ["address", nic.mac]));
  if (nic.mtu !== undefined) await inside("set", nic.name, "mtu", String(nic.mtu));
  if (bridge !== undefined) await guest.node.ip("link", "set", veth, "master", bridge);
  if (!nic.linkDown) await guest.node.ip("link", "set", veth, "up");
}
