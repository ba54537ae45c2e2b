import { existsSync, readFileSync } from "node:fs";

/** When a process was started, in clock ticks since boot; `undefined` for one that is gone or only waits to be reaped. */
export function startTime(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether a process that was noted still runs, and not another one that has its number now. */
export function stillRuns({ pid, started }: { readonly pid: number; readonly started?: string }): boolean {
  if (existsSync("/proc/self/stat")) return started !== undefined && startTime(pid) === started;
  // Without /proc, numbers cannot be told from each other.
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
