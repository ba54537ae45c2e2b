import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestConfig, NewGuest, TaskLog } from "../api/guest-backend";
import { makeFolder, writeFiles } from "./files";
import { mounts } from "./guest-config";
import { aptProxyFile, standInFiles } from "./guest-files";
import { deviceFolder } from "./guest-mounts";
import { type Images, NODE_SHIFT } from "./images";
import type { LxcGuest } from "./lxc-guest";
import type { AptSetup } from "./mirrors";
import { run } from "./shell";
import { shiftOf } from "./shift";

/** Makes a guest's disk: a layer of its own over the image that its template becomes. */
export async function createDisk(
  guest: LxcGuest,
  wanted: NewGuest,
  images: Images,
  apt: AptSetup,
  log: TaskLog,
): Promise<void> {
  const shift = shiftOf(wanted.config);
  const { system, standsInFor } = images.choose(wanted.template);
  const is = `${system.distribution} ${system.version}`;
  const image = await images.guest(system, shift);
  rmSync(guest.folder, { recursive: true, force: true });
  makeLayer(guest, image, shift);
  const keys = wanted.sshPublicKeys?.trim();
  const first = join(guest.folder, "setup", "first");
  if (keys) {
    makeFolder(join(first, "root"), shift, 0o700);
    makeFolder(join(first, "root", ".ssh"), shift, 0o700);
  }
  const files = {
    "/etc/machine-id": `${randomBytes(16).toString("hex")}\n`,
    ...aptProxyFile(apt.settings),
    ...(standsInFor === undefined ? {} : standInFiles(standsInFor, is)),
    ...(keys ? { "/root/.ssh/authorized_keys": `${keys}\n` } : {}),
  };
  writeFiles(first, files, shift, { "/root/.ssh/authorized_keys": 0o600 });
  if (wanted.password !== undefined) {
    const hash = await guest.node.run("openssl", ["passwd", "-6", "-stdin"], { input: `${wanted.password}\n` });
    writeFiles(join(guest.folder, "setup"), { "first.password": hash.trim() }, shift, { "first.password": 0o600 });
  }
  for (const mount of mounts(wanted.config)) makeVolume(guest, mount.volume, shift);
  guest.showConfig(wanted.config);
  log(`made from packages: ${is}`);
  if (standsInFor !== undefined)
    log(`WARNING: ${is} stands in for ${standsInFor}, which this machine has no packages of`);
}

function makeLayer(guest: LxcGuest, image: string, shift: number): void {
  makeFolder(guest.folder, NODE_SHIFT);
  for (const folder of ["work", "rootfs"]) makeFolder(join(guest.folder, folder), NODE_SHIFT);
  for (const folder of ["upper", "docker", "containerd"]) makeFolder(join(guest.folder, folder), shift);
  makeFolder(join(guest.folder, "setup"), shift, 0o700);
  writeFileSync(join(guest.folder, "image"), `/usr/lib/testbed/images/${image}\n`);
}

type Volume = { readonly storage: string; readonly name: string };

function volumeFolder(guest: LxcGuest, volume: Volume): string {
  return join(guest.world.paths.state, "volumes", volume.storage, volume.name);
}

function makeVolume(guest: LxcGuest, volume: Volume | undefined, shift: number): void {
  if (volume) makeFolder(volumeFolder(guest, volume), shift);
}

/** Copies a stopped guest's layer and volumes. */
export async function cloneDisk(source: LxcGuest, target: LxcGuest, config: GuestConfig): Promise<void> {
  if (!existsSync(join(source.folder, "image"))) throw new Error(`the disk of CT ${source.vmid} does not exist`);
  rmSync(target.folder, { recursive: true, force: true });
  const image = readFileSync(join(source.folder, "image"), "utf8").trim().split("/").at(-1) ?? "";
  const shift = shiftOf(config);
  makeLayer(target, image, shift);
  for (const part of ["upper", "docker", "containerd", "setup"]) {
    await run("cp", ["-a", `${join(source.folder, part)}/.`, join(target.folder, part)]);
  }
  // A copy is another machine: it makes keys of its own at its first start.
  const ssh = join(target.folder, "upper", "etc", "ssh");
  for (const file of ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"]) rmSync(join(ssh, file), { force: true });
  writeFiles(
    join(target.folder, "setup", "first"),
    { "/etc/machine-id": `${randomBytes(16).toString("hex")}\n` },
    shift,
  );
  const known = join(source.folder, "running.json");
  const from = existsSync(known) ? mounts(source.remembered()) : [];
  for (const mount of mounts(config)) {
    makeVolume(target, mount.volume, shift);
    const original = from.find((one) => one.key === mount.key)?.volume;
    if (mount.volume && original && original.name !== mount.volume.name) {
      await run("cp", ["-a", `${volumeFolder(source, original)}/.`, volumeFolder(target, mount.volume)]);
    }
  }
  target.showConfig(config);
}

/** Removes all that a stopped guest has. */
export function destroyDisk(guest: LxcGuest): void {
  const { state } = guest.world.paths;
  const volumes = join(state, "volumes");
  const own = new RegExp(`(^|-)(vm|subvol|base)-${guest.vmid}-disk-`);
  for (const storage of existsSync(volumes) ? readdirSync(volumes) : []) {
    for (const name of readdirSync(join(volumes, storage))) {
      if (own.test(name)) rmSync(join(volumes, storage, name), { recursive: true, force: true });
    }
  }
  const gone = [guest.folder, deviceFolder(guest), join(state, "names", `guest-${guest.vmid}`)];
  gone.push(join(guest.node.configFolder, `${guest.vmid}.conf`));
  for (const path of gone) rmSync(path, { recursive: true, force: true });
}
