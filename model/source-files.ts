import { readFileSync, statSync } from "node:fs";
import { relative } from "node:path";
import type { Problem } from "./problem";
import type { Tree } from "./tree";
import { parseYaml, sizeProblem } from "./yaml";

const VAULT_HEADER = "$ANSIBLE_VAULT;";

/** Reads inventory files, naming them relative to `cwd` and gathering their problems. */
export class SourceFiles {
  readonly problems: Problem[] = [];

  constructor(private readonly cwd: string) {}

  name(path: string): string {
    return relative(this.cwd, path) || ".";
  }

  /** The tree of one YAML file. Undefined when it is empty, encrypted as a whole or cannot be read. */
  read(path: string, role: "hosts" | "vars"): { tree?: Tree; readable: boolean } {
    const bytes = this.bytes(path);
    if (!bytes) return { readable: false };
    const file = this.name(path);
    const at = { file, line: 1, column: 1 };
    if (bytes.subarray(0, VAULT_HEADER.length).toString("latin1") === VAULT_HEADER) {
      const lost = role === "hosts" ? "its hosts are" : "its variables are";
      const message = `the file is encrypted with ansible-vault and is not decrypted here, so ${lost} unknown`;
      const severity = role === "hosts" ? "error" : "warning";
      const fix = 'keep secrets out of it by reference: "{ secret: NAME }"';
      this.problems.push({ rule: "vault-encrypted", severity, at, message, fix });
      return { readable: false };
    }
    const { tree, problems } = parseYaml(bytes, file);
    this.problems.push(...problems);
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
