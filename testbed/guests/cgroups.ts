import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A folder of the version 2 hierarchy, as the host's processes reach it. Process ids are the host's. */
export class Cgroup {
  constructor(readonly folder: string) {}

  child(name: string): Cgroup {
    return new Cgroup(join(this.folder, name));
  }

  /** Its own processes, in the order they came. */
  processes(): number[] {
    return this.words("cgroup.procs").map(Number);
  }

  /** Controllers that can set limits in it. */
  controllers(): string[] {
    return this.words("cgroup.controllers");
  }

  set(file: string, value: string): void {
    writeFileSync(join(this.folder, file), value);
  }

  /** Memory in use, bytes: what the controller counts or, where version 1 holds it, the processes' own pages. */
  memoryBytes(): number {
    const counted = join(this.folder, "memory.current");
    if (existsSync(counted)) return Number(readFileSync(counted, "utf8"));
    return this.allProcesses().reduce((sum, pid) => sum + ownPages(pid), 0);
  }

  /** Its processes and those of the cgroups in it. */
  private allProcesses(): number[] {
    let names: string[];
    try {
      names = readdirSync(this.folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name);
    } catch {
      return [];
    }
    return [...this.processes(), ...names.flatMap((name) => this.child(name).allProcesses())];
  }

  private words(file: string): string[] {
    try {
      return readFileSync(join(this.folder, file), "utf8")
        .split(/\s+/)
        .filter((word) => word !== "");
    } catch {
      return [];
    }
  }
}

function ownPages(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
