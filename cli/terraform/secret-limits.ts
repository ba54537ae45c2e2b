import type { Problem } from "../../model/problem";
import type { LabSecret } from "../../model/vault";

/** Linux refuses a longer string in the environment: MAX_ARG_STRLEN, execve(2). */
const MAX_VARIABLE_BYTES = 128 * 1024;

/** Values of the vault that Terraform cannot be handed, because no environment can carry them. */
export const secretLimitProblems = (secrets: readonly LabSecret[]): Problem[] => secrets.flatMap(limitProblems);

function limitProblems({ from, name, usedBy }: LabSecret): Problem[] {
  if (from.kind !== "vault") return [];
  const place = usedBy[0] ? { at: usedBy[0] } : {};
  const problem = (message: string, fix: string): Problem[] => [
    { rule: "secret-value", severity: "error", ...place, message, fix, also: [{ at: from.at, note: "its value" }] },
  ];
  if (from.value.includes("\0")) {
    return problem(`the secret ${name} has a NUL character, which no environment can carry`, "remove it");
  }
  if (Buffer.byteLength(`TF_VAR_${name}=${from.value}`) >= MAX_VARIABLE_BYTES) {
    return problem(`the secret ${name} is longer than the 128 KiB that an environment can carry`, "shorten it");
  }
  return [];
}
