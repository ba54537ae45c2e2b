import type { Colors } from "../../cli/output";
import { Interrupted } from "./tool";

export interface ProgressOptions {
  readonly out: (text: string) => void;
  readonly colors: Colors;
  /** Whether lines can be written over: the stage that runs is shown with its seconds. */
  readonly isTerminal: boolean;
}

const CLEAR_LINE = "\r\u001b[K";

/** One line a stage, with how long it took, and what came of it below. */
export class Progress {
  private readonly started = Date.now();

  constructor(private readonly options: ProgressOptions) {}

  /** Runs a stage. @returns what `work` gives; its errors pass, after the stage is marked as failed. */
  async stage<T>(title: string, work: () => Promise<T>): Promise<T> {
    const { colors } = this.options;
    const started = Date.now();
    const seconds = () => `${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s`;
    const redraw = () => this.options.out(`${CLEAR_LINE}${colors.dim(seconds())}  ${title} …`);
    const timer = this.options.isTerminal ? setInterval(redraw, 100) : undefined;
    const end = (mark: string) => {
      clearInterval(timer);
      this.options.out(`${this.options.isTerminal ? CLEAR_LINE : ""}${colors.dim(seconds())}  ${mark}\n`);
    };
    try {
      const result = await work();
      end(title);
      return result;
    } catch (error) {
      end(`${title}: ${error instanceof Interrupted ? "interrupted" : colors.red("failed")}`);
      throw error;
    }
  }

  /** A line about the stage that runs, as soon as it is known. */
  note(text: string): void {
    this.line(`${this.options.isTerminal ? CLEAR_LINE : ""}            ${text}`);
  }

  /** Lines that belong to the stage before. */
  detail(...lines: readonly string[]): void {
    for (const line of lines.flatMap((text) => text.split("\n"))) this.line(line === "" ? "" : `            ${line}`);
  }

  line(text: string): void {
    this.options.out(`${text}\n`);
  }

  /** Seconds since the first stage. */
  get total(): string {
    return `${((Date.now() - this.started) / 1000).toFixed(0)} s`;
  }
}
