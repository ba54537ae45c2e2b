import { setFlagsFromString } from "node:v8";

/** Below this many guests V8's own choice takes little memory, and is left as it is. */
const MANY_GUESTS = 2000;

/**
 * Keeps the memory of a large lab's synthesis near to what it really holds.
 *
 * Left to itself V8 (20 to 24) lets the heap grow to some three times of what was alive at the last full collection before it
 * looks again; with 10,000 guests a third of the process is then garbage. `--heap-growing-percent=100` makes that twice.
 * Costs some more collections: not to be measured against the rest of the synthesis.
 */
export function boundHeap(guests: number): void {
  if (guests >= MANY_GUESTS) setFlagsFromString("--heap-growing-percent=100");
}
