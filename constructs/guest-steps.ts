import type { Construct } from "constructs";
import type { GuestResource } from "./guest-parts";
import type { StepSpec } from "./guest-props";
import { type Ahead, Step, type StepTarget } from "./step";

export interface GuestStepsProps {
  readonly guest: GuestResource;
  readonly target: StepTarget;
  /** What comes between the guest and its first role. @default nothing */
  readonly first?: Step | undefined;
}

/** The roles of one guest, each after the one before. */
export class GuestSteps {
  readonly #scope: Construct;
  readonly #guest: GuestResource;
  readonly #target: StepTarget;
  #last: Step | undefined;

  /** @param scope what the steps become children of */
  constructor(scope: Construct, { first, guest, target }: GuestStepsProps) {
    this.#scope = scope;
    this.#guest = guest;
    this.#target = target;
    this.#last = first;
  }

  /** Applies these in their order; `base` takes along the packages of those after it that may be installed ahead. */
  addAll(steps: readonly StepSpec[]): void {
    for (const [index, step] of steps.entries())
      this.add(step, step.role === "base" ? steps.slice(index + 1).filter(({ ahead }) => ahead) : []);
  }

  /** Applies one more, after all others. */
  add({ after: _, ahead: __, ...role }: StepSpec, ahead: Ahead = []): Step {
    this.#last = new Step(this.#scope, role.role, {
      ...role,
      target: this.#target,
      runsAgainWith: this.#guest.id,
      ahead,
      after: this.#last ? [this.#last] : [],
    });
    return this.#last;
  }
}
