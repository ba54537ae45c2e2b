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
  /** What was expected and what was found: `expected a whole number of MiB, got "8 GB"`. */
  readonly message: string;
  /** How to mend it, as an instruction: `write 8192`. */
  readonly fix?: string;
}

/** One line for people: `file:line:col path: message; fix`. */
export function formatProblem(problem: Problem): string {
  const place = problem.at ? `${formatPosition(problem.at)} ` : "";
  const path = problem.path ? `${problem.path}: ` : "";
  const fix = problem.fix ? `; ${problem.fix}` : "";
  const also = (problem.also ?? []).map(({ at, note }) => `\n    ${formatPosition(at)} ${note}`).join("");
  return `${place}${path}${problem.message}${fix}${also}`;
}

export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
