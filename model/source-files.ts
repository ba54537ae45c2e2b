import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { relative, sep } from "node:path";
import type { Problem } from "./problem";
import type { Tree } from "./tree";
import { VAULT_HEADER } from "./vault/cipher";
import { parseYaml, sizeProblem } from "./yaml";
import { oddNumbers } from "./yaml/odd-numbers";

/** Where files are read to that fit in it, as most do: one call to the system each, and no memory of their own. */
const SMALL = Buffer.allocUnsafe(1 << 16);

const DOLLAR = VAULT_HEADER.charCodeAt(0);

/** Reads inventory files, naming them relative to `cwd` and gathering their problems. */
export class SourceFiles {
  readonly problems: Problem[] = [];

  /** The names of folders, with a separator behind. */
  private readonly folders = new Map<string, string>();

  constructor(private readonly cwd: string) {}

  name(path: string): string {
    const cut = path.lastIndexOf(sep) + 1;
    const folder = path.slice(0, cut);
    let name = this.folders.get(folder);
    if (name === undefined) {
      name = relative(this.cwd, folder);
      if (name !== "") name += sep;
      this.folders.set(folder, name);
    }
    return name.endsWith(`..${sep}`) ? relative(this.cwd, path) || "." : name + path.slice(cut);
  }

  /** The tree of one YAML file. Undefined when it is empty, encrypted as a whole (`sealed`) or cannot be read. */
  read(path: string, role: "hosts" | "vars"): { tree?: Tree; readable: boolean; sealed?: true } {
    const file = this.name(path);
    const bytes = this.bytes(path, file);
    if (!bytes) return { readable: false };
    if (bytes[0] === DOLLAR && bytes.toString("latin1", 0, VAULT_HEADER.length) === VAULT_HEADER) {
      if (role === "vars") return { readable: false, sealed: true };
      this.problems.push({
        rule: "vault-encrypted",
        severity: "error",
        at: { file, line: 1, column: 1 },
        message:
          "a hosts file cannot be encrypted: hosts and groups are no secrets, and are needed without the password",
        fix: "decrypt it (ansible-vault decrypt), and keep secrets in group_vars and host_vars",
      });
      return { readable: false };
    }
    const { problems, text, tree } = parseYaml(bytes, file);
    this.problems.push(...problems);
    if (tree && text !== undefined) {
      this.problems.push(...oddNumbers(tree, text));
      return { tree, readable: true };
    }
    return { readable: problems.length === 0 };
  }

  /** The content of a file, to be used before the next one is read. */
  private bytes(path: string, file: string): Buffer | undefined {
    let opened: number | undefined;
    try {
      opened = openSync(path, "r");
      const length = readSync(opened, SMALL, 0, SMALL.length, 0);
      if (length < SMALL.length) return SMALL.subarray(0, length);
      const large = sizeProblem(fstatSync(opened).size, file);
      if (!large) return readFileSync(path);
      this.problems.push(large);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
      this.problems.push({
        rule: "file-unreadable",
        severity: "error",
        at: { file, line: 1, column: 1 },
        message: `the file cannot be read${code}`,
        fix: "check its permissions",
      });
    } finally {
      if (opened !== undefined) closeSync(opened);
    }
    return undefined;
  }
}
