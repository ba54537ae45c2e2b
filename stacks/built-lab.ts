import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IConstruct } from "constructs";
import { buildApp, type LabInput } from "./app";
import { quietStacks } from "./quiet-stacks";

/**
 * Looks at everything that a lab is built of, without synthesis.
 *
 * @throws LabError with the problems of the lab.
 */
export function lookAtBuilt<T>(input: LabInput, look: (constructs: readonly IConstruct[]) => T): T {
  // cdktf makes folders, in which nothing is written here.
  const outdir = mkdtempSync(join(tmpdir(), "lab-built-"));
  const restore = quietStacks();
  try {
    return look(buildApp([input], { outdir }).node.findAll());
  } finally {
    restore();
    rmSync(outdir, { recursive: true, force: true });
  }
}
