import type { LxcDevice, LxcMount } from "./lxc-props";

/** A mount with every option that this project has a default for. */
export const statedMount = (mount: LxcMount) => ({
  ...mount,
  readOnly: mount.readOnly ?? false,
  backup: mount.backup ?? false,
  replicate: mount.replicate ?? true,
  shared: mount.shared ?? false,
  quota: mount.quota ?? false,
});

/** A device likewise. */
export const statedDevice = (device: LxcDevice) => ({
  ...device,
  mode: device.mode ?? "0660",
  denyWrite: device.denyWrite ?? false,
});
