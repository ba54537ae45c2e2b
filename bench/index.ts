// npm run bench [-- --only NAME[,NAME…]] [-- --list]
//
// Each line is a ratio of two things measured in turns in this one run, so that it means the same on any machine.
// Exits 1 when a limit is missed; a line that cannot be measured here says why and is no miss. Lines that take minutes say on
// stderr what they are at when they are named.
import { cpus, release, totalmem, type } from "node:os";
import { isKept, type Line, type Result, type Say } from "./line";
import { ansible } from "./lines/ansible";
import { apiCalls } from "./lines/api-calls";
import { guests } from "./lines/guests";
import { inventory } from "./lines/inventory";
import { plan } from "./lines/plan";
import { realGuests } from "./lines/real-guests";
import { startUp } from "./lines/start-up";
import { synth } from "./lines/synth";
import { testbed } from "./lines/testbed";
import { removeFolders } from "./project";

const LINES: readonly Line[] = [synth, startUp, guests, inventory, plan, apiCalls, testbed, realGuests, ansible];

function machine(): string {
  const processors = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return `${processors.length} × ${processors[0]?.model.trim() ?? "unknown processor"}, ${memory}, ${type()} ${release()}, Node ${process.version}`;
}

function show(result: Result): string {
  const { from, limit, unit, value, what } = result;
  const shown = `${what}: ${value.toFixed(unit === "x" ? 2 : 0)} ${unit}`;
  if (!limit) return `  info ${shown} (${from})`;
  return `  ${isKept(result) ? "ok  " : "MISS"} ${shown}, limit ${limit.kind} ${limit.value} ${unit} (${from})`;
}

function progress(): Say {
  const began = Date.now();
  return (what) => console.error(`  ${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${what}`);
}

/** @returns the number of limits missed */
async function measureAll(lines: readonly Line[], say: Say): Promise<number> {
  let missed = 0;
  for (const line of lines) {
    console.log(`${line.name}: ${line.title}`);
    const outcome = await line.measure(say);
    if (outcome.kind === "skipped") console.log(`  skipped: ${outcome.reason}`);
    else {
      for (const result of outcome.results) console.log(show(result));
      missed += outcome.results.filter((result) => !isKept(result)).length;
    }
    removeFolders();
  }
  return missed;
}

function chosen(args: readonly string[]): readonly Line[] {
  const at = args.indexOf("--only");
  if (at < 0) return LINES;
  const names = (args[at + 1] ?? "").split(",");
  const unknown = names.filter((name) => !LINES.some((line) => line.name === name));
  if (unknown.length > 0) {
    throw new Error(`no line ${unknown.join(", ")}; there are ${LINES.map(({ name }) => name).join(", ")}`);
  }
  return LINES.filter(({ name }) => names.includes(name));
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--list")) {
    for (const { name, title } of LINES) console.log(`${name}: ${title}`);
    return 0;
  }
  const lines = chosen(args);
  console.log(`machine: ${machine()}`);
  const missed = await measureAll(lines, lines === LINES ? () => undefined : progress());
  console.log(missed === 0 ? "every limit that could be measured is kept" : `${missed} limits missed`);
  return missed > 0 ? 1 : 0;
}

main(process.argv.slice(2))
  .then((code) => {
    process.exitCode = code;
  })
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  })
  .finally(removeFolders);
