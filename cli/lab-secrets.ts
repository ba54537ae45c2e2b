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
  const found = [...problems, ...secrets.flatMap(missing), ...secrets.flatMap(altered)];
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

/** Terraform's strings are Unicode in its form NFC, and are made so without a word. */
function altered({ from, name, usedBy }: LabSecret): Problem[] {
  if (from.kind === "missing" || (from.value === from.value.normalize("NFC") && !from.value.includes("\uFFFD")))
    return [];
  const at = from.kind === "vault" ? from.at : usedBy[0];
  return [
    {
      rule: "secret-value",
      severity: "error",
      ...(at ? { at } : {}),
      message: `the secret ${name}${from.kind === "environment" ? `, given as ${from.variable},` : ""} holds characters that Terraform would change on the way; expected UTF-8 in Unicode's form NFC`,
      fix: "write each letter with its accent as one character, as keyboards do (uconv -x any-nfc makes it so); what is no text is kept in base64",
    },
  ];
}

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  proxmox_api_token: "offline@pve!offline=00000000-0000-0000-0000-000000000000",
};

/** Where no host is asked nobody looks at values: something in the place of those that there are none of. */
export const withPlaceholders = ({ problems, secrets }: LabSecrets): LabSecrets => ({
  problems,
  secrets: secrets.map((secret) => {
    const { from, name, optional } = secret;
    if (from.kind !== "missing" || optional) return secret;
    const value = PLACEHOLDERS[name] ?? "offline";
    return { ...secret, from: { kind: "environment", variable: `TF_VAR_${name}`, value } };
  }),
});

/** The SSH key for the nodes; without one, the agent's. */
export const NODE_KEY = "proxmox_ssh_private_key";

/** The values that there are, by the names of secrets. */
export function secretValues(secrets: readonly LabSecret[]): ReadonlyMap<string, string> {
  return new Map(secrets.flatMap(({ from, name }) => (from.kind === "missing" ? [] : [[name, from.value] as const])));
}

/** TF_VAR_… for Terraform. */
export function terraformVariables(secrets: readonly LabSecret[]): { [name: string]: string } {
  return Object.fromEntries([...secretValues(secrets)].map(([name, value]) => [`TF_VAR_${name}`, value]));
}
