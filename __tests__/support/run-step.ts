import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { App, TerraformStack } from "cdktf";
import type { StepProps } from "../../constructs/step";

/** The synthesized stack and the folder it lies in, assets and all. */
export interface Synthesized {
  readonly folder: string;
  readonly text: string;
  readonly json: {
    readonly locals: { readonly [name: string]: unknown };
    readonly resource: { readonly null_resource: { readonly [name: string]: StepResource } };
  };
}

interface StepResource {
  readonly triggers: { readonly [name: string]: string };
  readonly connection: { readonly [name: string]: unknown };
  readonly depends_on?: readonly string[];
  readonly provisioner: readonly {
    readonly "remote-exec"?: { readonly inline: readonly string[] };
    readonly file?: { readonly content: string; readonly destination: string };
  }[];
}

/** A container on a node that nobody logs in to. */
export const IN_GUEST: Pick<StepProps, "runsAgainWith" | "target"> = {
  target: {
    transport: "pct",
    node: { name: "pve1", address: "127.0.0.1", sshPort: 22, sshUser: "root" },
    vmid: 303,
  },
  runsAgainWith: "303",
};

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "step-"));
  folders.push(folder);
  return folder;
}

export function synthesizeSteps(define: (stack: TerraformStack) => void): Synthesized {
  const outdir = temporaryFolder();
  const app = new App({ outdir, context: { cdktfJsonPath: join(process.cwd(), "cdktf.json") } });
  const stack = new TerraformStack(app, "lab");
  define(stack);
  app.synth();
  const folder = join(outdir, "stacks", "lab");
  const text = readFileSync(join(folder, "cdk.tf.json"), "utf8");
  return { folder, text, json: JSON.parse(text) };
}

export interface Run {
  readonly status: number | null;
  readonly output: string;
}

export interface RunOptions {
  /** The home folder of the user who logs in. */
  readonly home: string;
  /** A folder with stand-ins for `pct` and the like, first in PATH. */
  readonly bin?: string;
  readonly variables?: { readonly [name: string]: string };
  /** Shell text in front of every script. */
  readonly before?: string;
}

/** Does what Terraform does with the provisioners of one step, without SSH: puts files in place, runs scripts. */
export function runStep(stack: Synthesized, name: string, options: RunOptions): Run {
  const { before = "", bin, home, variables = {} } = options;
  const resource = stack.json.resource.null_resource[name];
  if (!resource) throw new Error(`no null_resource.${name}`);
  const text = (expression: string) => evaluate(expression, stack, variables);
  let run: Run = { status: 0, output: "" };
  for (const { "remote-exec": script, file } of resource.provisioner) {
    if (file) writeFileSync(join(home, text(file.destination)), text(file.content), { mode: 0o644 });
    if (!script) continue;
    const path = join(home, text(String(resource.connection.script_path)));
    writeFileSync(path, `#!/bin/sh\n${before}\n${script.inline.map(text).join("\n")}\n`, { mode: 0o777 });
    const PATH = [bin, process.env.PATH].filter(Boolean).join(":");
    const done = spawnSync("sh", [path], {
      cwd: home,
      env: { PATH, HOME: home },
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    run = { status: done.status, output: run.output + done.stdout + done.stderr };
    if (done.status !== 0) break;
  }
  return run;
}

/** A value of the synthesized JSON as Terraform would see it, as far as steps go. */
export function evaluate(
  text: string,
  stack: Synthesized,
  variables: { readonly [name: string]: string } = {},
  /** What `self.id` is. */
  id = "4711",
): string {
  const folder = (path: string) => join(stack.folder, path.replace("${path.module}", ""));
  const files =
    /\$\{join\("", concat\(\[for f in fileset\("([^"]+)", "\*\.sh"\) : try\(.*?"put '([^$']*)\$\{.*?"files\/\*\*".*?\]\)\)\}/g;
  const result = text
    .replace(files, (_, path, prefix) => fileCommands(folder(path), prefix).replaceAll("${", "$\u0000{"))
    .replace(/\$\{filebase64\("([^"]+)"\)\}/g, (_, path) => readFileSync(folder(path)).toString("base64"))
    .replace(/\$\{file\("([^"]+)"\)\}/g, (_, path) => readFileSync(folder(path), "utf8").replaceAll("${", "$\u0000{"))
    .replace(/\$\{replace\(var\.(\w+), "'", "'\\\\''"\)\}/g, (_, name) =>
      (variables[name] ?? "").replaceAll("'", "'\\''").replaceAll("${", "$\u0000{"),
    )
    .replace(/\$\{sha256\(local\.([\w-]+)\)\}/g, (_, name) => sha256(evaluate(localOf(stack, name), stack)))
    .replace(/\$\{local\.([\w-]+)((?:\.\w+)*)\}/g, (_, name, path) =>
      evaluate(localOf(stack, name, path), stack, variables, id).replaceAll("${", "$\u0000{"),
    )
    .replaceAll("${self.id}", id)
    .replaceAll("${var.step_verbose}", variables.step_verbose ?? "false");
  if (/\$\{/.test(result))
    throw new Error(`this stand-in for Terraform cannot evaluate ${result.slice(result.indexOf("${"), 200)}`);
  return result.replaceAll("$\u0000{", "${");
}

/** @param path `.key.key` */
function localOf(stack: Synthesized, name: string, path = ""): string {
  let value: unknown = stack.json.locals[name];
  for (const key of path.split(".").slice(1)) value = (value as { readonly [key: string]: unknown })[key];
  return String(value);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function fileCommands(folder: string, prefix: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const content = (name: string) => readFileSync(join(folder, name));
  return [
    ...files
      .filter((name) => /^[^/]*\.sh$/.test(name))
      .map((name) => `put ${quoted(prefix + name)} ${quoted(content(name).toString())}\n`),
    ...files
      .filter((name) => name.startsWith("files/"))
      .map((name) => `unpack ${quoted(prefix + name)} '${content(name).toString("base64")}'\n`),
  ].join("");
}

/** What commands of a step's stream, or Terraform's expression for them, would put where: path and content. */
export function filesOf(commands: string): Map<string, Buffer> {
  const word = "'((?:[^']|'\\\\'')*)'";
  const found = [...commands.matchAll(new RegExp(`^(put|unpack) ${word} ${word}$`, "gm"))];
  const plain = (text = "") => text.replaceAll("'\\''", "'");
  return new Map(
    found.map(([, how, path, content]) => [
      plain(path),
      Buffer.from(plain(content), how === "put" ? "utf8" : "base64"),
    ]),
  );
}

/** A role of a test's own beside the project's `lib` and `transport`; returns its folder. */
export function roleFolder(root: string, role: string, files: { readonly [name: string]: string | Buffer }): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, role, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return join(root, role);
}
