import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

export interface RunOptions {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gets the output while it comes. @default nobody */
  readonly echo?: (text: string) => void;
  readonly signal: AbortSignal;
}

/** A tool ended with another exit code than 0. */
export class ToolError extends Error {
  constructor(
    /** As a user would type it. */
    readonly command: string,
    readonly output: string,
  ) {
    super(`${command} failed`);
  }
}

/** Lines of a failed tool that are shown where none is known to tell the reason. */
const LAST_LINES = 40;
/** A step's own words for a failure, and what it wants the operator to know. */
const REASON = /(?:\(remote-exec\): )(.* \| (?:error|note): .*|.*: failed with status \d+.*)$/;

/** Of a tool's output the lines that say why it failed: Terraform's errors, and before them what failing steps said. */
export function reasons(output: string): string[] {
  const lines = output
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.replace(/^tiers(?= )/, ""));
  const first = lines.findIndex((line) => /^\s*Error: /.test(line));
  if (first < 0) return lines.slice(-LAST_LINES);
  const said = lines.slice(0, first).flatMap((line) => REASON.exec(line)?.[1] ?? []);
  return [...said, ...lines.slice(first)];
}

/** The user, or the machine, asked the demo to end. */
export class Interrupted extends Error {}

const GRACE_MS = 5_000;

/**
 * Runs a command and answers what it printed, without colours.
 *
 * It has a process group of its own, so that Ctrl-C reaches this process alone, which then ends it with all it started.
 *
 * @throws ToolError, Interrupted, or the error of a command that is not there
 */
export async function runTool(
  shown: string,
  command: string,
  args: readonly string[],
  { echo, environment, folder, signal }: RunOptions,
): Promise<string> {
  if (signal.aborted) throw new Interrupted();
  const child = spawn(command, [...args], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const blocks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (block: Buffer) => {
      blocks.push(block);
      echo?.(block.toString());
    });
  }
  let late: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    const tree = child.pid === undefined ? [] : [child.pid, ...descendants(child.pid)];
    kill(tree, "SIGTERM");
    late = setTimeout(() => kill(tree, "SIGKILL"), GRACE_MS);
  };
  signal.addEventListener("abort", interrupt);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  }).finally(() => {
    clearTimeout(late);
    signal.removeEventListener("abort", interrupt);
  });
  if (signal.aborted) throw new Interrupted();
  const output = plain(Buffer.concat(blocks).toString());
  if (code !== 0) throw new ToolError(shown, output);
  return output;
}

/** Without colours, and without what the tool wrote to show that it still runs. */
function plain(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split("\n")
    .map((line) => line.replace(/^.*\r(?=.)/, "").trimEnd())
    .filter((line) => !/^[\u2800-\u28ff] |^ *(Processing|Synthesizing)$|^\d+ Stacks? \w+ /.test(line));
  return lines.filter((line, index) => line !== "" || lines[index - 1] !== "").join("\n");
}

/** Every process that a process started, and those started in turn; children before grandchildren. Linux only. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of processes()) {
    const parent = parentOf(entry);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), entry]);
  }
  const found: number[] = [];
  const walk = (from: number): void => {
    for (const child of children.get(from) ?? []) {
      found.push(child);
      walk(child);
    }
  };
  walk(pid);
  return found;
}

function processes(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function parentOf(pid: number): number | undefined {
  try {
    // The second field, the command, may hold blanks and brackets.
    return Number(
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[1],
    );
  } catch {
    return undefined;
  }
}

export function kill(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}
