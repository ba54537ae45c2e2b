import type { IConstruct } from "constructs";

/** The path that a user knows a construct by: inner children called `Default` are left out, as Terraform addresses leave them out. */
export function pathOf(construct: IConstruct): string {
  return construct.node.path
    .split("/")
    .filter((part) => part !== "Default")
    .join("/");
}

/**
 * Props of a construct that cannot be built. Carries every problem found, each as
 * `[tiers/media] memoryMiB: expected …, got …; write …`.
 */
export class ConstructError extends Error {
  readonly path: string;
  readonly problems: readonly string[];

  constructor(construct: IConstruct, problems: readonly string[]) {
    const path = pathOf(construct);
    super(problems.map((problem) => `[${path}] ${problem}`).join("\n"));
    this.name = "ConstructError";
    this.path = path;
    this.problems = problems;
  }
}

/** The value in a message: strings in quotes, so that `"8"` and `8` differ. */
export function shown(value: unknown): string {
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
