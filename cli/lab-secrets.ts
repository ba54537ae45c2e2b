import type { LoadResult } from "../model";
import type { Lab } from "../model/lab";
import type { Position, Problem } from "../model/problem";
import { HOW_TO_GIVE, holdsSecrets, type LabSecret, type LabSecrets, labSecrets, vaultPasswords } from "../model/vault";
import type { Io } from "./output";

/** Where values of secrets come from. */
export interface SecretSources {
  /** `--vault-password-file`, any number of times. */
  readonly vaultPasswordFile?: readonly string[];
  /** @default the process's own */
  readonly environment?: { readonly [name: string]: string | undefined };
}

export const VAULT_PASSWORD_FILE = "--vault-password-file <[ID@]FILE>";
export const VAULT_PASSWORD_FILE_HELP =
  "a file with the vault password, or a script that prints it; default: LAB_VAULT_PASSWORD_FILE, LAB_VAULT_PASSWORD, and Ansible's own variables";

/** For an option that may be given several times. */
export const gathered = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** The vault passwords of the command line or the environment. */
export function givenPasswords({ environment = process.env, vaultPasswordFile = [] }: SecretSources, { cwd }: Io) {
  return vaultPasswords({ environment, cwd, files: vaultPasswordFile });
}

/** Every secret of a lab, and all that is wrong with passwords and encrypted texts. */
export function findSecrets(load: LoadResult, lab: Lab, sources: SecretSources, io: Io): LabSecrets {
  // A password that nothing needs may be another project's, and asking for it may cost a question.
  const needed = holdsSecrets(load.inventory) || (sources.vaultPasswordFile ?? []).length > 0;
  const { passwords, problems } = needed ? givenPasswords(sources, io) : { passwords: [], problems: [] };
  const found = labSecrets(load, lab, { environment: sources.environment ?? process.env, passwords, cwd: io.cwd });
  return { secrets: found.secrets, problems: [...problems, ...found.problems] };
}

/** What stands between a command and the secrets it needs: one problem a secret, with every place that uses it. */
export function secretProblems({ problems, secrets }: LabSecrets): Problem[] {
  const found = [...problems, ...secrets.flatMap(missing)];
  return [...new Map(found.map((problem) => [JSON.stringify([problem.at, problem.message]), problem])).values()];
}

function missing({ from, name, optional, purpose, usedBy }: LabSecret): Problem[] {
  if (from.kind !== "missing" || optional) return [];
  const [at, ...others] = usedBy;
  const { problem } = from;
  const why = problem ? `: ${problem.message}` : "";
  const places: { at: Position; note: string }[] = others.map((each) => ({ at: each, note: "uses it too" }));
  if (problem?.at) places.push({ at: problem.at, note: "has it, encrypted" });
  return [
    {
      rule: "missing-secret",
      severity: "error",
      ...(at ? { at } : {}),
      message: `the secret ${name}${purpose ? ` (${purpose})` : ""} has no value${why}`,
      fix: problem
        ? `${problem.fix ?? HOW_TO_GIVE}; or set TF_VAR_${name}`
        : `set TF_VAR_${name}, or encrypt the variable ${name} in group_vars/all`,
      ...(places.length > 0 ? { also: places } : {}),
    },
  ];
}

/** TF_VAR_… for Terraform. */
export function terraformVariables(secrets: readonly LabSecret[]): { [name: string]: string } {
  return Object.fromEntries(
    secrets.flatMap(({ from, name }) => (from.kind === "missing" ? [] : [[`TF_VAR_${name}`, from.value] as const])),
  );
}
