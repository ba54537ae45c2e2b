import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { State } from "./state";

const DELAY_MS = 50;

/** Keeps a file that holds the state; writing is put off a little, so that bursts cost one write. */
export class Snapshot {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly path: string | undefined,
    private readonly state: () => State,
  ) {}

  static read(path: string | undefined): State | undefined {
    if (path === undefined || !existsSync(path)) return undefined;
    return JSON.parse(readFileSync(path, "utf8")) as State;
  }

  changed(): void {
    if (this.path === undefined || this.timer) return;
    this.timer = setTimeout(() => this.flush(), DELAY_MS);
    this.timer.unref();
  }

  /** Writes at once; the old file stays whole until the new one is complete. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.path === undefined) return;
    const fresh = `${this.path}.new`;
    writeFileSync(fresh, JSON.stringify(this.state()), { mode: 0o600 });
    renameSync(fresh, this.path);
  }
}
