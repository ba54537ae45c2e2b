/** A privilege on a path of Proxmox VE's access control: `VM.Config.Memory` on `/vms/301`. */
export interface Grant {
  readonly path: string;
  readonly privilege: string;
}

/** What setting one option of a guest takes. */
export interface Need {
  /** The key below `proxmox_lxc` or `proxmox_vm`, with its value where that decides: `features.keyctl`, `devices /dev/nvidia0`. */
  readonly option: string;
  /** `token`: any user's API token with the privileges. `root`: the password of root@pam, whatever the privileges. */
  readonly credential: "token" | "root";
  readonly grants: readonly Grant[];
  readonly why: string;
  /** For root: what would do without. */
  readonly avoid?: string;
  /** The token does it, also for a guest that root manages. */
  readonly isTokens?: true;
}

type Grants = readonly (readonly [path: string, privilege: string])[];

export function token(option: string, why: string, ...grants: Grants): Need {
  return { option, credential: "token", why, grants: grants.map(([path, privilege]) => ({ path, privilege })) };
}

/** What is a resource of its own beside the guest, and the token's for every guest. */
export const tokens = (option: string, why: string, ...grants: Grants): Need => ({
  ...token(option, why, ...grants),
  isTokens: true,
});

export const root = (option: string, why: string, avoid: string): Need => ({
  option,
  credential: "root",
  grants: [],
  why,
  avoid,
});
