import { withoutUndefined } from "../collections";
import type { ContainerGuest, Device, Features, Mount } from "../lab";
import type { Position, Problem } from "../problem";
import type { ContainerVars, FeatureVars, MountVars } from "../schema/guest";
import { treeAt } from "../tree";
import type { HostFacts } from "./facts";

/**
 * A container's features: its own, then those its groups give in lxc_features, then the default: nesting in unprivileged
 * containers, as Proxmox VE's web interface sets it (systemd isolates services with it), and nothing else.
 */
export function featuresOf(
  host: HostFacts,
  vars: ContainerVars,
): { features: Features; fromGroups: Partial<Features> } {
  const own = stated(vars.features);
  const groups = stated(host.values.lxc_features);
  const fromGroups = vars.features
    ? Object.fromEntries(Object.entries(groups).filter(([key]) => !(key in own)))
    : groups;
  const defaults = { nesting: vars.unprivileged ?? true, keyctl: false, fuse: false, mknod: false, mount: [] };
  return { features: { ...defaults, ...groups, ...own }, fromGroups };
}

const stated = (vars: FeatureVars | undefined): Partial<Features> => withoutUndefined(vars ?? {});

type Parts = Pick<
  ContainerGuest,
  "unprivileged" | "swapMiB" | "cpuLimit" | "cpuUnits" | "mounts" | "devices" | "hookScript" | "console" | "environment"
>;

/** Everything else that only containers have, with the defaults stated instead of inherited from the provider. */
export function containerParts(host: HostFacts, vars: ContainerVars, report: (problem: Problem) => void): Parts {
  const { console: terminal } = vars;
  return {
    unprivileged: vars.unprivileged ?? true,
    swapMiB: vars.swap ?? 512,
    ...withoutUndefined({ cpuLimit: vars.cpu_limit, cpuUnits: vars.cpu_units, hookScript: vars.hook_script }),
    mounts: mountsOf(host, vars, report),
    devices: devicesOf(host, vars, report),
    ...(terminal
      ? {
          console: {
            enabled: terminal.enabled ?? true,
            ttyCount: terminal.tty_count ?? 2,
            type: terminal.type ?? "tty",
          },
        }
      : {}),
    environment: vars.environment,
  };
}

/** The default mounts and the container's own; at the same path its own replaces the default. */
function mountsOf(host: HostFacts, vars: ContainerVars, report: (problem: Problem) => void): Mount[] {
  refuseRepeated(host, "mounts", vars.mounts, report);
  const mounts = [...(host.values.proxmox_default_mounts ?? []), ...vars.mounts];
  if (mounts.length === 0) return [];
  const byPath = new Map(mounts.map((mount) => [tidy(mount.path), mount]));
  return [...byPath.values()].map(mountOf);
}

const tidy = (path: string) => path.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");

function mountOf(vars: MountVars): Mount {
  const isVolume = vars.storage !== undefined;
  const options = {
    path: vars.path,
    readOnly: vars.read_only ?? false,
    backup: vars.backup ?? isVolume,
    replicate: vars.replicate ?? isVolume,
    shared: vars.shared ?? false,
    ...withoutUndefined({ acl: vars.acl, notBackedUp: vars.not_backed_up }),
    quota: vars.quota ?? false,
    options: vars.options,
  };
  return isVolume
    ? { kind: "volume", storage: vars.storage!, sizeGiB: vars.size!, ...options }
    : { kind: "bind", source: vars.source!, ...options };
}

function devicesOf(host: HostFacts, vars: ContainerVars, report: (problem: Problem) => void): Device[] {
  refuseRepeated(host, "devices", vars.devices, report);
  return vars.devices.map((device) => ({
    path: device.path,
    ...withoutUndefined({ mode: device.mode, uid: device.uid, gid: device.gid }),
    denyWrite: device.deny_write ?? false,
  }));
}

function refuseRepeated(
  host: HostFacts,
  key: "mounts" | "devices",
  items: readonly { readonly path: string }[],
  report: (problem: Problem) => void,
): void {
  if (items.length < 2) return;
  const place = (index: number): Position => treeAt(host.trees.get("proxmox_lxc")!, [key, index, "path"]).tree.at;
  const first = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const path = tidy(item.path);
    const earlier = first.get(path);
    if (earlier === undefined) {
      first.set(path, index);
      continue;
    }
    report({
      rule: "repeated-path",
      severity: "error",
      at: place(index),
      also: [{ at: place(earlier), note: "has it first" }],
      path: `proxmox_lxc.${key}.${index}.path`,
      subject: host.name,
      message: `${path} is listed twice`,
      fix: "delete one of the two",
    });
  }
}
