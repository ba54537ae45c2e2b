import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isTemplate } from "../expression";
import type { Inventory } from "../inventory";
import { formatPosition, type Position, type Problem } from "../problem";
import { suggest } from "../schema/nearest";
import { holdsVaultText } from "../traits";
import type { MappingTree, ScalarTree, SecretOrigin, Tree } from "../tree";
import { parseYaml } from "../yaml";
import { pythonNumber } from "../yaml/scalar";
import { type Decrypted, decryptVault, type VaultPassword } from "./cipher";
import { sealedFiles } from "./names";
import { HOW_TO_GIVE } from "./passwords";

/** A secret's value, and where it is encrypted; or why it is not known. */
export type Found = { readonly value: string; readonly at: Position } | { readonly problem: Problem };

type Opened = { readonly tree: MappingTree } | { readonly problem: Problem };

/** Decrypts what an inventory holds, each file and text once. The only place that knows a secret's value. */
export class Vault {
  private readonly files = new Map<string, Opened>();

  constructor(
    private readonly inventory: Inventory,
    private readonly passwords: readonly VaultPassword[],
    private readonly cwd: string,
  ) {}

  /** The value behind a `{{ … }}` or `!vault`. */
  value(origin: SecretOrigin, usedAt: Position): Found {
    if (origin.kind === "text") return this.text(origin.text, origin.at);
    const files = sealedFiles(this.inventory, origin.host);
    return this.sealed(files, origin.path) ?? { problem: this.nowhere(origin.path, files, usedAt) };
  }

  /** The value of `{ secret: name }`: of the variable of that name of group `all`; undefined when it has none. */
  labWide(name: string): Found | undefined {
    const layers = this.inventory.groups.get("all")?.layers ?? [];
    const own = layers.findLast(({ vars }) => vars.entries.has(name))?.vars.entries.get(name)?.value;
    if (own?.kind === "scalar" && own.tag === "vault") return this.text(String(own.value), own.at);
    return this.sealed(sealedFiles(this.inventory), [name]);
  }

  /** The variables of a file that is encrypted as a whole. Positions are those of the decrypted text. */
  open(file: string): Opened {
    const known = this.files.get(file);
    if (known) return known;
    const opened = this.opened(file);
    this.files.set(file, opened);
    return opened;
  }

  private opened(file: string): Opened {
    const at = { file, line: 1, column: 1 };
    let text: string;
    try {
      text = readFileSync(resolve(this.cwd, file), "utf8");
    } catch {
      return { problem: error("file-unreadable", at, "the file cannot be read any more", "check its permissions") };
    }
    const decrypted = decryptVault(text, this.passwords);
    if ("failure" in decrypted) return { problem: undecryptable(decrypted, at, `ansible-vault rekey ${file}`) };
    const { problems, tree } = parseYaml(decrypted.plain, file);
    const [problem] = problems;
    // What a parser says of a text may quote it.
    if (problem) {
      const message = `once decrypted, the file is no YAML that can be read (${problem.rule})`;
      return { problem: error("vault-content", problem.at ?? at, message, `look: ansible-vault edit ${file}`) };
    }
    if (tree && tree.kind !== "mapping" && !(tree.kind === "scalar" && tree.value === null)) {
      return {
        problem: error("vault-content", at, "once decrypted, the file holds no variables", "write name: value"),
      };
    }
    return { tree: tree?.kind === "mapping" ? tree : { kind: "mapping", at, entries: new Map() } };
  }

  /** As Ansible merges: the strongest file that has the variable has all of it. A file that cannot be opened may have had it. */
  private sealed(files: readonly string[], [name = "", ...rest]: readonly string[]): Found | undefined {
    for (const file of [...files].reverse()) {
      const opened = this.open(file);
      if ("problem" in opened) return opened;
      const entry = opened.tree.entries.get(name);
      if (entry) return this.inside(entry.value, rest, [name]);
    }
    return undefined;
  }

  private inside(tree: Tree, path: readonly string[], done: readonly string[]): Found {
    const [key, ...rest] = path;
    if (key === undefined) return tree.kind === "scalar" ? this.scalar(tree, done.join(".")) : noText(tree, done);
    const child =
      tree.kind === "mapping"
        ? tree.entries.get(key)?.value
        : tree.kind === "sequence" && /^-?\d+$/.test(key)
          ? tree.items.at(Number(key))
          : undefined;
    if (child) return this.inside(child, rest, [...done, key]);
    const known = tree.kind === "mapping" ? suggest(key, tree.entries.keys()) : "it is no mapping";
    return { problem: error("vault-missing", tree.at, `${done.join(".")} has no "${key}" here`, known) };
  }

