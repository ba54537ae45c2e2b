import { pathOf } from "../construct-error";
import type { GuardedGuest } from "./guarded-guest";

/** VMIDs and addresses that more than one guest has. */
export function* clashesOf(guests: readonly GuardedGuest[]): Iterable<string> {
  yield* clashes(guests, ({ vmid }) => [`VMID ${vmid}`]);
  yield* clashes(guests, ({ addresses }) => addresses.map((address) => `address ${address}`));
}

function* clashes(
  guests: readonly GuardedGuest[],
  keysOf: (guest: GuardedGuest) => readonly string[],
): Iterable<string> {
  const holders = new Map<string, GuardedGuest[]>();
  for (const guest of guests)
    for (const key of keysOf(guest)) {
      const same = holders.get(key);
      if (same) same.push(guest);
      else holders.set(key, [guest]);
    }
  for (const [key, same] of holders)
    if (same.length > 1)
      yield `${key}: expected one guest, got ${same.map(({ construct }) => pathOf(construct)).join(" and ")}; give each its own`;
}
