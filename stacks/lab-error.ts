import { formatProblem, type Problem } from "../model/problem";

/** What is wrong with a lab, found only when its constructs were made. */
export class LabError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "LabError";
    this.problems = problems;
  }
}
