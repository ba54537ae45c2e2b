import { join } from "node:path";
import { type DemoProject, LAB } from "./project";
import { type RunOptions, runTool, ToolError } from "./tool";

const ROOT = join(__dirname, "..", "..");
const CDKTF = join(ROOT, "node_modules", ".bin", "cdktf");

/** What the demo cannot do without. */
export class Missing extends Error {
  /** @param what one line or more: what is missing, and how to get it */
  constructor(readonly what: string) {
    super(what);
  }
}

/** The commands of a user, in a project of the demo's own. */
export class Tools {
  /** Secrets of the lab: `TF_VAR_…`. */
  readonly secrets: Record<string, string> = {};

  constructor(
    private readonly project: DemoProject,
    private readonly options: Pick<RunOptions, "echo" | "signal">,
  ) {}

  /** @throws Missing */
  async findTerraform(): Promise<void> {
    try {
      await this.run("terraform version", "terraform", ["version"], this.project.folder);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      throw new Missing("Terraform on PATH: https://developer.hashicorp.com/terraform/install");
    }
  }

  /** Writes the lab's Terraform JSON. */
  async synthesize(): Promise<void> {
    const args = ["--require", join(ROOT, "scripts", "typescript.cjs"), join(ROOT, "main.ts")];
    await this.run("npm run synth", process.execPath, args, this.project.folder);
  }

  /** Finds the providers; cdktf asks the registry for their checksums unless that has been done. @throws Missing */
  async init(): Promise<void> {
    try {
      await this.run("terraform init", "terraform", ["init", "-input=false", "-no-color"], this.project.stack);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      throw new Missing(`the providers, from the registry or a local mirror; terraform init said:\n${error.output}`);
    }
  }

  /** @returns what `npx cdktf <command> tiers` printed */
  cdktf(command: "diff" | "deploy" | "destroy"): Promise<string> {
    const args = [command, LAB, "--no-color", ...(command === "diff" ? [] : ["--auto-approve"])];
    return this.run(`npx cdktf ${command} ${LAB}`, CDKTF, args, this.project.folder);
  }

  private run(shown: string, command: string, args: readonly string[], folder: string): Promise<string> {
    // What the user's shell has set for labs of their own must neither reach this one nor be sent anywhere.
    const foreign = Object.keys(process.env).filter((name) =>
      /^(TF_VAR_|TF_CLI_ARGS|TF_WORKSPACE|PROXMOX_VE_|PM_VE_)/.test(name),
    );
    const environment = {
      ...Object.fromEntries([...foreign, "LAB", "CDKTF_OUTDIR", "FORCE_COLOR"].map((name) => [name, undefined])),
      CHECKPOINT_DISABLE: "1",
      TF_INPUT: "0",
      CI: "1",
      ...this.secrets,
    };
    return runTool(shown, command, args, { ...this.options, folder, environment });
  }
}
