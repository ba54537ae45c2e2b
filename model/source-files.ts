import { readFileSync, statSync } from "node:fs";
import { relative } from "node:path";
import type { Problem } from "./problem";
import type { Tree } from "./tree";
import { VAULT_HEADER } from "./vault/cipher";
import { parseYaml, sizeProblem } from "./yaml";
import { oddNumbers } from "./yaml/odd-numbers";

/** Reads inventory files, naming them relative to `cwd` and gathering their problems. */
export class SourceFiles {
  readonly problems: Problem[] = [];

  constructor(private readonly cwd: string) {}

  name(path: string): string {
    return relative(this.cwd, path) || ".";
  }

  /** The tree of one YAML file. Undefined when it is empty, encrypted as a whole (`sealed`) or cannot be read. */
  read(path: string, role: "hosts" | "vars"): { tree?: Tree; readable: boolean; sealed?: true } {
    const bytes = this.bytes(path);
    if (!bytes) return { readable: false };
    const file = this.name(path);
    if (bytes.subarray(0, VAULT_HEADER.length).toString("latin1") === VAULT_HEADER) {
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
    const { tree, problems } = parseYaml(bytes, file);
    this.problems.push(...problems, ...(tree ? oddNumbers(tree, bytes.toString()) : []));
    if (tree) return { tree, readable: true };
    return { readable: problems.length === 0 };
  }

  private bytes(path: string): Buffer | undefined {
    const file = this.name(path);
    try {
      const large = sizeProblem(statSync(path).size, file);
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
    }
    return undefined;
  }
}
