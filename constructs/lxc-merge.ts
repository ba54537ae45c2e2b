import { shown } from "./construct-error";
import { type Bound, type MergedGuest, mergeGuest } from "./guest-merge";
import { statedDevice } from "./lxc-defaults";
import type { LxcDevice, LxcFeatures, TieredLxcProps } from "./lxc-props";

/** A container's props with all that its capabilities add. */
export interface MergedLxc extends MergedGuest {
  readonly features: LxcFeatures;
  readonly devices: readonly LxcDevice[];
}

/** Puts props and capabilities together. */
export function mergeLxc(props: TieredLxcProps): MergedLxc {
  const { devices = [], features = {}, template, unprivileged = true } = props;
  const { bound, merged } = mergeGuest(props, { osType: template.osType, unprivileged });
  const problems = [...merged.problems];
  return {
    ...merged,
    features: mergeFeatures(features, bound, problems),
    devices: mergeDevices(devices, bound, problems),
    problems,
  };
}

function mergeFeatures(own: Partial<LxcFeatures>, bound: Bound, problems: string[]): LxcFeatures {
  const merged = { nesting: false, keyctl: false, fuse: false, mknod: false, mount: new Set(own.mount) };
  for (const flag of ["nesting", "keyctl", "fuse", "mknod"] as const) {
    const holders = [
      { name: "features", value: own[flag] },
      ...bound.map(({ data, name }) => ({ name: `capability ${name}`, value: data.features?.[flag] })),
    ];
    const on = holders.filter(({ value }) => value === true);
    const off = holders.filter(({ value }) => value === false);
    merged[flag] = on.length > 0;
    if (on.length > 0 && off.length > 0)
      problems.push(
        `features.${flag}: expected agreement, got true from ${names(on)} and false from ${names(off)}; change one`,
      );
  }
  for (const { data } of bound) for (const type of data.features?.mount ?? []) merged.mount.add(type);
  return { ...merged, mount: [...merged.mount].sort() };
}

function mergeDevices(own: readonly LxcDevice[], bound: Bound, problems: string[]): readonly LxcDevice[] {
  const byPath = new Map<string, { device: LxcDevice; by: string }>();
  const all = [
    ...own.map((device) => ({ device, by: "devices" })),
    ...bound.flatMap(({ data, name }) => (data.devices ?? []).map((device) => ({ device, by: `capability ${name}` }))),
  ];
  for (const { by, device } of all) {
    const other = byPath.get(device.path);
    if (!other) byPath.set(device.path, { device, by });
    else if (!sameDevice(other.device, device))
      problems.push(
        `devices ${device.path}: expected one description, got ${shown(other.device)} from ${other.by} and ${shown(device)} from ${by}; make them agree`,
      );
  }
  return [...byPath.values()].map(({ device }) => device);
}

function sameDevice(one: LxcDevice, other: LxcDevice): boolean {
  const [a, b] = [statedDevice(one), statedDevice(other)];
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.denyWrite === b.denyWrite;
}

function names(holders: readonly { readonly name: string }[]): string {
  return holders.map(({ name }) => name).join(", ");
}
