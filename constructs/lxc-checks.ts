import { shown } from "./construct-error";
import { checkGuest, repeated, whole } from "./guest-checks";
import type { LxcNic, TieredLxcProps } from "./lxc-props";

const DEVICE_MODE = /^0[0-7]{3}$/;
/** As many as the provider handles (bpg/proxmox 0.111.1, proxmoxtf/resource/container). */
const LIMITS = { nics: 10, mounts: 256, devices: 128 };

/** Everything wrong with the props taken alone, each as `name: expected …, got …; write …`. */
export function* checkLxc(props: TieredLxcProps, hostname: string): Iterable<string> {
  yield* checkGuest(props, hostname);
  yield* whole("swapMiB", props.swapMiB, 0, Number.MAX_SAFE_INTEGER);
  yield* whole("diskGiB", props.diskGiB, 1, Number.MAX_SAFE_INTEGER);
  yield* checkNics(props.nics ?? []);
  yield* checkHardware(props);
}

/** What is wrong with network cards; of a VM, with the names that Proxmox VE gives them. */
export function* checkNics(nics: readonly LxcNic[], limit = LIMITS.nics): Iterable<string> {
  if (nics.length > limit) yield `nics: expected at most ${limit}, got ${nics.length}; remove some`;
  yield* repeated(
    "nics",
    "name",
    nics.map(({ name }) => name),
  );
  for (const [index, nic] of nics.entries()) {
    yield* whole(`nics[${index}].vlan`, nic.vlan, 1, 4094);
    yield* whole(`nics[${index}].mtu`, nic.mtu, 64, 65_535);
    const plain = nic.address === undefined && nic.address6 === undefined;
    // The provider reads addresses back without their gaps, so a gap would be a difference for ever.
    if (plain && nics.slice(index + 1).some(({ address, address6 }) => address !== undefined || address6 !== undefined))
      yield `nics[${index}]: expected cards without an address last, got ${shown(nic.name)} before one that has; move it to the end`;
    if (nic.gateway !== undefined && (nic.address === undefined || nic.address === "dhcp"))
      yield `nics[${index}].gateway: expected only with a static address, got ${shown(nic.gateway)}; remove it`;
    if (
      nic.gateway6 !== undefined &&
      (nic.address6 === undefined || nic.address6 === "dhcp" || nic.address6 === "auto")
    )
      yield `nics[${index}].gateway6: expected only with a static address, got ${shown(nic.gateway6)}; remove it`;
  }
}

function* checkHardware({ devices = [], mounts = [] }: TieredLxcProps): Iterable<string> {
  if (mounts.length > LIMITS.mounts) yield `mounts: expected at most ${LIMITS.mounts}, got ${mounts.length}`;
  if (devices.length > LIMITS.devices) yield `devices: expected at most ${LIMITS.devices}, got ${devices.length}`;
  yield* repeated(
    "mounts",
    "path",
    mounts.map(({ path }) => path),
  );
  for (const [index, mount] of mounts.entries()) {
    if (!mount.path.startsWith("/")) yield `mounts[${index}].path: expected an absolute path, got ${shown(mount.path)}`;
    if (mount.kind === "volume") yield* whole(`mounts[${index}].sizeGiB`, mount.sizeGiB, 1, Number.MAX_SAFE_INTEGER);
    else if (!mount.source.startsWith("/"))
      yield `mounts[${index}].source: expected a folder of the node, got ${shown(mount.source)}; write an absolute path`;
  }
  for (const { mode, path } of devices) {
    if (!path.startsWith("/dev/")) yield `devices: expected a path under /dev, got ${shown(path)}`;
    if (mode !== undefined && !DEVICE_MODE.test(mode))
      yield `devices ${path}: expected a mode of four octal digits such as "0660", got ${shown(mode)}`;
  }
}
