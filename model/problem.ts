/** A place in a file of the inventory. `line` and `column` count from 1; `file` is relative to the folder the command runs in. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Severity = "error" | "warning";

/**
 * Something the user wrote that is wrong (error) or looks wrong (warning).
 *
 * Problems are data, never exceptions: whoever finds one goes on and finds the rest.
 */
export interface Problem {
  /** Stable kebab-case name of the check, such as `duplicate-vmid`: documented, used by editors and tests. */
  readonly rule: string;
  readonly severity: Severity;
  /** Where to look first. Absent only when there is no file to point at. */
  readonly at?: Position;
  /** Further places that take part: the other holder of a VMID, the second tier. */
  readonly also?: readonly { readonly at: Position; readonly note: string }[];
  /** The variable, in dotted form: `proxmox_lxc.memory`. */
  readonly path?: string;
  /** The host or group it concerns. */
  readonly subject?: string;
  /** Whether other hosts may have another value at the same place, so that the message must name this one. @default false */
  readonly isOfHost?: boolean;
  /** What was expected and what was found: `expected a whole number of MiB, got "8 GB"`. */
  readonly message: string;
  /** How to mend it, as an instruction: `write 8192`. */
  readonly fix?: string;
}

/** One line for people: `file:line:col path: message; fix`. */
export function formatProblem(problem: Problem): string {
  const place = problem.at ? `${formatPosition(problem.at)} ` : "";
  return place + textOf(problem);
}

/** What makes parts of a problem stand out on a terminal. */
export interface Emphasis {
  readonly place: (text: string) => string;
  readonly severity: (severity: Severity) => string;
}

const PLAIN: Emphasis = { place: (text) => text, severity: (severity) => severity };

/** `formatProblem` with the severity behind the place: `file:line:col error path: message; fix`. */
export function problemLine(problem: Problem, emphasis: Emphasis = PLAIN): string {
  const place = problem.at ? `${emphasis.place(formatPosition(problem.at))} ` : "";
  return `${place}${emphasis.severity(problem.severity)} ${textOf(problem)}`;
}

function textOf(problem: Problem): string {
  const path = problem.path ? `${problem.path}: ` : "";
  const fix = problem.fix ? `; ${problem.fix}` : "";
  const also = (problem.also ?? []).map(({ at, note }) => `\n    ${formatPosition(at)} ${note}`).join("");
  return `${path}${problem.message}${fix}${also}`;
}

/** Of problems between labs those that are told to one of them: their subject is it or a guest of it. */
export function concerning({ name }: { readonly name: string }, problems: readonly Problem[]): readonly Problem[] {
  return problems.filter(({ subject }) => subject === name || subject?.startsWith(`${name}/`));
}

/** What has to be mended comes first; else the order stays. */
export function errorsFirst(problems: readonly Problem[]): readonly Problem[] {
  const errors = problems.filter(({ severity }) => severity === "error");
  return [...errors, ...problems.filter(({ severity }) => severity !== "error")];
}

/** `2 errors, 1 warning`. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const parts = [counted(errors, "error"), counted(problems.length - errors, "warning")].filter((part) => part !== "");
  return parts.length > 0 ? parts.join(", ") : "no problems";
}

/** `2 errors`; nothing for none. */
export const counted = (number: number, noun: string): string =>
  number === 0 ? "" : `${number} ${noun}${number === 1 ? "" : "s"}`;

export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
