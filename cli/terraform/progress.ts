import type { Io } from "../output";
import { failureLines, labelled } from "./failure";

/** One line of Terraform's machine-readable output: https://developer.hashicorp.com/terraform/internals/machine-readable-ui */
interface Event {
  readonly type?: string;
  readonly "@message"?: string;
  readonly hook?: {
    readonly resource?: { readonly addr?: string };
    readonly action?: string;
    readonly output?: string;
    readonly elapsed_seconds?: number;
  };
  readonly diagnostic?: Diagnostic;
}

interface Diagnostic {
  readonly severity?: string;
  readonly summary?: string;
  readonly detail?: string;
  readonly address?: string;
}

export interface Place {
  /** `media base`: as in front of every line of its output. */
  readonly label: string;
  /** How the step got where it ran: `root@192.168.1.10: pct exec 303 --`. */
  readonly way: string;
}

export interface ProgressOptions {
  /** Steps by their address in Terraform. */
  readonly steps: ReadonlyMap<string, Place>;
  /** Values that are never shown, by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Everything that scripts say, as it comes. */
  readonly verbose: boolean;
  readonly io: Io;
  /** Where a last line that changes may stand; absent: lines are for a log. */
  readonly terminal?: { readonly columns: number; readonly write: (text: string) => void };
  /** Milliseconds. @default the clock */
  readonly now?: () => number;
}

interface Running {
  readonly began: number;
  readonly lines: string[];
}

/** A script's output is carried beside the news that it failed, and its end may come after that. */
const LATE_MS = 1_000;
/** In a log, what takes long is said to go on this often. */
const LOG_EVERY_MS = 60_000;
/** A value so short would be found everywhere. */
const SHORTEST_SECRET = 4;
/** A line of a secret that is shorter, such as a brace, is not secret. */
const SHORTEST_LINE = 8;
const CHECK_FAILED = "Check block assertion failed";
/** What Terraform itself says in a provisioner's name: communicator/ssh/communicator.go, and of sensitive provisioners. */
const CHATTER =
  /^(Connecting to remote host via SSH\.\.\.|Using configured bastion host\.\.\.|Connected!| {2}(Host|User|Password|Private key|Certificate|SSH Agent|Checking Host Key|Target Platform): .*|\(output suppressed due to sensitive value in config\))$/;

const DONE: Readonly<Record<string, string>> = {
  create: "created",
  update: "changed",
  delete: "destroyed",
  read: "read",
};

