import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Problem } from "../../model/problem";

/** The files of a folder by relative path. */
export type Files = { readonly [path: string]: string | Buffer };

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Writes the files into a new folder that lives as long as the test file runs. */
export function writeFolder(files: Files, name = "lab"): string {
  const parent = mkdtempSync(join(tmpdir(), "inventory-"));
  folders.push(parent);
  const folder = join(parent, name);
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** `rule file:line:column` of each problem, for comparing all of them at once. */
export function places(problems: readonly Problem[]): string[] {
  return problems.map(({ rule, at }) => (at ? `${rule} ${at.file}:${at.line}:${at.column}` : rule));
}

/** The only problem of this rule; a test fails when there is none or more than one. */
export function onlyProblem(problems: readonly Problem[], rule: string): Problem {
  const found = problems.filter((problem) => problem.rule === rule);
  expect(found).toHaveLength(1);
  return found[0]!;
}
