import type { Position, Problem } from "../problem";

/** A file's text that can tell the line and column of any offset. */
export class Source {
  private starts: number[] | undefined;
  private line = 0;

  constructor(
    readonly text: string,
    readonly file: string,
  ) {}

  /** Offsets mostly rise, so the search begins at the line that was found last. */
  at(offset: number): Position {
    const starts = this.lineStarts();
    if (starts[this.line]! > offset) this.line = 0;
    if ((starts[this.line + 64] ?? Number.POSITIVE_INFINITY) <= offset) this.line = lastAtOrBefore(starts, offset);
    while ((starts[this.line + 1] ?? Number.POSITIVE_INFINITY) <= offset) this.line++;
    return { file: this.file, line: this.line + 1, column: offset - starts[this.line]! + 1 };
  }

  /** The text of the line that holds `offset`. */
  lineAt(offset: number): string {
    const start = this.text.lastIndexOf("\n", offset - 1) + 1;
    const end = this.text.indexOf("\n", start);
    return this.text.slice(start, end < 0 ? undefined : end);
  }

  error(rule: string, offset: number, message: string, fix?: string): Problem {
    return { rule, severity: "error", at: this.at(offset), message, ...(fix ? { fix } : {}) };
  }

  private lineStarts(): number[] {
    if (this.starts) return this.starts;
    const starts = [0];
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.starts = starts;
    return starts;
  }
}

function lastAtOrBefore(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
