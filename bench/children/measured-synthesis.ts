import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a child process tells of one synthesis; modules were loaded before. */
export interface SynthesisReport {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly containers: number;
  readonly steps: number;
  /** Size of the Terraform JSON. */
  readonly bytes: number;
}

/** Times `synthesize`, which writes to the folder it is given, and prints the report as JSON. */
export function report(synthesize: (outdir: string) => void, keep?: string): void {
  const outdir = keep ?? mkdtempSync(join(tmpdir(), "lab-bench-"));
  const began = process.hrtime.bigint();
  synthesize(outdir);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  // maxRSS is in KiB.
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const [stack = ""] = readdirSync(join(outdir, "stacks"));
  const text = readFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), "utf8");
  const { resource } = JSON.parse(text) as { resource: Record<string, object> };
  const count = (type: string) => Object.keys(resource[type] ?? {}).length;
  const told: SynthesisReport = {
    seconds,
    peakMiB,
    containers: count("proxmox_virtual_environment_container"),
    steps: count("null_resource"),
    bytes: text.length,
  };
  if (!keep) rmSync(outdir, { recursive: true, force: true });
  process.stdout.write(JSON.stringify(told));
}