  private scalar(tree: ScalarTree, name: string): Found {
    const { at, float, tag, value } = tree;
    if (tag === "vault") return this.text(String(value), at);
    if (value === null) return { problem: error("vault-value", at, `${name} is empty here`, "give it a value") };
    if (typeof value === "string") {
      if (tag === undefined && isTemplate(value)) {
        const message = `${name} refers to other variables, which is not done in encrypted files`;
        return {
          problem: error("vault-value", at, message, "write the result; or !unsafe in front, if it is no reference"),
        };
      }
      return { value, at };
    }
    return { value: typeof value === "boolean" ? String(value) : pythonNumber(value, float === true), at };
  }

  private text(text: string, at: Position): Found {
    const decrypted = decryptVault(text, this.passwords);
    if ("failure" in decrypted) return { problem: undecryptable(decrypted, at, RE_ENCRYPT) };
    return { value: decrypted.plain.toString("utf8"), at };
  }

  private nowhere(path: readonly string[], files: readonly string[], at: Position): Problem {
    const names = files.flatMap((file) => {
      const opened = this.open(file);
      return "tree" in opened ? [...opened.tree.entries.keys()] : [];
    });
    const message = `no file sets "${path[0]}", neither a readable nor an encrypted one (${files.join(", ")})`;
    return error("unknown-reference", at, message, suggest(path[0] ?? "", names));
  }
}

const RE_ENCRYPT = "encrypt the value again with the right password";

function noText({ at, kind }: Tree, path: readonly string[]): Found {
  const what = kind === "mapping" ? "a mapping" : "a list";
  const fix = `refer to one of its values: {{ ${path.join(".")}.… }}`;
  return { problem: error("vault-value", at, `expected text under ${path.join(".")}, found ${what}`, fix) };
}

function undecryptable(found: Extract<Decrypted, { failure: string }>, at: Position, remedy: string): Problem {
  const { failure, id, message } = found;
  const ofId = id === undefined ? "" : ` (vault id ${id})`;
  switch (failure) {
    case "no-password":
      return error("vault-password", at, `encrypted${ofId}, and ${message}`, HOW_TO_GIVE);
    case "password":
      return error("vault-password", at, `cannot be decrypted${ofId}: ${message}`, `${HOW_TO_GIVE}; or ${remedy}`);
    case "format":
      return error("vault-format", at, message, "take it from a backup or the history of the repository");
  }
}

const error = (rule: string, at: Position, message: string, fix: string): Problem => ({
  rule,
  severity: "error",
  at,
  message,
  fix,
});

/** Vault text anywhere in the readable files of an inventory. */
function* textsOf(tree: Tree): Iterable<ScalarTree> {
  if (!holdsVaultText(tree)) return;
  if (tree.kind === "scalar") yield tree;
  else for (const part of tree.kind === "sequence" ? tree.items : entriesOf(tree)) yield* textsOf(part);
}

const entriesOf = ({ entries }: MappingTree) => [...entries.values()].map(({ value }) => value);

const ownersOf = ({ groups, hosts }: Inventory) => [...groups.values(), ...hosts.values()];

/** Whether anything in an inventory is encrypted. */
export function holdsSecrets(inventory: Inventory): boolean {
  return ownersOf(inventory).some(({ layers, sealed }) => sealed || layers.some(({ vars }) => holdsVaultText(vars)));
}

/** Vault text that cannot be decrypted; without a password, only such as never could be. */
export function brokenTexts(inventory: Inventory, passwords: readonly VaultPassword[]): Problem[] {
  const texts = new Set(ownersOf(inventory).flatMap(({ layers }) => layers.flatMap(({ vars }) => [...textsOf(vars)])));
  return [...texts].flatMap(({ at, value }) => {
    const decrypted = decryptVault(String(value), passwords);
    if (!("failure" in decrypted) || decrypted.failure === "no-password") return [];
    return [undecryptable(decrypted, at, RE_ENCRYPT)];
  });
}

/** Files that cannot be opened, and names in them that everyone must be able to read without the password. */
export function misplacedNames(inventory: Inventory, vault: Vault, known: ReadonlySet<string>): Problem[] {
  const owners = ownersOf(inventory);
  const plain = new Map<string, Position>();
  for (const { layers } of owners)
    for (const { vars } of layers) for (const [name, { keyAt }] of vars.entries) plain.set(name, keyAt);
  const files = new Set(owners.flatMap(({ sealed = [] }) => sealed));
  return [...files].flatMap((file) => {
    const opened = vault.open(file);
    if ("problem" in opened) return [opened.problem];
    return [...opened.tree.entries].flatMap(([name, { keyAt }]): Problem[] => {
      const other = plain.get(name);
      if (!known.has(name) && !other) return [];
      const why = other ? `is also set in ${formatPosition(other)}` : "is a setting";
      const message = `"${name}" ${why}: what holds would depend on who has the password`;
      const fix = `call it vault_${name} here, and write ${name}: "{{ vault_${name} }}" in a readable file`;
      return [error("vault-setting", keyAt, message, fix)];
    });
  });
}
