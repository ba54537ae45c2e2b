import type { Guest, Lab } from "./lab";

/** What becomes of a guest when the worst happens. */
export interface BackupCoverage {
  readonly guest: string;
  /** Names of the enabled jobs that take it. */
  readonly jobs: readonly string[];
  /** Why none does, in the inventory's words. */
  readonly reason?: string;
  /** What its backups do not hold. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  /** The path of a mount, the drive of a disk. */
  readonly what: string;
  /** A directory of the node is never in a backup; a volume is when `backup` is on. */
  readonly kind: "bind" | "volume";
  readonly reason?: string;
}

/** Guest by guest, what is backed up and what is not. */
export function backupCoverage(lab: Lab): readonly BackupCoverage[] {
  const byGuest = new Map<string, string[]>(lab.guests.map(({ name }) => [name, []]));
  for (const { enabled, name, node, what } of lab.backupJobs ?? []) {
    if (!enabled) continue;
    const listed = what.kind === "guests" ? new Set(what.guests) : undefined;
    for (const guest of lab.guests) {
      const isTaken = what.kind === "pool" ? guest.pool === what.pool : (listed?.has(guest.name) ?? true);
      if (isTaken && (node === undefined || node === guest.node)) byGuest.get(guest.name)?.push(name);
    }
  }
  return lab.guests.map((guest) => ({
    guest: guest.name,
    jobs: byGuest.get(guest.name) ?? [],
    ...reasonOf(guest),
    leftOut: leftOut(guest),
  }));
}

const reasonOf = ({ notBackedUp }: { readonly notBackedUp?: string }) =>
  notBackedUp === undefined ? {} : { reason: notBackedUp };

function leftOut(guest: Guest): LeftOut[] {
  if (guest.kind === "vm")
    return guest.disks
      .filter(({ backup }) => !backup)
      .map((disk) => ({ what: disk.interface, kind: "volume", ...reasonOf(disk) }));
  return guest.mounts
    .filter((mount) => mount.kind === "bind" || !mount.backup)
    .map((mount) => ({ what: mount.path, kind: mount.kind, ...reasonOf(mount) }));
}
