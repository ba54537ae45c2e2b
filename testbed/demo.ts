import { Command } from "commander";
import { processIo } from "../cli/output";
import { Demo } from "./demo/demo";
import { Progress } from "./demo/progress";
import { Interrupted, reasons, ToolError } from "./demo/tool";
import { Missing } from "./demo/tools";

/** As a shell's: 128 + SIGINT. */
const EXIT_INTERRUPTED = 130;

interface Options {
  readonly verbose?: true;
  readonly inert?: true;
}

async function demo({ inert, verbose }: Options): Promise<void> {
  const { colors } = processIo();
  const out = (text: string): void => void process.stdout.write(text);
  const isTerminal = process.stdout.isTTY === true && !verbose;
  const progress = new Progress({ out, colors, isTerminal });
  const abort = new AbortController();
  let crash: unknown;
  process.on("uncaughtException", (error) => {
    crash ??= error;
    abort.abort();
  });
  // Nobody reads on.
  process.stdout.on("error", () => abort.abort());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!abort.signal.aborted) process.stderr.write("\nTaking everything down …\n");
      abort.abort();
    });
  }
  const run = new Demo({
    progress,
    colors,
    signal: abort.signal,
    inert: inert === true,
    ...(verbose ? { echo: out } : {}),
  });
  progress.line(
    `A lab of four containers, from nothing to nothing, on a Proxmox VE node that only this machine sees.\n`,
  );
  try {
    await run.run();
  } catch (error) {
    process.exitCode = tell(crash ?? error, verbose === true);
  }
  if (run.hasBegun) await progress.stage("Everything is taken down", () => run.close());
  if (!process.exitCode)
    progress.line(
      `\nAll of it took ${progress.total}. What it was: docs/demo.md. The same on a host of yours: README.md`,
    );
  // An API call of a tool that was killed may still be waited for.
  process.exit();
}

/** Says what went wrong. @returns the exit code */
function tell(error: unknown, verbose: boolean): number {
  if (error instanceof Interrupted) return EXIT_INTERRUPTED;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  if (error instanceof Missing) say(`\nMissing: ${error.message}\n`);
  else if (error instanceof ToolError) {
    say(`\n${error.command} failed${verbose ? "" : " (all that it said: --verbose)"}:\n`);
    if (!verbose) for (const line of reasons(error.output)) say(`  ${line}`);
    say("");
  } else say(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
}

new Command("demo")
  .description("Deploys, changes and destroys the tiers lab on a Proxmox VE node that exists only on this machine")
  .option("--verbose", "also what the tools print")
  .option("--inert", "guests are state only, even where real ones could run")
  .action(demo)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
