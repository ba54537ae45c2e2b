import { findLabs, loadLab, sharedIdentities } from "./model";
import { concerning, countProblems, errorsFirst, type Problem, problemLine } from "./model/problem";
import { roleProblems } from "./provision/registry";
import { synthesize } from "./stacks/app";
import { environmentProblems } from "./stacks/environment";
import { quietStacks } from "./stacks/quiet-stacks";

/** Writes the Terraform JSON of every lab, or says what is wrong and writes none. */
function main({ LAB, LAB_STACK_TRACES, ...environment }: NodeJS.ProcessEnv): readonly Problem[] {
  if (LAB_STACK_TRACES !== "1") quietStacks();
  if (roleProblems().length > 0) return roleProblems();
  // A mistake in any lab stops all; `LAB=tiers npx cdktf diff tiers` looks at that one alone.
  const targets = LAB ? [LAB] : findLabs().map(({ target }) => target);
  const loads = targets.map((target) => loadLab(target));
  const labs = loads.flatMap(({ lab, problems }) => (lab ? [{ lab, warnings: problems }] : []));
  const shared = [...sharedIdentities(labs.map(({ lab }) => lab))];
  const problems = [...environmentProblems(environment), ...loads.flatMap((load) => load.problems), ...shared];
  if (targets.length === 0) problems.push(NO_LAB);
  if (problems.some(({ severity }) => severity === "error")) return problems;
  return synthesize(labs.map(({ lab, warnings }) => ({ lab, warnings: [...warnings, ...concerning(lab, shared)] })));
}

const NO_LAB: Problem = {
  rule: "no-lab",
  severity: "error",
  message: "inventory/: expected a folder for each lab, got none",
  fix: "make one, such as inventory/tiers/hosts.yml",
};

const found = main(process.env);
for (const problem of errorsFirst(found)) console.error(problemLine(problem));
if (found.length > 0) {
  console.error(countProblems(found));
  process.exitCode = 1;
}
