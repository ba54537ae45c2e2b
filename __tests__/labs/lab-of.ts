import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadResult, loadLab } from "../../model";
import { formatProblem } from "../../model/problem";
import { synthesize } from "../../stacks/app";
import type { Terraform } from "../support/synth";

const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "labs-"));
  folders.push(made);
  return made;
}

export function removeFolders(): void {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true });
}

/** One of the labs under `inventory/`, loaded, with its Terraform JSON. */
export function labOf(name: string): { readonly load: LoadResult; readonly terraform: Terraform } {
  const load = loadLab(name);
  if (!load.lab) throw new Error(load.problems.map(formatProblem).join("\n"));
  const outdir = folder();
  const problems = synthesize([{ lab: load.lab, warnings: load.problems }], { outdir });
  if (problems.length > 0) throw new Error(problems.map(formatProblem).join("\n"));
  return { load, terraform: JSON.parse(readFileSync(join(outdir, "stacks", name, "cdk.tf.json"), "utf8")) };
}

/** A copy of a lab in which one file's text is changed. */
export function changed(name: string, file: string, from: string | RegExp, to: string): LoadResult {
  const cwd = folder();
  cpSync(join("inventory", name), join(cwd, "inventory", name), { recursive: true });
  const path = join(cwd, "inventory", name, file);
  const text = readFileSync(path, "utf8");
  const edited = text.replace(from, to);
  if (edited === text) throw new Error(`${file} has no ${from}`);
  writeFileSync(path, edited);
  return loadLab(name, { cwd });
}
