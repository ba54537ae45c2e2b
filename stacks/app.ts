import { App, type TerraformStack } from "cdktf";
import { ConstructError } from "../constructs/construct-error";
import type { Lab } from "../model/lab";
import type { Problem } from "../model/problem";
import { boundHeap } from "./heap";
import { LabError } from "./lab-error";
import { LabStack } from "./lab-stack";
import { projectProblems } from "./project";
import { isSystemError, notWritten } from "./system-error";

/** A lab without errors, with its warnings. */
export interface LabInput {
  readonly lab: Lab;
  /** What the model has to say of it; anything but warnings is left out. @default none */
  readonly warnings?: readonly Problem[];
}

export interface AppOptions {
  /** @default CDKTF_OUTDIR, else `cdktf.out` */
  readonly outdir?: string;
}

/**
 * A stack for every lab.
 *
 * @throws LabError with the problems of all labs.
 */
export function buildApp(labs: readonly LabInput[], { outdir }: AppOptions = {}): App {
  const misplaced = projectProblems(process.cwd());
  if (misplaced.length > 0) throw new LabError(misplaced);
  boundHeap(labs.reduce((sum, { lab }) => sum + lab.guests.length, 0));
  const app = new App({
    // Validated here, before anything is written; by itself cdktf writes one stack before it looks at the next.
    skipValidation: true,
    // Traces would put absolute paths into manifest.json.
    context: { "@cdktf/disable_stack_trace_in_metadata": true },
    ...(outdir === undefined ? {} : { outdir }),
  });
  const problems = labs.flatMap(({ lab, warnings = [] }) =>
    problemsOf(() =>
      validated(
        new LabStack(
          app,
          lab,
          warnings.filter(({ severity }) => severity === "warning"),
        ),
      ),
    ),
  );
  if (problems.length > 0) throw new LabError(problems);
  return app;
}

/**
 * Writes the Terraform JSON of every lab.
 *
 * @returns what is wrong; then nothing of any lab was written.
 */
export function synthesize(labs: readonly LabInput[], options: AppOptions = {}): readonly Problem[] {
  return problemsOf(() => {
    try {
      buildApp(labs, options).synth();
      return [];
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return [notWritten(error, options.outdir ?? process.env.CDKTF_OUTDIR ?? "cdktf.out")];
    }
  });
}

function problemsOf(build: () => readonly Problem[]): readonly Problem[] {
  try {
    return build();
  } catch (error) {
    if (error instanceof LabError) return error.problems;
    // Of a node or of the lab as a whole; those of guests come with their place in the inventory.
    if (error instanceof ConstructError)
      return error.problems.map((problem) => ({
        rule: "construct",
        severity: "error",
        message: `[${error.path}] ${problem}`,
      }));
    throw error;
  }
}

function validated(stack: TerraformStack): readonly Problem[] {
  return stack.node.findAll().flatMap((construct) =>
    construct.node.validate().map((message) => ({
      rule: "construct",
      severity: "error" as const,
      message: `[${construct.node.path}] ${message}`,
    })),
  );
}
