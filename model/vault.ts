import { allRoles } from "../provision/registry";
import { labNeeds } from "./credentials";
import { wideNeeds } from "./credentials/wide";
import type { LoadResult } from "./index";
import type { Lab, SecretRef } from "./lab";
import type { Position, Problem } from "./problem";
import { VARIABLES } from "./schema/variables";
import type { Tree } from "./tree";
import type { VaultPassword } from "./vault/cipher";
import { CREDENTIALS, type Credential } from "./vault/credentials";
import { brokenTexts, type Found, misplacedNames, Vault } from "./vault/values";

export { decryptVault, encryptVault, type VaultPassword } from "./vault/cipher";
export { HOW_TO_GIVE, vaultPasswords } from "./vault/passwords";
export { holdsSecrets } from "./vault/values";

/** A secret of a lab: a sensitive Terraform variable, given as `TF_VAR_<name>`. */
export interface LabSecret {
  readonly name: string;
  /** Every place that refers to it. */
  readonly usedBy: readonly Position[];
  /** What it is for, where it is a credential of the lab itself. */
  readonly purpose?: string;
  /** Whether Terraform can do without it. */
  readonly optional: boolean;
  /** The environment is asked first. */
  readonly from:
    | { readonly kind: "environment"; readonly value: string; readonly variable: string }
    | { readonly kind: "vault"; readonly value: string; readonly at: Position }
    | { readonly kind: "missing"; readonly problem?: Problem };
}

export interface SecretOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  readonly passwords: readonly VaultPassword[];
  /** What the inventory's file names are relative to. */
  readonly cwd: string;
}

export interface LabSecrets {
  readonly secrets: readonly LabSecret[];
  /** What is wrong with encrypted files and texts, beyond secrets that are missing. */
  readonly problems: readonly Problem[];
}

const PURPOSES: Readonly<Record<Credential, string>> = {
  proxmox_api_token: "API token, USER@REALM!TOKENID=UUID",
  proxmox_root_password: "password of root@pam",
  proxmox_ssh_private_key: "private key (PEM) for SSH to the nodes; without it, the SSH agent",
};

/** Every secret of a lab with its value, from TF_VAR_<name> or from what is encrypted in the inventory. */
export function labSecrets(load: LoadResult, lab: Lab, options: SecretOptions): LabSecrets {
  const { cwd, environment, passwords } = options;
  const vault = new Vault(load.inventory, passwords, cwd);
  const find = (name: string, search: () => Found | undefined, alias = name): LabSecret["from"] => {
    for (const variable of [`TF_VAR_${name}`, `TF_VAR_${alias}`]) {
      const given = environment[variable];
      if (given) return { kind: "environment", value: given, variable };
    }
    const found = search();
    if (found && "value" in found) return { kind: "vault", ...found };
    return { kind: "missing", ...found };
  };
  const ofGuests = lab.secrets.map((secret) => ({
    name: secret.name,
    usedBy: secret.usedBy,
    optional: false,
    from: find(secret.name, () => decrypted(secret, vault)),
  }));
  const ofLab = CREDENTIALS.flatMap((name): LabSecret[] => {
    const usedBy = usersOf(name, lab);
    const tree = [...load.vars.values()].map((host) => host.get(name)).find((each) => each !== undefined);
    const reference = referenceIn(tree) ?? name;
    const from = find(name, () => credentialOf(tree, reference, vault), reference);
    const optional = name === "proxmox_ssh_private_key";
    return usedBy.length === 0 ? [] : [{ name, usedBy, purpose: PURPOSES[name], optional, from }];
  });
  return { secrets: [...ofLab, ...ofGuests], problems: vaultProblems(load, passwords, cwd) };
}

/** What is wrong with what an inventory has encrypted; with no password, only what no password could mend. */
export function vaultProblems({ inventory }: LoadResult, passwords: readonly VaultPassword[], cwd: string): Problem[] {
  const settings = [...Object.keys(VARIABLES), ...allRoles().flatMap(({ variables }) => Object.keys(variables.shape))];
  const known = new Set(settings.filter((name) => !CREDENTIALS.some((each) => each === name)));
  const found = [
    ...misplacedNames(inventory, new Vault(inventory, passwords, cwd), known),
    ...brokenTexts(inventory, passwords),
  ];
  return passwords.length === 0 ? found.filter(({ rule }) => rule !== "vault-password") : found;
}

const decrypted = ({ name, origin, usedBy }: SecretRef, vault: Vault): Found | undefined =>
  origin ? vault.value(origin, usedBy[0] ?? NOWHERE) : vault.labWide(name);

const NOWHERE: Position = { file: "", line: 0, column: 0 };

/** What the variable of a credential holds, whoever sees it; without one, what group `all` has encrypted under its name. */
function credentialOf(tree: Tree | undefined, reference: string, vault: Vault): Found | undefined {
  if (tree?.kind === "scalar" && tree.secret) return vault.value(tree.secret.origin, tree.at);
  return vault.labWide(reference);
}

/** The name in `{ secret: name }`. */
function referenceIn(tree: Tree | undefined): string | undefined {
  const name = tree?.kind === "mapping" ? tree.entries.get("secret")?.value : undefined;
  return name?.kind === "scalar" ? String(name.value) : undefined;
}

function usersOf(name: Credential, lab: Lab): readonly Position[] {
  if (name !== "proxmox_root_password") return [lab.connection.source.at];
  const needy = new Set(labNeeds(lab).flatMap(({ credential, guest }) => (credential === "root" ? [guest] : [])));
  const own = wideNeeds(lab).some(({ credential }) => credential === "root") ? [lab.connection.source.at] : [];
  return [...own, ...lab.guests.filter((guest) => needy.has(guest.name)).map(({ source }) => source.at)];
}
