import { chownSync, existsSync, rmSync } from "node:fs";
import { join, posix } from "node:path";
import type { GuestConfig, TaskLog } from "../api/guest-backend";
import { makeFolder } from "./files";
import { type Device, devices, type Mount, mountEntry, mounts } from "./guest-config";
import type { LxcGuest } from "./lxc-guest";
import { run } from "./shell";
import { shiftOf } from "./shift";

/** Devices that guests may really have: they give no hold of the machine. Anything else is played by /dev/null's. */
const REAL_DEVICES: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  "/dev/net/tun": [10, 200],
  "/dev/fuse": [10, 229],
};
const STAND_IN = [1, 3] as const;

/** LXC's mount entries for a guest's mount points and devices, whose sources exist afterwards. */
export async function guestEntries(guest: LxcGuest, config: GuestConfig, log: TaskLog): Promise<string[]> {
  const points = mounts(config);
  const sources = await Promise.all(points.map((mount) => mountSource(guest, mount, shiftOf(config))));
  const entries = points.map((mount, at) => mountEntry(sources[at] ?? "", mount.target, "dir", mount.readOnly));
  rmSync(deviceFolder(guest), { recursive: true, force: true });
  for (const device of devices(config)) entries.push(await deviceEntry(guest, device, shiftOf(config), log));
  return entries;
}

/**
 * The folder of the node that a mount point shows.
 * @throws Error when it is a bind mount of a folder that the node does not have
 */
export async function mountSource(guest: LxcGuest, mount: Mount, shift: number): Promise<string> {
  if (mount.volume) {
    const { storage, name } = mount.volume;
    makeFolder(join(guest.world.paths.state, "volumes", storage, name), shift);
    return posix.join("/var/lib/vz/volumes", storage, name);
  }
  const source = mount.bind ?? "";
  const { code } = await guest.node.runToEnd("test", ["-e", source]);
  if (code !== 0) throw new Error(`directory '${source}' does not exist`);
  return source;
}

/** Removes the volumes and devices of a guest that is destroyed. */
export function deviceFolder(guest: LxcGuest): string {
  return join(guest.world.paths.state, "dev", String(guest.vmid));
}

async function deviceEntry(guest: LxcGuest, device: Device, shift: number, log: TaskLog): Promise<string> {
  const real = REAL_DEVICES[device.path];
  if (!real) log(`${device.key}: ${device.path} is a stand-in that reads as empty: the testbed has no such hardware`);
  const [major, minor] = real ?? STAND_IN;
  const file = join(deviceFolder(guest), device.key);
  makeFolder(deviceFolder(guest), shift);
  if (!existsSync(file)) {
    await run("mknod", ["-m", device.mode.toString(8), file, "c", String(major), String(minor)]);
    chownSync(file, shift + device.uid, shift + device.gid);
  }
  return mountEntry(`/usr/lib/testbed/dev/${guest.vmid}/${device.key}`, device.path, "file");
}
