import { readdirSync, rmSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import type { LoadResult } from "../model";
import type { Lab } from "../model/lab";
import { concerning, type Problem } from "../model/problem";
import { runProcess } from "./guarded";
import { gathered, type SecretSources, VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP } from "./lab-secrets";
import { EXIT, type Io, processIo, table } from "./output";
import { counted, countProblems, hasErrors, tellProblems } from "./problems";
import { load, loadAll } from "./target";
import { betweenLabs, encrypted, withNeighbours } from "./validate";

/**
 * `npm run synth`: what `cdktf synth` does, without its command line's three seconds, with the warnings and a table of
 * what came of it. The app itself (main.ts) tells problems and writes nothing when there is any error.
 */
async function synth(target: string | undefined, sources: SecretSources, io: Io): Promise<number> {
  // What main.ts takes for one lab alone. A name that is wrong is wrong use, to be told before anything else.
  if (target !== undefined) {
    load(target, io);
    process.env.LAB = target;
  }
  await import("../main");
  if (process.exitCode) return Number(process.exitCode);
  const { LAB, CDKTF_OUTDIR = "cdktf.out" } = process.env;
  const loads = LAB ? [load(LAB, io)] : loadAll(io);
  const results = loads.map((each) => ({ ...each, problems: [...each.problems, ...encrypted(each, sources, io)] }));
  const stacks = join(resolve(io.cwd, CDKTF_OUTDIR), "stacks");
  if (!LAB) removeStale(stacks, new Set(results.map(({ name }) => name)));
  const shared = LAB ? loads.flatMap((each) => withNeighbours(each, io)) : betweenLabs(loads);
  const problems = [...results.flatMap((each) => each.problems), ...shared];
  tellProblems(problems, io);
  const rows = results.flatMap((result) => rowOf(result, shared, stacks, io));
  io.out(table(["LAB", "NODES", "GUESTS", "CORES", "MEMORY MiB", "DISK GiB", "JSON", "WARNINGS"], rows, io.colors));
  return hasErrors(problems) ? EXIT.problems : EXIT.ok;
}

function rowOf({ lab, problems }: LoadResult, shared: readonly Problem[], stacks: string, io: Io): string[][] {
  if (!lab) return [];
  const all = [...problems, ...concerning(lab, shared)];
  const isSound = !hasErrors(all);
  const sum = (of: (guest: Lab["guests"][number]) => number) =>
    String(lab.guests.reduce((total, guest) => total + of(guest), 0));
  const row = [
    lab.name,
    String(lab.nodes.length),
    String(lab.guests.length),
    sum(({ cores }) => cores),
    sum(({ memoryMiB }) => memoryMiB),
    sum(({ diskGiB }) => diskGiB),
    relative(io.cwd, join(stacks, lab.name, "cdk.tf.json")),
    isSound ? counted(all.length, "warning") || "none" : countProblems(all),
  ];
  return [row];
}

/** A lab that is gone leaves no stack behind, as with `cdktf synth`; anything but its JSON is kept. */
function removeStale(stacks: string, labs: ReadonlySet<string>): void {
  for (const name of readdirSync(stacks)) {
    const file = join(stacks, name, "cdk.tf.json");
    if (!labs.has(name) && statSync(file, { throwIfNoEntry: false })) rmSync(file);
  }
}

async function run(io: Io): Promise<number> {
  const program = new Command("npm run synth --")
    .description("Writes the Terraform JSON of every lab under inventory/, or of one, and prints a table of them.")
    .argument("[LAB]", "a folder's name under inventory/, or the path of any folder or hosts file; all if left out")
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .addHelpText(
      "after",
      "\nExit codes: 0 written, 1 an inventory or what is encrypted in it has errors, 2 the command was used wrongly.",
    )
    .exitOverride();
  try {
    const { args } = program.parse();
    return await synth(args[0], program.opts<SecretSources>(), io);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

runProcess("synth", () => run(processIo()));
