// Says which labs a change touches, as the output of a GitHub Actions step: labs=["media","tiers"]
//
//   node --require ./scripts/typescript.cjs scripts/changed-labs.ts BASE          labs touched between the commit BASE and HEAD
//   node --require ./scripts/typescript.cjs scripts/changed-labs.ts --all [--only LAB]
//
// A lab whose state is a file on the machine that runs Terraform is left out, with a warning: a runner keeps no files.
import { execFileSync, spawnSync } from "node:child_process";
import { findLabs, loadLab } from "../model";

/** Files that no synthesis reads. Everything else outside inventory/ touches every lab. */
const HARMLESS = [
  /\.md$/,
  /^(\.ci|\.github|\.vscode|__tests__|bench|docs|testbed)\//,
  /^(LICENSE|biome\.json|jest\.config\.js|knip\.json|renovate\.json|requirements-dev\.txt|\.gitignore)$/,
];

/** As `findLabs` gives it: `target` is the lab's folder, or its hosts file where a folder holds several labs. */
interface LabFolder {
  readonly name: string;
  readonly target: string;
}

function touchedLabs(files: readonly string[], labs: readonly LabFolder[]): string[] {
  const relevant = files.filter((file) => !HARMLESS.some((pattern) => pattern.test(file)));
  if (relevant.some((file) => !file.startsWith("inventory/"))) return labs.map(({ name }) => name);
  return labs
    .filter(({ target }) => relevant.some((file) => file.startsWith(`${folderOf(target)}/`)))
    .map(({ name }) => name);
}

/** Labs of one folder share its variables. */
function folderOf(target: string): string {
  return target.split("/").slice(0, 2).join("/");
}

/** Every changed file, or undefined where BASE is no commit here: the first push of a branch, or a rewritten history. */
function changedSince(base: string): string[] | undefined {
  const known = spawnSync("git", ["rev-parse", "--quiet", "--verify", "--end-of-options", `${base}^{commit}`]);
  if (known.status !== 0) return undefined;
  const output = execFileSync("git", ["diff", "--name-only", "--no-renames", "-z", `${base}...HEAD`], {
    encoding: "utf8",
  });
  return output.split("\0").filter(Boolean);
}

function keepsStateOnDisk(name: string): boolean {
  const { lab } = loadLab(name);
  if (lab?.backend.kind !== "local") return false;
  process.stderr.write(
    `::warning::${name} keeps its state in a local file, which a runner does not have: ` +
      "set terraform_backend to http, s3, pg or gitlab to plan and deploy it here\n",
  );
  return true;
}

function choose(args: readonly string[], labs: readonly LabFolder[]): string[] {
  const names = labs.map(({ name }) => name);
  if (args[0] !== "--all") {
    const files = changedSince(args[0] ?? "");
    return files ? touchedLabs(files, labs) : names;
  }
  const only = args[args.indexOf("--only") + 1];
  if (!args.includes("--only")) return names;
  if (only === undefined || !names.includes(only)) {
    throw new Error(`there is no lab ${JSON.stringify(only ?? "")}; the labs are: ${names.join(", ")}`);
  }
  return [only];
}

try {
  const chosen = choose(process.argv.slice(2), findLabs("."));
  process.stdout.write(`labs=${JSON.stringify(chosen.filter((name) => !keepsStateOnDisk(name)))}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
