import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../scripts/programs";
import { startTestbed, type Testbed, type TestbedOptions } from "../testbed/api/index";
import { GENERATED_NODES, GENERATED_TEMPLATE, type Place } from "./generate";
import { NODE_TYPESCRIPT, ROOT } from "./measure";
import { outputFolder } from "./project";

const execute = promisify(execFile);

/** Room for as many guests as a line may want. */
const ROOMY = { cores: 64, memoryMiB: 1_048_576 };
/** Nothing is asked there: without steps, nobody logs in to a node. */
const NO_SHELL: Place["nodes"] = GENERATED_NODES.map((node) => ({ ...node, sshPort: 9 }));

/** How to log in to the nodes, so that the lab's steps can run. */
export interface Shell {
  readonly nodes: Place["nodes"];
  readonly privateKey: string;
}

/** What keeps Terraform from working here. */
export class NoTerraform extends Error {}

/** An embedded Proxmox VE API with room, and the template, for the generated guests. */
export function apiOptions(nodes: readonly { readonly name: string; readonly address: string }[]): TestbedOptions {
  return { nodes: nodes.map(({ address, name }) => ({ name, address, ...ROOMY })), volumes: [GENERATED_TEMPLATE] };
}

/** Starts one for inert guests. */
export const startApi = (): Promise<Testbed> => startTestbed(apiOptions(GENERATED_NODES));

/** A child process to its end. The API runs in this process, so nothing here may block it. */
export async function runChild(path: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const all = [...NODE_TYPESCRIPT, join(ROOT, "bench/children", path), ...args];
  const { stdout } = await execute(process.execPath, all, { cwd: ROOT, env: { ...process.env, ...env } });
  return stdout;
}

/** The generated lab on an embedded Proxmox VE API, with real Terraform and the real provider. */
export class TestbedLab {
  readonly #out = outputFolder();

  private constructor(
    private readonly testbed: Testbed,
    private readonly shell: Shell | undefined,
  ) {}

  get #folder(): string {
    return join(this.#out, "stacks/generated");
  }

  /**
   * @param shell absent: the lab goes without its steps, which need one
   * @throws NoTerraform when Terraform or a provider is missing
   */
  static async open(testbed: Testbed, shell?: Shell): Promise<TestbedLab> {
    if (!findProgram("terraform")) throw new NoTerraform("there is no terraform on PATH");
    const lab = new TestbedLab(testbed, shell);
    await lab.write(1);
    try {
      await lab.terraform("init");
    } catch (error) {
      throw new NoTerraform(error instanceof Error ? error.message : String(error));
    }
    return lab;
  }

  /** Makes it a lab of `count` guests. */
  async write(count: number): Promise<void> {
    const nodes = this.shell?.nodes ?? NO_SHELL;
    const place: Place = { endpoint: this.testbed.url, verifyTls: false, nodes };
    await runChild("our-stack.ts", [String(count), this.#out, JSON.stringify(place)]);
    if (this.shell) return;
    const file = join(this.#folder, "cdk.tf.json");
    const stack = JSON.parse(readFileSync(file, "utf8")) as { resource: Record<string, unknown> };
    delete stack.resource.null_resource;
    writeFileSync(file, JSON.stringify(stack));
  }

  /** @returns seconds */
  apply(): Promise<number> {
    return this.terraform("apply", "-auto-approve");
  }

  /** A plan that finds nothing to do. @returns seconds */
  plan(): Promise<number> {
    return this.terraform("plan", "-detailed-exitcode");
  }

  /** @returns seconds */
  destroy(): Promise<number> {
    return this.terraform("destroy", "-auto-approve");
  }

  private async terraform(...args: string[]): Promise<number> {
    const env = {
      ...process.env,
      CHECKPOINT_DISABLE: "1",
      TF_VAR_proxmox_api_token: this.testbed.credentials.labToken,
      TF_VAR_proxmox_root_password: this.testbed.credentials.rootPassword,
      TF_VAR_proxmox_ssh_private_key: this.shell?.privateKey ?? "",
    };
    const began = process.hrtime.bigint();
    try {
      await execute("terraform", [...args, "-input=false", "-no-color"], {
        cwd: this.#folder,
        env,
        maxBuffer: 1 << 26,
      });
    } catch (error) {
      // Terraform quotes the line that it stumbles over, and our JSON is one line.
      const said = String(error).replaceAll(/^.{400,}$/gm, "…");
      throw new Error(`terraform ${args[0]} failed: ${said.slice(-1500)}`);
    }
    return Number(process.hrtime.bigint() - began) / 1e9;
  }
}
