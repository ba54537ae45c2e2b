import type { GuestConfig, GuestRef } from "../../../testbed/api/guest-backend";
import type { LxcBackend } from "../../../testbed/guests/lxc-backend";
import { type CommandResult, sleep } from "../../../testbed/guests/shell";
import { ssh } from "../../../testbed/guests/ssh";
import { killStep, stepRuns } from "./kill";
import { type Snapshot, snapshot } from "./snapshot";
import { stepText, type Variables } from "./step-text";
import type { Release } from "./world";

export interface Secrets {
  readonly [name: string]: string;
}

/** What an operator writes into `group_vars`, and gives as secrets. */
export interface Given {
  readonly variables: Variables;
  readonly secrets?: Secrets;
  /** Roles that come later, whose packages may be installed along, each with its variables. @default none */
  readonly ahead?: Ahead;
}

interface Ahead {
  readonly [role: string]: Variables;
}

export interface Ran {
  readonly status: number;
  readonly output: string;
  readonly milliseconds: number;
}

/** A real guest, which roles and the test reach as Terraform does: SSH to its node, and there `pct exec`. */
export class Guest {
  constructor(
    private readonly backend: LxcBackend,
    readonly ref: GuestRef,
    readonly release: Release,
    /** Its configuration beyond what every guest has. */
    readonly more: GuestConfig,
  ) {}

  /** What the output calls it. */
  get host(): string {
    return `guest${this.release}`;
  }

  apply(role: string, variables: Variables = {}, secrets: Secrets = {}): Promise<Ran> {
    return this.step("apply", role, variables, secrets);
  }

  applyAhead(role: string, { ahead, secrets, variables }: Given): Promise<Ran> {
    return this.step("apply", role, variables, secrets, ahead);
  }

  check(role: string, variables: Variables = {}, secrets: Secrets = {}): Promise<Ran> {
    return this.step("check", role, variables, secrets);
  }

  /**
   * Applies a role, and kills what it does in the guest some time after it has begun there.
   * @returns how many milliseconds it took, when it had ended before
   */
  async killed(
    role: string,
    { ahead, secrets, variables }: Given,
    milliseconds: number,
    all: boolean,
  ): Promise<number | undefined> {
    const init = await this.pid();
    let hasEnded = false;
    const running = ssh(this.backend.node, "sh", this.text("apply", role, variables, secrets, ahead)).then(() => {
      hasEnded = true;
    });
    while (!hasEnded && !stepRuns(init)) await sleep(10);
    const began = performance.now();
    await Promise.race([sleep(milliseconds), running]);
    const found = !hasEnded && killStep(init, all);
    await running;
    return found ? undefined : performance.now() - began;
  }

  /** Runs a script as root. */
  run(script: string): Promise<CommandResult> {
    return ssh(this.backend.node, `pct exec ${this.ref.vmid} -- sh`, script);
  }

  /** What a script prints. @throws Error with what it said, when it fails */
  async sh(script: string): Promise<string> {
    const { code, errors, output } = await this.run(script);
    if (code === 0) return output.trim();
    throw new Error(`${this.host}: ${script}: exit code ${code}: ${errors || output}`);
  }

  snapshot(): Promise<Snapshot> {
    return this.pid().then(snapshot);
  }

  async stop(): Promise<void> {
    await this.sh("sync");
    await this.backend.stop(this.ref, () => undefined);
  }

  /** Waits until its services have started. */
  async booted(): Promise<void> {
    await this.sh("systemctl is-system-running --wait >/dev/null || true");
  }

  /** Process id of its init, on this machine. */
  async pid(): Promise<number> {
    const status = await this.backend.status(this.ref);
    if (!status.running || status.pid === undefined) throw new Error(`${this.host} does not run`);
    return status.pid;
  }

  private async step(
    action: "apply" | "check",
    role: string,
    variables: Variables,
    secrets?: Secrets,
    ahead?: Ahead,
  ): Promise<Ran> {
    const text = this.text(action, role, variables, secrets, ahead);
    const began = performance.now();
    const { code, errors, output } = await ssh(this.backend.node, "sh", text);
    return { status: code, output: output + errors, milliseconds: performance.now() - began };
  }

  private text(
    action: "apply" | "check",
    role: string,
    variables: Variables,
    secrets: Secrets = {},
    ahead: Ahead = {},
  ): string {
    return stepText({ host: this.host, vmid: this.ref.vmid, role, action, variables, secrets, ahead });
  }
}
