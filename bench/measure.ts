import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

export const ROOT = join(__dirname, "..");

/** How this project's TypeScript is run; main.ts and the `lab` command start in the same way. */
export const NODE_TYPESCRIPT = ["--require", join(ROOT, "scripts", "typescript.cjs")];

/** As npm and npx set it. */
const PATH = [join(ROOT, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command to its end. @throws with the end of what it printed when it fails */
export function run({ args, cwd = ROOT, env, program }: Command): {
  readonly seconds: number;
  readonly stdout: string;
} {
  const began = process.hrtime.bigint();
  const { error, status, stderr, stdout } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, PATH, CHECKPOINT_DISABLE: "1", CI: "1", NO_COLOR: "1", ...env },
    maxBuffer: 1 << 30,
  });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  if (error || status !== 0) {
    const said = `${stdout}\n${stderr}`.trim().slice(-2000);
    throw new Error(`${program} ${args.join(" ")} failed: ${error?.message ?? `exit code ${status}`}\n${said}`);
  }
  return { seconds, stdout };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Comparison {
  readonly ratio: number;
  readonly from: string;
}

/**
 * Ours against theirs, in turns, so that both meet the same moods of the machine; one run of each first, unmeasured.
 * The ratio is of the medians.
 */
export function compare(ours: () => number, theirs: () => number, rounds: number): Comparison {
  ours();
  theirs();
  const samples = Array.from({ length: rounds }, () => [ours(), theirs()] as const);
  const [a, b] = [median(samples.map(([each]) => each)), median(samples.map(([, each]) => each))];
  return { ratio: a / b, from: `${seconds(a)} against ${seconds(b)}, medians of ${rounds}` };
}

export function seconds(value: number): string {
  return value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(2)} s`;
}
