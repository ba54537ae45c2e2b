import type { LxcDevice, LxcFeatures, LxcMount } from "./lxc-props";

/** An option that Proxmox VE allows to root@pam's password alone, whatever the privileges of a token. */
export interface RootOnlyOption {
  /** The option, with its value: `features.keyctl`, `devices /dev/nvidia0`. */
  readonly option: string;
  readonly reason: string;
  /** What would do without root. */
  readonly avoid: string;
}

export interface RootOnlyQuestion {
  readonly unprivileged: boolean;
  readonly features: LxcFeatures;
  readonly devices: readonly LxcDevice[];
  readonly mounts: readonly LxcMount[];
  readonly hookScript?: string | undefined;
  readonly adopt?: boolean | undefined;
}

const REFUSALS = {
  devices: "configuring device passthrough is only allowed for root@pam",
  bind: "mount point type bind is only allowed for root@pam",
  hookScript: "changing the hookscript is only allowed for root@pam",
  features: "changing feature flags (except nesting) is only allowed for root@pam",
  privileged: "changing feature flags for privileged container is only allowed for root@pam",
};

/** Which options of a container need root@pam. The reasons are Proxmox VE 9.1's own refusals. */
export function rootOnlyOptions(guest: RootOnlyQuestion): readonly RootOnlyOption[] {
  return [
    ...guest.devices.map(({ path }) => ({
      option: `devices ${path}`,
      reason: REFUSALS.devices,
      avoid: "do without the device, or use a VM: its PCI devices can be handed through by resource mappings",
    })),
    ...guest.mounts.flatMap((mount) =>
      mount.kind === "bind"
        ? [{ option: `mounts ${mount.source}`, reason: REFUSALS.bind, avoid: "use a volume of a storage" }]
        : [],
    ),
    ...(guest.hookScript === undefined
      ? []
      : [{ option: "hookScript", reason: REFUSALS.hookScript, avoid: "do the work in a step inside the guest" }]),
    ...rootOnlyFeatures(guest),
    // The provider writes every feature of a guest that it imports, also those that are off.
    ...(guest.adopt
      ? [{ option: "adopt", reason: REFUSALS.features, avoid: "delete adopt once the guest is in the state" }]
      : []),
  ];
}

function rootOnlyFeatures({ features, unprivileged }: RootOnlyQuestion): RootOnlyOption[] {
  const wanted = enabledFeatures(features);
  if (!unprivileged)
    return wanted.map((name) => ({
      option: `features.${name}`,
      reason: REFUSALS.privileged,
      avoid: "make the container unprivileged, or do without the feature",
    }));
  return wanted
    .filter((name) => name !== "nesting")
    .map((name) => ({ option: `features.${name}`, reason: REFUSALS.features, avoid: `do without ${name}` }));
}

/** Names of the features that are on. */
export function enabledFeatures(features: LxcFeatures): readonly (keyof LxcFeatures)[] {
  const names: readonly (keyof LxcFeatures)[] = ["nesting", "keyctl", "fuse", "mknod", "mount"];
  return names.filter((name) => (name === "mount" ? features.mount.length > 0 : features[name]));
}
