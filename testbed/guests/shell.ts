import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** Folder of the scripts that run on the host; those of the node are in `node/`. */
export const HOST_SCRIPTS = join(__dirname, "host");
/** Folder of the files that are copied into a node. */
export const NODE_FILES = join(__dirname, "node");

export interface RunOptions {
  /** Written to the command's standard input. @default nothing */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command to its end, whatever that is. Rejects only when it cannot be started. */
export function runToEnd(command: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(command, [...args], {
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      env: { ...process.env, ...options.environment },
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout?.on("data", (block: Buffer) => output.push(block));
    child.stderr?.on("data", (block: Buffer) => errors.push(block));
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({
        code: code ?? 255,
        output: Buffer.concat(output).toString(),
        errors: Buffer.concat(errors).toString(),
      }),
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);
  });
}

/** Runs a command and answers what it printed. @throws Error of one line, when the exit code is not 0 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, output, errors } = await runToEnd(command, args, options);
  if (code === 0) return output;
  throw new Error(lastLine(errors) ?? `${command} ended with exit code ${code}`);
}

/** The last line that is not empty. */
export function lastLine(text: string): string | undefined {
  return text
    .split("\n")
    .map((line) => line.trim())
    .findLast((line) => line !== "");
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks again and again until the answer is defined. @throws Error when `seconds` are over, with `what` was awaited */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`timeout waiting for ${what}`);
    await sleep(20);
  }
}
