import { readdirSync, rmSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Lab } from "../model/lab";
import { runProcess } from "./guarded";
import { type Io, processIo, table } from "./output";
import { counted } from "./problems";
import { load, loadAll } from "./target";

/**
 * `npm run synth`: what `cdktf synth` does, without its command line's three seconds, and a table of what came of it.
 * The app itself (main.ts) tells problems and writes nothing when there is any error.
 */
async function synth(io: Io): Promise<number> {
  await import("../main");
  if (process.exitCode) return Number(process.exitCode);
  // main.ts knows this variable too: it stands for one lab alone.
  const { LAB, CDKTF_OUTDIR = "cdktf.out" } = process.env;
  const results = LAB ? [load(LAB, io)] : loadAll(io);
  const stacks = join(resolve(io.cwd, CDKTF_OUTDIR), "stacks");
  if (!LAB) removeStale(stacks, new Set(results.map(({ name }) => name)));
  const rows = results.flatMap(({ lab, problems }) =>
    lab ? [row(lab, relative(io.cwd, join(stacks, lab.name, "cdk.tf.json")), problems.length)] : [],
  );
  io.out(table(["LAB", "NODES", "GUESTS", "CORES", "MEMORY MiB", "DISK GiB", "JSON", "WARNINGS"], rows, io.colors));
  return 0;
}

function row(lab: Lab, file: string, warnings: number): string[] {
  const sum = (of: (guest: Lab["guests"][number]) => number) =>
    String(lab.guests.reduce((total, guest) => total + of(guest), 0));
  return [
    lab.name,
    String(lab.nodes.length),
    String(lab.guests.length),
    sum(({ cores }) => cores),
    sum(({ memoryMiB }) => memoryMiB),
    sum(({ diskGiB }) => diskGiB),
    file,
    counted(warnings, "warning") || "none",
  ];
}

/** A lab that is gone leaves no stack behind, as with `cdktf synth`; anything but its JSON is kept. */
function removeStale(stacks: string, labs: ReadonlySet<string>): void {
  for (const name of readdirSync(stacks)) {
    const file = join(stacks, name, "cdk.tf.json");
    if (!labs.has(name) && statSync(file, { throwIfNoEntry: false })) rmSync(file);
  }
}

runProcess("synth", () => synth(processIo()));
