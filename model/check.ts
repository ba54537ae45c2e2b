import type { Role } from "../provision/registry";
import type { Inventory } from "./inventory";
import type { Lab } from "./lab";
import type { Problem } from "./problem";
import { resolveLab } from "./resolve";
import { type HostVars, readFacts } from "./resolve/facts";
import { checkLab } from "./rules";
import { listed } from "./text";

/** A lab with everything that is wrong with it. */
export interface Checked {
  /** Absent when there is any error. */
  readonly lab?: Lab;
  /** Errors and warnings, by file and line. */
  readonly problems: readonly Problem[];
}

/** What may be missing only because a file could not be read: not told while there is such a file. */
const OF_ABSENCE: ReadonlySet<string> = new Set([
  "member-without-guest",
  "missing-value",
  "missing-variable",
  "nic-without-network",
  "no-nodes",
  "node-without-description",
  "node-without-gpu",
  "unknown-network",
  "unknown-template",
]);

/**
 * Checks an inventory whose variables are rendered and resolves it to a lab.
 * `earlier` are the problems found on the way here; one error among all of them keeps the lab back.
 */
export function checkInventory(
  inventory: Inventory,
  vars: ReadonlyMap<string, HostVars>,
  roles: readonly Role[],
  earlier: readonly Problem[] = [],
): Checked {
  const found: Problem[] = [...earlier];
  const report = (problem: Problem) => void found.push(problem);
  const facts = readFacts(inventory, vars, roles, report);
  const draft = resolveLab(facts, report);
  found.push(...checkLab(draft, facts));
  const isWhole = !inventory.problems.some((problem) => problem.severity === "error");
  const meant = isWhole ? found : found.filter((problem) => !OF_ABSENCE.has(problem.rule));
  const problems = inOrder(withoutRepeats(meant));
  return problems.some((problem) => problem.severity === "error") ? { problems } : { lab: draft.lab, problems };
}

/** A mistake in a group's variable shows in each of its members: it is told once, with all their names. */
function withoutRepeats(problems: readonly Problem[]): Problem[] {
  const byKey = new Map<string, { problem: Problem; subjects: Set<string> }>();
  for (const problem of problems) {
    const { file, line, column } = problem.at ?? { file: "", line: 0, column: 0 };
    const key = JSON.stringify([problem.rule, file, line, column, problem.path, problem.message]);
    const known = byKey.get(key) ?? { problem, subjects: new Set() };
    if (problem.subject !== undefined) known.subjects.add(problem.subject);
    byKey.set(key, known);
  }
  return [...byKey.values()].map(({ problem, subjects }) =>
    subjects.size > 1 || (problem.isOfHost && subjects.size > 0)
      ? { ...problem, message: `${problem.message} (for ${listed([...subjects])})` }
      : problem,
  );
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...problems].sort(
    (a, b) =>
      text(a.at?.file ?? "", b.at?.file ?? "") ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0) ||
      text(a.rule, b.rule) ||
      text(a.message, b.message),
  );
}
