import { createHash, randomInt } from "node:crypto";

/** `GUEST_SEED` repeats the moments of a run; each run prints its own. */
export const SEED = process.env.GUEST_SEED ?? String(randomInt(2 ** 31));

/** Numbers from 0 to 1, the same for the same seed and purpose. */
export function randomFor(purpose: string): () => number {
  let count = 0;
  return () => createHash("sha256").update(`${SEED} ${purpose} ${count++}`).digest().readUInt32BE() / 2 ** 32;
}
