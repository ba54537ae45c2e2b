import { createHash } from "node:crypto";
import { join } from "node:path";

const APP = "proxmox-lab-testbed";

/** Where the folders of one testbed are: `state` as the host sees them; `world` the same inside its namespaces. */
export interface TestbedPaths {
  readonly id: string;
  /** Everything that belongs to this testbed alone, and goes with it. */
  readonly state: string;
  /** Unpacked images and packages, shared by all testbeds, kept when they go. */
  readonly cache: string;
  readonly images: string;
  readonly packages: string;
  /** The testbed's one folder below the root of the version 2 cgroup hierarchy. */
  readonly cgroup: string;
}

/** Prefix of every name that the host can see. */
export const NAME_PREFIX = "pve-testbed-";

export interface PathOptions {
  readonly id?: string;
  readonly stateDirectory?: string;
  readonly cacheDirectory?: string;
}

/**
 * @param options.id lower case letters, digits and `-`, at most 20 @default "default"
 * @param options.stateDirectory holds a folder for each testbed @default $XDG_STATE_HOME or /var/lib
 * @param options.cacheDirectory @default $XDG_CACHE_HOME or /var/cache
 * @throws Error when the id is malformed
 */
export function testbedPaths(options: PathOptions = {}): TestbedPaths {
  const id = options.id ?? "default";
  if (!/^[a-z0-9][a-z0-9-]{0,19}$/.test(id)) {
    throw new Error(
      `testbed id "${id}": expected at most 20 lower case letters, digits and "-"; write for example "e2e-1"`,
    );
  }
  const stateRoot = options.stateDirectory ?? join(process.env.XDG_STATE_HOME || "/var/lib", APP);
  const cache = options.cacheDirectory ?? join(process.env.XDG_CACHE_HOME || "/var/cache", APP);
  // Two users of one machine, or two state folders, may use the same id.
  const place = createHash("sha256").update(stateRoot).digest("hex").slice(0, 6);
  return {
    id,
    state: join(stateRoot, id),
    cache,
    images: join(cache, "images"),
    packages: join(cache, "packages"),
    cgroup: `${NAME_PREFIX}${id}-${place}`,
  };
}
