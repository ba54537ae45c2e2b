import { shown } from "./construct-error";
import type { LxcNic, TieredLxcProps } from "./lxc-props";

const DNS_LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
// Proxmox VE's format pve-tag; it stores tags in lower case, so capitals would be a difference for ever.
const TAG = /^[a-z0-9_][a-z0-9_.+-]*$/;
const DEVICE_MODE = /^0[0-7]{3}$/;
/** As many as the provider handles (bpg/proxmox 0.111.1, proxmoxtf/resource/container). */
const LIMITS = { nics: 10, mounts: 256, devices: 128 };

/** Everything wrong with the props taken alone, each as `name: expected …, got …; write …`. */
export function* checkLxc(props: TieredLxcProps, hostname: string): Iterable<string> {
  yield* whole("vmid", props.vmid, 100, 999_999_999);
  yield* whole("cores", props.cores, 1, 8192);
  yield* whole("memoryMiB", props.memoryMiB, 16, Number.MAX_SAFE_INTEGER);
  yield* whole("swapMiB", props.swapMiB, 0, Number.MAX_SAFE_INTEGER);
  yield* whole("diskGiB", props.diskGiB, 1, Number.MAX_SAFE_INTEGER);
  yield* whole("startupOrder", props.startupOrder, 0, Number.MAX_SAFE_INTEGER);
  if (!hostname.split(".").every((label) => DNS_LABEL.test(label)))
    yield `hostname: expected DNS labels of letters, digits and hyphens, got ${shown(hostname)}; write hostname: …`;
  for (const tag of props.tags ?? [])
    if (!TAG.test(tag))
      yield `tags: expected lower-case letters, digits, "_", ".", "+" and "-", got ${shown(tag)}; write ${shown(asTag(tag))}`;
  if (props.adopt && props.rebuild !== undefined)
    yield "rebuild: expected no rebuild of an adopted guest, got both; remove `adopt` once the guest is in the state";
  if (props.protection && props.rebuild !== undefined)
    yield "rebuild: expected no rebuild of a protected guest, got both; set `protection: false` first";
  if (props.startupOrder === undefined && (props.startupUpDelaySeconds ?? props.startupDownDelaySeconds) !== undefined)
    yield "startupOrder: expected with startup delays, got none; write startupOrder: 0";
  yield* checkNics(props.nics ?? []);
  yield* checkHardware(props);
}

function* checkNics(nics: readonly LxcNic[]): Iterable<string> {
  if (nics.length > LIMITS.nics) yield `nics: expected at most ${LIMITS.nics}, got ${nics.length}; remove some`;
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

function* whole(name: string, value: number | undefined, min: number, max: number): Iterable<string> {
  if (value === undefined || (Number.isSafeInteger(value) && value >= min && value <= max)) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  yield `${name}: expected a whole number ${range}, got ${shown(value)}; write ${Math.min(max, Math.max(min, Math.round(Number(value)) || min))}`;
}

function* repeated(list: string, key: string, values: readonly string[]): Iterable<string> {
  for (const value of new Set(values.filter((each, index) => values.indexOf(each) !== index)))
    yield `${list}: expected each ${key} once, got ${shown(value)} twice; rename or remove one`;
}

function asTag(tag: string): string {
  return tag.toLowerCase().replace(/[^a-z0-9_.+-]/g, "-");
}
