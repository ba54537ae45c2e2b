import type { Caller } from "./call";
import { messageOf } from "./errors";
import type { TaskLog } from "./guest-backend";
import type { State, Task } from "./state/state";

const KEPT_TASKS = 2000;

export interface TaskRequest {
  readonly node: string;
  /** Proxmox VE's worker type: `vzcreate`, `qmstart`, `imgdel`, … */
  readonly type: string;
  /** What the task is about: a VMID, a storage; empty for the node. */
  readonly id: string;
  readonly caller: Caller;
}

export interface TaskContext {
  readonly log: TaskLog;
  /** Adds a warning: the task ends in `WARNINGS: n`. */
  warn(line: string): void;
}

/** How faults reach into tasks. */
export interface TaskFault {
  /** Milliseconds to wait before the work. */
  readonly delayMs?: number;
  /** The task fails with this text instead of doing its work. */
  readonly failure?: string;
}

const hex8 = (n: number): string => n.toString(16).toUpperCase().padStart(8, "0");
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface TaskWork extends TaskRequest {
  readonly work: Work;
  readonly fault?: TaskFault;
  /** Takes back, when the task fails, what was done before it began. */
  readonly undo?: () => void;
}

/** What a worker does; what it throws is how the task ends. */
export type Work = (task: TaskContext) => Promise<void> | void;

/** Runs what Proxmox VE forks a worker for, and keeps its log. */
export class Tasks {
  private readonly active = new Map<string, Promise<void>>();

  constructor(
    private readonly state: State,
    private readonly onChange: () => void,
  ) {
    for (const task of state.tasks) {
      if (task.exitstatus === undefined) this.end(task, "unexpected status", "TASK ERROR: unexpected status");
    }
  }

  /**
   * Starts a worker and answers its UPID. Work that ends at once has ended when the UPID is known.
   */
  async run({ fault, undo, work, ...request }: TaskWork): Promise<string> {
    const task = this.begin(request);
    const running = this.work(task, work, fault, undo).finally(() => this.active.delete(task.upid));
    this.active.set(task.upid, running);
    await Promise.race([running, new Promise((resolve) => setImmediate(resolve))]);
    return task.upid;
  }

  private begin(request: TaskRequest): Task {
    const { caller, node, type, id } = request;
    const pid = 1000 + (++this.state.counter % 4_000_000);
    const pstart = Math.floor(process.uptime() * 100) + this.state.counter;
    const starttime = Math.floor(Date.now() / 1000);
    const task: Task = {
      upid: `UPID:${node}:${hex8(pid)}:${hex8(pstart)}:${hex8(starttime)}:${type}:${id}:${caller.id}:`,
      node,
      type,
      id,
      user: caller.user,
      pid,
      pstart,
      starttime,
      log: [],
      ...(caller.token === undefined ? {} : { tokenid: caller.token }),
    };
    this.state.tasks.push(task);
    if (this.state.tasks.length > KEPT_TASKS) this.state.tasks.splice(0, this.state.tasks.length - KEPT_TASKS);
    this.onChange();
    return task;
  }

  private async work(task: Task, work: Work, fault?: TaskFault, undo?: () => void): Promise<void> {
    let warnings = 0;
    const log = (line: string): void => void task.log.push(line);
    const warn = (line: string): void => {
      warnings++;
      log(`WARN: ${line}`);
    };
    try {
      if (fault?.delayMs) await sleep(fault.delayMs);
      if (fault?.failure !== undefined) throw new Error(fault.failure);
      await work({ log, warn });
      if (warnings > 0) this.end(task, `WARNINGS: ${warnings}`, `TASK WARNINGS: ${warnings}`);
      else this.end(task, "OK", "TASK OK");
    } catch (error) {
      undo?.();
      const text = messageOf(error).trimEnd();
      this.end(task, text, `TASK ERROR: ${text}`);
    }
  }

  private end(task: Task, exitstatus: string, lastLine: string): void {
    if (task.exitstatus !== undefined) return;
    task.log.push(lastLine);
    task.exitstatus = exitstatus;
    task.endtime = Math.floor(Date.now() / 1000);
    this.onChange();
  }

  find(upid: string): Task | undefined {
    return this.state.tasks.findLast((task) => task.upid === upid);
  }

  /** `DELETE /nodes/{node}/tasks/{upid}`: the worker's end no longer matters. */
  interrupt(upid: string): void {
    const task = this.find(upid);
    if (task) this.end(task, "received interrupt", "TASK ERROR: received interrupt");
  }

  /** Resolves when no task runs. */
  async settled(): Promise<void> {
    while (this.active.size > 0) await Promise.all(this.active.values());
  }
}
