import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let scratch: string | undefined;

/** Runs before all test files: temporary files of all of them, and of whatever they start, go into one folder. */
export default function setup(): void {
  scratch = mkdtempSync(join(tmpdir(), "tests-"));
  // Other users' programs work there too, as in any folder for temporary files.
  chmodSync(scratch, 0o1777);
  process.env.TMPDIR = scratch;
}

/** Runs after all test files. cdktf's `Testing`, for one, leaves a folder for each stack. */
export function removeScratch(): void {
  if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
}
