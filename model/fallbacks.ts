import type { VariableName } from "./schema/variables";

/** A guest's sizes, which its tier gives. */
export const SIZES = ["cores", "memory", "disk"] as const;
export type Size = (typeof SIZES)[number];

/** The variable that stands in for a key of a guest that is not set. */
export const FALLBACKS = {
  cores: "lxc_cores",
  memory: "lxc_memory",
  disk: "lxc_disk",
  node: "proxmox_default_node",
  storage: "proxmox_default_storage",
  template: "proxmox_default_template",
  features: "lxc_features",
  mounts: "proxmox_default_mounts",
} as const satisfies Readonly<Record<string, VariableName>>;

/** The same of a key that may have none. */
export const fallbackOf = (key: string): VariableName | undefined =>
  Object.hasOwn(FALLBACKS, key) ? FALLBACKS[key as keyof typeof FALLBACKS] : undefined;

/** Whether a key is that of a size. */
export const isSize = (key: string): key is Size => SIZES.some((size) => size === key);
