import { shown } from "./construct-error";
import { atMost, checkGuest, checkNics, repeated, whole } from "./guest-checks";
import type { TieredLxcProps } from "./lxc-props";

const DEVICE_MODE = /^0[0-7]{3}$/;
/** As many as the provider handles (bpg/proxmox 0.111.1, proxmoxtf/resource/container). */
const LIMITS = { nics: 10, mounts: 256, devices: 128 };

/** Everything wrong with the props taken alone, each as `name: expected …, got …; write …`. */
export function* checkLxc(props: TieredLxcProps, hostname: string): Iterable<string> {
  yield* checkGuest(props, hostname);
  yield* whole("swapMiB", props.swapMiB, 0, Number.MAX_SAFE_INTEGER);
  yield* whole("diskGiB", props.diskGiB, 1, Number.MAX_SAFE_INTEGER);
  yield* checkNics(props.nics ?? [], LIMITS.nics);
  yield* checkHardware(props);
}

function* checkHardware({ devices = [], mounts = [] }: TieredLxcProps): Iterable<string> {
  const paths = mounts.map(({ path }) => path);
  yield* atMost("mounts", mounts, LIMITS.mounts);
  yield* atMost("devices", devices, LIMITS.devices);
  yield* repeated("mounts", "path", paths);
  for (const [index, mount] of mounts.entries()) {
    if (!mount.path.startsWith("/"))
      yield `mounts[${index}].path: expected an absolute path, got ${shown(mount.path)}; write ${shown(`/${mount.path}`)}`;
    if (mount.kind === "volume") yield* whole(`mounts[${index}].sizeGiB`, mount.sizeGiB, 1, Number.MAX_SAFE_INTEGER);
    else if (!mount.source.startsWith("/"))
      yield `mounts[${index}].source: expected a folder of the node, got ${shown(mount.source)}; write an absolute path`;
  }
  for (const [index, { mode, path }] of devices.entries()) {
    if (!path.startsWith("/dev/"))
      yield `devices[${index}].path: expected a path under /dev, got ${shown(path)}; write that of the node's device file`;
    if (mode !== undefined && !DEVICE_MODE.test(mode))
      yield `devices[${index}].mode: expected four octal digits, got ${shown(mode)} for ${path}; write "0660", or leave it out`;
  }
}
