import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "./measure";

/** What a project needs beside its inventory and its cdktf.json. */
export const PROJECT = [
  "main.ts",
  "package.json",
  "tsconfig.json",
  "node_modules",
  ".gen",
  "scripts",
  "model",
  "stacks",
  "constructs",
  "provision",
  "cli",
  "schemas",
];

const made: string[] = [];

/** A temporary folder with these files, and links to these entries of the project. Removed by `removeFolders`. */
export function temporaryFolder(files: Readonly<Record<string, string>> = {}, links: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-"));
  made.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  for (const path of links) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(ROOT, path), join(folder, path));
  }
  return folder;
}

/**
 * Where a synthesized app is to lie, in a temporary folder of its own: that of a project, in which cdktf.out is. A state file of
 * the backend `local` comes to lie beside cdktf.out, and so goes with the rest.
 */
export const outputFolder = (): string => join(temporaryFolder(), "cdktf.out");

export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** The command that cdktf runs for this project; `BENCH_APP` tries another one. */
export function appCommand(): string {
  const { app } = JSON.parse(readFileSync(join(ROOT, "cdktf.json"), "utf8")) as { app: string };
  return process.env.BENCH_APP ?? app;
}

/** This project, with one lab only: what others may be added to `inventory/` does not change what is measured. */
export function projectWith(lab: string): string {
  const config = { ...JSON.parse(readFileSync(join(ROOT, "cdktf.json"), "utf8")), app: appCommand() };
  return temporaryFolder({ "cdktf.json": JSON.stringify(config) }, [...PROJECT, `inventory/${lab}`]);
}

/** The smallest cdktf app there is: one output. */
export function oneOutputProject(app: string): string {
  const main = `
import { App, TerraformOutput, TerraformStack } from "cdktf";
const app = new App();
const stack = new TerraformStack(app, "one");
new TerraformOutput(stack, "answer", { value: 42 });
app.synth();
`;
  const config = { language: "typescript", app, projectId: "one-output", sendCrashReports: "false" };
  return temporaryFolder({ "main.ts": main, "cdktf.json": JSON.stringify(config) }, [
    "node_modules",
    "scripts",
    "package.json",
    "tsconfig.json",
  ]);
}
