import { type ChildProcess, execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LabInput } from "../../stacks/app";
import { synthesize } from "../../stacks/app";
import { lab } from "./lab";

/** Providers come from the registry or a local mirror; what other users or shells have set is left out. */
const QUIET = { CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", TF_INPUT: "0", NO_COLOR: "1" };
const TOKEN = "terraform@pve!lab=00000000-0000-0000-0000-000000000000";

const LIMIT_MS = 150_000;

export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs Terraform to its end. @param onStart is given the process, to end it before its time. */
export function runTerraform(
  cwd: string,
  args: readonly string[],
  environment: { readonly [name: string]: string } = {},
  onStart: (terraform: ChildProcess) => void = () => undefined,
): Promise<Outcome> {
  const { TF_CLI_CONFIG_FILE: _, ...inherited } = process.env;
  const env = { ...inherited, ...QUIET, ...environment };
  return new Promise((resolve) => {
    // Interrupted, it says what it waits for.
    const options = { cwd, env, maxBuffer: 1 << 26, timeout: LIMIT_MS, killSignal: "SIGINT" } as const;
    const terraform = execFile("terraform", args, options, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: stdout + stderr });
    });
    onStart(terraform);
  });
}

/** A stack on disk, initialized, that the real Terraform works on. */
export class Workspace {
  /** Stands for the project, where a local state lies. */
  readonly #project = mkdtempSync(join(tmpdir(), "lab-terraform-"));
  readonly #outdir = join(this.#project, "cdktf.out");
  readonly #folder: string;

  constructor(input: LabInput) {
    this.#folder = join(this.#outdir, "stacks", input.lab.name);
    this.write(input);
  }

  /** Writes another version of the same lab. */
  write(input: LabInput): void {
    const problems = synthesize([input], { outdir: this.#outdir });
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"));
  }

  /** @param onStart is given the process, to end it before its time. */
  run(
    args: readonly string[],
    environment: { readonly [name: string]: string } = {},
    onStart?: (terraform: ChildProcess) => void,
  ): Promise<Outcome> {
    const variables = { TF_VAR_proxmox_api_token: TOKEN, TF_VAR_proxmox_root_password: "root-password" };
    return runTerraform(this.#folder, args, { ...variables, ...environment }, onStart);
  }

  async init(): Promise<this> {
    const { ok, output } = await this.run(["init", "-no-color"]);
    if (!ok) throw new Error(output);
    return this;
  }

  remove(): void {
    rmSync(this.#project, { recursive: true });
  }
}

/**
 * `describe` where Terraform and its providers are; elsewhere a skipped one that says what is missing.
 *
 * @param alsoMissing what else the tests would need and miss; `""` for nothing
 */
export function describeWithTerraform(name: string, tests: () => void, alsoMissing = ""): void {
  missing ??= missingTerraform();
  const reason = missing || alsoMissing;
  if (reason) console.warn(`skipped: ${name}: ${reason}`);
  (reason ? describe.skip : describe)(name, tests);
}

/** What is missing, `""` for nothing. */
let missing: string | undefined;

function missingTerraform(): string {
  try {
    execFileSync("terraform", ["version"], { stdio: "pipe", env: { ...process.env, ...QUIET } });
  } catch {
    return "Terraform is not on PATH";
  }
  const project = mkdtempSync(join(tmpdir(), "lab-terraform-"));
  const outdir = join(project, "cdktf.out");
  try {
    synthesize([{ lab: lab() }], { outdir });
    const { TF_CLI_CONFIG_FILE: _, ...inherited } = process.env;
    const env = { ...inherited, ...QUIET };
    execFileSync("terraform", ["init"], { cwd: join(outdir, "stacks", "lab"), stdio: "pipe", env });
    return "";
  } catch {
    return "terraform init finds no providers, neither in the registry nor in a local mirror";
  } finally {
    rmSync(project, { recursive: true });
  }
}
