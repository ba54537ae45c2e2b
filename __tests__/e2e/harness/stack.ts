import type { ChildProcess } from "node:child_process";
import type { Outcome } from "../../support/terraform";

/** What a plan would do to a resource: `no-op`, `update`, `create`, `delete`, `replace`. */
export type Action = "no-op" | "update" | "create" | "delete" | "replace" | "read";

export interface Plan extends Outcome {
  /** By address; what stays as it is is left out. */
  readonly changes: Readonly<Record<string, Action>>;
}

interface ResourceChange {
  readonly address: string;
  readonly change: { readonly actions: readonly string[] };
}

type Environment = Readonly<Record<string, string>>;

/** What Terraform works on, and what it does with it. */
export abstract class Stack {
  abstract terraform(
    args: readonly string[],
    environment?: Environment,
    onStart?: (terraform: ChildProcess) => void,
  ): Promise<Outcome>;

  async plan(environment: Environment = {}, ...more: readonly string[]): Promise<Plan> {
    const made = await this.terraform(["plan", "-no-color", "-parallelism=40", "-out=plan", ...more], environment);
    if (!made.ok) return { ...made, changes: {} };
    const { output } = await this.terraform(["show", "-json", "plan"]);
    const { resource_changes = [] } = JSON.parse(output) as { resource_changes?: ResourceChange[] };
    const changes = resource_changes.map(({ address, change }) => [address, actionOf(change.actions)] as const);
    return { ...made, changes: Object.fromEntries(changes.filter(([, action]) => action !== "no-op")) };
  }

  /** Applies what was planned last, or plans and applies. */
  apply(planned = false): Promise<Outcome> {
    return this.terraform(["apply", "-no-color", "-auto-approve", "-parallelism=40", ...(planned ? ["plan"] : [])]);
  }

  /** Applies, and fails the test with Terraform's words when it does not work. */
  async deploy(planned = false): Promise<string> {
    const { ok, output } = await this.apply(planned);
    if (!ok) throw new Error(errorsOf(output));
    return output;
  }

  destroy(): Promise<Outcome> {
    return this.terraform(["destroy", "-no-color", "-auto-approve", "-parallelism=40"]);
  }

  /** Addresses in the state; data sources are left out. */
  async resources(): Promise<string[]> {
    const { ok, output } = await this.terraform(["state", "list"]);
    if (!ok && !output.includes("No state file was found")) throw new Error(output);
    return output.split("\n").filter((line) => /^\w+\.\w/.test(line) && !line.startsWith("data."));
  }
}

/** Terraform's errors, without the plan before them. */
export function errorsOf(output: string): string {
  const errors = output.slice(Math.max(0, output.search(/^Error: |^│ Error: /m))).replaceAll(/^.{400,}$/gm, "…");
  return errors.slice(0, 6000);
}

function actionOf(actions: readonly string[]): Action {
  return actions.length > 1 ? "replace" : ((actions[0] ?? "no-op") as Action);
}
