import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { UsageError } from "../output";

export interface TerraformOptions {
  /** The stack's folder, which holds cdk.tf.json. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The program with the arguments in front of its own. @default TERRAFORM_BINARY_NAME as cdktf has it, else terraform */
  readonly program?: readonly [string, ...string[]];
}

export interface Ended {
  readonly status: number;
  /** What it printed, where that was not shown already. */
  readonly output: string;
}

export interface PlanTold {
  /** Where the plan is kept. @default nowhere */
  readonly file?: string;
  /** Gets the plan line by line, while errors go to the process's own. @default nobody */
  readonly says?: (line: string) => void;
  /** Without `says`, gets what Terraform said when it failed. */
  readonly fails?: (text: string) => void;
}

/**
 * Go's garbage collector, at work less often than by default (GOGC=100): a plan takes a tenth to a fifth less time for up to twice the
 * memory, as long as that is no more than a quarter of the machine's. For Terraform and its providers; the environment may say otherwise.
 * https://pkg.go.dev/runtime#hdr-Environment_Variables, docs/decisions/0010-speed.md
 */
export const COLLECTOR = { GOGC: "400", GOMEMLIMIT: `${Math.floor(memory() / 4 / 1024 ** 2)}MiB` };

/** Bytes of the machine, or of the container in which this runs. */
function memory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** Says for which `terraform` block the folder was initialized, so that nobody waits for that twice. */
const MARKER = join(".terraform", "lab-init");

/** Terraform in a stack's folder, without questions: who calls it has asked them. */
export class Terraform {
  readonly #options: TerraformOptions;
  #plans: string | undefined;
  #running: ChildProcess | undefined;
  /** While Terraform runs it is asked to end, and is waited for; else nothing has begun, and no plan is left behind. */
  readonly #interrupt = (signal: NodeJS.Signals) => {
    // Ctrl-C is for all processes of a terminal: Terraform got it too.
    if (this.#running) signal === "SIGINT" || this.#running.kill("SIGTERM");
    else {
      this.close();
      process.exit(128 + constants.signals[signal]);
    }
  };

  constructor(options: TerraformOptions) {
    this.#options = options;
    for (const signal of SIGNALS) process.on(signal, this.#interrupt);
  }

  /** Fetches providers and connects to the state, unless that has been done for this stack as it is. */
  async init(): Promise<Ended> {
    const stack = JSON.parse(readFileSync(join(this.#options.folder, "cdk.tf.json"), "utf8"));
    const wanted = createHash("sha256").update(JSON.stringify(stack.terraform)).digest("hex");
    const marker = join(this.#options.folder, MARKER);
    const lock = join(this.#options.folder, ".terraform.lock.hcl");
    if (existsSync(marker) && existsSync(lock) && readFileSync(marker, "utf8") === wanted) return DONE;
    const ended = await this.#capture(["init", "-input=false", "-no-color"]);
    if (ended.status === 0) writeFileSync(marker, wanted);
    return ended;
  }

  /** Plans. @returns 0 nothing would change, 2 something, anything else an error, which has been told */
  async plan(args: readonly string[], { fails, file, says }: PlanTold): Promise<number> {
    const out = file === undefined ? [] : [`-out=${file}`];
    const words = ["plan", "-input=false", "-detailed-exitcode", ...out, ...args];
    if (says) return this.#heard(words, says);
    const { output, status } = await this.#capture(words);
    if (status !== 0 && status !== 2) fails?.(output.trim());
    return status;
  }

  /** A plan as `terraform show -json` has it. Sensitive values are in it. */
  show(file: string): Promise<Ended> {
    return this.#capture(["show", "-json", file]);
  }

  /** Does what a plan says. @param tell gets each line of Terraform's machine-readable output */
  apply(file: string, args: readonly string[], tell: (line: string) => void): Promise<number> {
    return this.#heard(["apply", "-input=false", "-json", ...args, file], tell);
  }

  /** Where a plan, which holds secrets in clear, is only its owner's to read; `close` removes it. */
  planFile(): string {
    this.#plans ??= mkdtempSync(join(tmpdir(), "lab-plan-"));
    return join(this.#plans, "plan");
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#interrupt);
    if (this.#plans !== undefined) rmSync(this.#plans, { recursive: true, force: true });
  }

  async #heard(args: readonly string[], tell: (line: string) => void): Promise<number> {
    const child = this.#spawn(args, ["ignore", "pipe", "pipe"]);
    if (child.stdout) createInterface({ input: child.stdout }).on("line", tell);
    let errors = "";
    child.stderr?.on("data", (block: Buffer) => {
      process.stderr.write(block);
      errors += block.toString();
    });
    const status = await this.#ended(child);
    if (WITHOUT_ROOT.test(errors)) process.stderr.write(`${KEEP_ROOT}\n`);
    return status;
  }

  async #capture(args: readonly string[]): Promise<Ended> {
    const child = this.#spawn(args, ["ignore", "pipe", "pipe"]);
    const blocks: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout?.on("data", (block: Buffer) => blocks.push(block));
    child.stderr?.on("data", (block: Buffer) => errors.push(block));
    const status = await this.#ended(child);
    return { status, output: Buffer.concat(status === 0 ? blocks : [...blocks, ...errors]).toString() };
  }

  #ended(child: ChildProcess): Promise<number> {
    this.#running = child;
    return new Promise<number>((resolve, reject) => {
      child.on("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? notThere() : error));
      child.on("close", (code) => resolve(code ?? 1));
    }).finally(() => {
      this.#running = undefined;
    });
  }

  #spawn(args: readonly string[], stdio: ("ignore" | "inherit" | "pipe")[]): ChildProcess {
    const { environment, folder, program } = this.#options;
    const [command, ...first] = program ?? [environment.TERRAFORM_BINARY_NAME || "terraform"];
    return spawn(command, [...first, ...args], {
      ...{ cwd: folder, env: { ...COLLECTOR, ...environment, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" }, stdio },
    });
  }
}

/** What Terraform says of a resource in the state whose provider is no longer configured. */
const WITHOUT_ROOT = /Provider configuration not present[\s\S]*\.root\b/;
const KEEP_ROOT =
  "A guest that root@pam managed has left the inventory, and with it the provider that could destroy it. " +
  "Set proxmox_keep_root: true in group_vars/all for this deploy; delete it afterwards.";

const DONE: Ended = { status: 0, output: "" };

const notThere = () =>
  new UsageError(
    "there is no terraform on PATH; install it: https://developer.hashicorp.com/terraform/install, or name another program in TERRAFORM_BINARY_NAME",
  );