/** Turns what Terraform does into one line a step, with a failing step's reason and the end of its output. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #running = new Map<string, Running>();
  /** What failed, with its output and when; undefined once that has been told. */
  readonly #failed = new Map<string, { readonly at: number; readonly lines: string[] } | undefined>();
  /** Of what failed, that whose own words have been told. */
  readonly #explained = new Set<string>();
  readonly #hidden: readonly (readonly [value: string, name: string])[];
  readonly #timer: NodeJS.Timeout;
  #lastSaid: number;
  #status = "";

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#hidden = hidden(options.secrets);
    this.#lastSaid = this.#now();
    this.#timer = setInterval(() => this.tick(), options.terminal ? 500 : 5_000);
    this.#timer.unref();
  }

  /** Takes a line of `terraform apply -json`. */
  take(line: string): void {
    let event: Event;
    try {
      event = JSON.parse(line) as Event;
    } catch {
      // Terraform says what it cannot put into JSON, such as a crash, in plain words.
      this.#say(line);
      return;
    }
    this.#follow(event);
    this.#draw();
  }

  /** Says what still runs. */
  tick(): void {
    this.#tellFailures(LATE_MS);
    if (this.#options.terminal) this.#draw();
    else if (this.#running.size > 0 && this.#now() - this.#lastSaid >= LOG_EVERY_MS) this.#say(this.#going());
  }

  /** Tells what is left to tell, and what failed in one line. */
  close(): void {
    clearInterval(this.#timer);
    this.#running.clear();
    this.#tellFailures(0);
    this.#draw();
    if (this.#failed.size === 0) return;
    const { err, colors } = this.#options.io;
    const names = [...this.#failed.keys()].map((address) => this.#place(address).label);
    err(`${colors.red(`${names.length} failed`)}: ${names.join(", ")}; mend and run again`);
  }

  #follow({ diagnostic, hook = {}, type, ...event }: Event): void {
    const address = hook.resource?.addr ?? "";
    if (type === "apply_start") this.#start(address, hook.action);
    else if (type === "provision_progress") this.#hear(address, hook.output ?? "");
    else if (type === "apply_complete") this.#complete(address, hook.action, hook.elapsed_seconds);
    else if (type === "apply_errored") this.#fail(address);
    else if (type === "diagnostic" && diagnostic) this.#diagnose(diagnostic);
    else if (type === "change_summary" && event["@message"]) this.#say(this.#options.io.colors.bold(event["@message"]));
  }

  /** A step's former run is forgotten without a word. */
  #start(address: string, action: string | undefined): void {
    if (this.#options.steps.has(address) && action === "delete") return;
    this.#running.set(address, { began: this.#now(), lines: [] });
  }

  #hear(address: string, output: string): void {
    const kept = (this.#running.get(address) ?? this.#failed.get(address))?.lines;
    const { label } = this.#place(address);
    for (const line of output.split(/\r?\n/)) {
      if (line.trim() === "" || CHATTER.test(line)) continue;
      kept?.push(line);
      if (this.#options.verbose && labelled(label, line) === line) this.#say(line);
      else if (!kept && this.#failed.has(address)) this.#complain(`  ${labelled(label, line)}`);
    }
  }

  #complete(address: string, action = "", seconds?: number): void {
    const running = this.#running.get(address);
    this.#running.delete(address);
    if (!running) return;
    const { colors } = this.#options.io;
    const { label } = this.#place(address);
    const took = duration(seconds ?? (this.#now() - running.began) / 1000);
    if (!this.#options.steps.has(address)) {
      this.#say(`${colors.bold(label)} ${colors.green(DONE[action] ?? "done")} in ${took}`);
      return;
    }
    const own = running.lines
      .filter((line) => line.startsWith(`${label}: `))
      .map((line) => line.slice(label.length + 2));
    const summary = own.findLast((line) => line.startsWith("done: "))?.slice("done: ".length);
    this.#say(`${colors.bold(label)} ${colors.green("done")} in ${took}${summary ? `: ${summary}` : ""}`);
    if (this.#options.verbose) return;
    for (const note of own.filter((line) => /^(note|still starting)/.test(line))) this.#say(`${label}: ${note}`);
  }

  #fail(address: string): void {
    this.#failed.set(address, { at: this.#now(), lines: this.#running.get(address)?.lines ?? [] });
    this.#running.delete(address);
  }

  /** Tells what failed so many milliseconds ago. */
  #tellFailures(age: number): void {
    const { colors } = this.#options.io;
    for (const [address, failed] of this.#failed) {
      if (!failed || this.#now() - failed.at < age) continue;
      this.#failed.set(address, undefined);
      const { label, way } = this.#place(address);
      this.#complain(`${colors.red("FAILED")} ${colors.bold(label)}${way === "" ? "" : ` (${way})`}`);
      if (failed.lines.length > 0) this.#explained.add(address);
      for (const line of failureLines(label, failed.lines, this.#options.verbose)) this.#complain(`  ${line}`);
    }
  }

  /** Of a failed step its own words have told more than Terraform's about the script's exit status. */
  #diagnose({ address, detail = "", severity, summary = "" }: Diagnostic): void {
    // Terraform tells them when everything has ended.
    this.#tellFailures(0);
    const { colors } = this.#options.io;
    const isTold =
      address !== undefined && this.#explained.has(address) && /exited with( non-zero exit)? status/.test(detail);
    if (isTold) return;
    if (severity !== "warning" && address !== undefined) this.#failed.set(address, undefined);
    const what = severity === "warning" ? colors.yellow("warning") : colors.red("error");
    const where = address === undefined ? "" : ` ${colors.bold(this.#place(address).label)}`;
    const lines = detail.split("\n").filter((each) => each.trim() !== "");
    // Of a check, which is how the inventory's warnings get here, the message alone says something.
    const first = (summary === CHECK_FAILED ? lines.shift() : undefined) ?? summary;
    this.#complain(`${what}${where}: ${first}`);
    for (const line of lines) this.#complain(`  ${line}`);
  }

  #place(address: string): Place {
    return this.#options.steps.get(address) ?? { label: address, way: "" };
  }

  #say(line: string): void {
    this.#lastSaid = this.#now();
    this.#clear();
    this.#options.io.out(this.#masked(line));
    this.#draw();
  }

  #complain(line: string): void {
    this.#clear();
    this.#options.io.err(this.#masked(line));
  }

  #masked(text: string): string {
    return this.#hidden.reduce((shown, [value, name]) => shown.replaceAll(value, `(secret ${name})`), text);
  }

  #going(): string {
    const names = [...this.#running].map(
      ([address, { began }]) => `${this.#place(address).label} ${duration((this.#now() - began) / 1000)}`,
    );
    return `${names.length} running: ${names.join(", ")}`;
  }

  /** The last line of a terminal. */
  #draw(): void {
    const { terminal } = this.#options;
    if (!terminal) return;
    const text = this.#running.size === 0 ? "" : this.#going().slice(0, Math.max(1, terminal.columns - 1));
    if (text === this.#status) return;
    this.#status = text;
    terminal.write(`\r\u001b[K${text}`);
  }

  #clear(): void {
    if (this.#status === "") return;
    this.#status = "";
    this.#options.terminal?.write("\r\u001b[K");
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

/**
 * What is masked, and by which name. The longest first: what is left of a secret that contains another would be shown. Output
 * comes line by line, so that a key of several lines is known by each of them.
 */
function hidden(secrets: ProgressOptions["secrets"]): (readonly [value: string, name: string])[] {
  return [...secrets]
    .flatMap(([name, value]) => {
      const lines = value.split(/\r?\n/).filter((line) => line !== value && line.length >= SHORTEST_LINE);
      return [...(value.length >= SHORTEST_SECRET ? [value] : []), ...lines].map((text) => [text, name] as const);
    })
    .sort(([a], [b]) => b.length - a.length);
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
