import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, extname, resolve } from "node:path";
import { isExecutable } from "../executable";
import type { Problem } from "../problem";
import type { VaultPassword } from "./cipher";

export interface PasswordOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  /** What file names are relative to. */
  readonly cwd: string;
  /** Files named on the command line, each `FILE` or `ID@FILE`; with any, the environment is not asked. @default none */
  readonly files?: readonly string[];
}

export interface Passwords {
  readonly passwords: readonly VaultPassword[];
  readonly problems: readonly Problem[];
}

/** How to give a password, for messages. */
export const HOW_TO_GIVE = "set LAB_VAULT_PASSWORD_FILE or ANSIBLE_VAULT_PASSWORD_FILE, or give --vault-password-file";

/**
 * The vault passwords of whoever runs the command: from files that are named on the command line, else from
 * LAB_VAULT_PASSWORD_FILE, LAB_VAULT_PASSWORD, and Ansible's ANSIBLE_VAULT_PASSWORD_FILE and ANSIBLE_VAULT_IDENTITY_LIST,
 * all that are set. As with Ansible, an executable file is run, and one called `*-client` is told the vault id.
 */
export function vaultPasswords({ cwd, environment, files = [] }: PasswordOptions): Passwords {
  const passwords: VaultPassword[] = [];
  const problems: Problem[] = [];
  for (const { id, path, said } of files.length > 0 ? files.map(fromArgument) : fromEnvironment(environment)) {
    const read = readPassword(resolve(cwd, path.replace(/^~(?=\/)/, homedir())), id);
    if (typeof read === "string") problems.push(unusable(`${said}: ${path} ${read}`));
    else passwords.push({ ...(id === undefined ? {} : { id }), password: read });
  }
  const { LAB_VAULT_PASSWORD } = environment;
  if (files.length === 0 && LAB_VAULT_PASSWORD) passwords.push({ password: LAB_VAULT_PASSWORD });
  return { passwords, problems };
}

interface PasswordFile {
  readonly id?: string;
  readonly path: string;
  /** Who named it. */
  readonly said: string;
}

const fromArgument = (text: string): PasswordFile => ({ ...identity(text), said: "--vault-password-file" });

function fromEnvironment(environment: PasswordOptions["environment"]): PasswordFile[] {
  const single = ["LAB_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_PASSWORD_FILE"].flatMap((said) => {
    const path = environment[said];
    return path ? [{ path, said }] : [];
  });
  const list = (environment.ANSIBLE_VAULT_IDENTITY_LIST ?? "").split(",").map((each) => each.trim());
  const identities = list
    .filter((each) => each !== "")
    .map((each) => ({ ...identity(each), said: "ANSIBLE_VAULT_IDENTITY_LIST" }));
  return [...single, ...identities];
}

function identity(text: string): { id?: string; path: string } {
  const at = text.indexOf("@");
  return at > 0 ? { id: text.slice(0, at), path: text.slice(at + 1) } : { path: text.slice(at + 1) };
}

/** The password, or what is wrong with the file. */
function readPassword(path: string, id: string | undefined): Buffer | string {
  if (["prompt", "prompt_ask_vault_pass"].includes(basename(path))) {
    return "stands for a question at the terminal, which is not asked here; name a file or a script that prints it";
  }
  try {
    const password = isExecutable(path) ? runScript(path, id) : trimmed(readFileSync(path, "latin1"));
    return password === "" ? "holds no password" : Buffer.from(password, "latin1");
  } catch (error) {
    const { code, status } = error as { code?: string; status?: number };
    if (code === "ENOENT") return "does not exist";
    if (code === "EISDIR") return "is a folder";
    return status === undefined || status === null
      ? `cannot be read or run (${code ?? "unknown"})`
      : `is executable, was run, and ended with status ${status}; if it is no script, take its executable bit away`;
  }
}

/** Python strips ASCII's white space from a file; `trim` would also take the last byte of a letter such as "à". */
const trimmed = (latin1: string) => latin1.replace(/^[ \t\n\r\v\f]+|[ \t\n\r\v\f]+$/g, "");

/** Python strips line breaks alone from what a script prints. */
function runScript(path: string, id: string | undefined): string {
  const isClient = basename(path, extname(path)).endsWith("-client");
  const output = execFileSync(path, isClient && id !== undefined ? ["--vault-id", id] : [], {
    encoding: "latin1",
    stdio: ["inherit", "pipe", "inherit"],
  });
  return output.replace(/^[\r\n]+|[\r\n]+$/g, "");
}

const unusable = (message: string): Problem => ({
  rule: "vault-password",
  severity: "error",
  message,
  fix: "name a file whose only line is the password, or a script that prints it",
});
