import pc from "picocolors";

/** Where a command writes, and how: the process's streams, or a test's. */
export interface Io {
  readonly cwd: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly colors: Colors;
}

export type Colors = ReturnType<typeof pc.createColors>;

/** What the exit codes of every command mean. */
export const EXIT = { ok: 0, problems: 1, usage: 2, refused: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Asked for wrongly: an unknown lab, host or key. Told in one line, with exit code 2. */
export class UsageError extends Error {}

/** Colours on a terminal only; NO_COLOR turns them off, FORCE_COLOR on (no-color.org, force-color.org). */
export function useColor(environment: { readonly [name: string]: string | undefined }, isTerminal: boolean): boolean {
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR !== undefined) return environment.FORCE_COLOR !== "0";
  return isTerminal && environment.TERM !== "dumb";
}

export function processIo(): Io {
  const colors = pc.createColors(useColor(process.env, process.stdout.isTTY === true));
  return {
    cwd: process.cwd(),
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    colors,
  };
}

const ESCAPE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
const width = (text: string) => [...text.replace(ESCAPE, "")].length;

/** Columns lined up under their heads; numbers stand right. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string {
  const widths = heads.map((head, index) => Math.max(width(head), ...rows.map((row) => width(row[index] ?? ""))));
  const isNumber = heads.map((_, index) => rows.length > 0 && rows.every((row) => /^[\d.]*$/.test(row[index] ?? "")));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const space = " ".repeat(Math.max(0, (widths[index] ?? 0) - width(cell)));
        return isNumber[index] ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [colors.bold(line(heads)), ...rows.map(line)].join("\n");
}
