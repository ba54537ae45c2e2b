import { execFile } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startTestbed, type Testbed } from "../../testbed/api/index";
import { GENERATED_NODES, GENERATED_TEMPLATE } from "../generate";
import { atMost, type Line, measured, type Outcome, skipped } from "../line";
import { findProgram, NODE_TYPESCRIPT, ROOT } from "../measure";
import { temporaryFolder } from "../project";

const FEW = 4;
const MANY = 24;
const execute = promisify(execFile);

/** The API runs in this process, so nothing here may block it. */
async function terraform(testbed: Testbed, cwd: string, ...args: string[]): Promise<void> {
  const env = {
    ...process.env,
    CHECKPOINT_DISABLE: "1",
    TF_VAR_proxmox_api_token: testbed.credentials.labToken,
    TF_VAR_proxmox_root_password: testbed.credentials.rootPassword,
  };
  try {
    await execute("terraform", [...args, "-input=false", "-no-color"], { cwd, env, maxBuffer: 1 << 26 });
  } catch (error) {
    // Terraform quotes the line that it stumbles over, and our JSON is one line.
    throw new Error(
      `terraform ${args[0]} failed: ${String(error)
        .replaceAll(/^.{400,}$/gm, "…")
        .slice(-1500)}`,
    );
  }
}

/** Writes a lab of `count` guests for the testbed; without its steps, which would need a shell on the node. */
async function write(testbed: Testbed, folder: string, count: number): Promise<void> {
  const out = temporaryFolder();
  await execute("node", [...NODE_TYPESCRIPT, join(ROOT, "bench/children/our-stack.ts"), String(count), out], {
    cwd: ROOT,
  });
  const stack = JSON.parse(readFileSync(join(out, "stacks/generated/cdk.tf.json"), "utf8")) as {
    resource: Record<string, unknown>;
    provider: { proxmox: Record<string, unknown>[] };
    terraform: { backend?: unknown };
  };
  delete stack.resource.null_resource;
  delete stack.terraform.backend;
  for (const provider of stack.provider.proxmox) Object.assign(provider, { endpoint: testbed.url, insecure: true });
  cpSync(join(out, "stacks/generated"), folder, { recursive: true });
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(stack));
}

/** Requests of a plan that finds nothing to do. */
async function callsOfEmptyPlan(testbed: Testbed, folder: string): Promise<number> {
  await terraform(testbed, folder, "apply", "-auto-approve");
  testbed.resetCounters();
  await terraform(testbed, folder, "plan", "-detailed-exitcode");
  return testbed.requests.total;
}

export const apiCalls: Line = {
  name: "api-calls",
  title: "API calls of a plan without changes, for each further running guest; real provider, embedded Proxmox VE API",
  async measure(): Promise<Outcome> {
    if (!findProgram("terraform")) return skipped("there is no terraform on PATH");
    const nodes = GENERATED_NODES.map(({ address, name }) => ({ name, address, cores: 64, memoryMiB: 1_048_576 }));
    const testbed = await startTestbed({ nodes, volumes: [GENERATED_TEMPLATE] });
    try {
      const folder = temporaryFolder();
      await write(testbed, folder, FEW);
      try {
        await terraform(testbed, folder, "init");
      } catch (error) {
        return skipped(String(error));
      }
      const few = await callsOfEmptyPlan(testbed, folder);
      await write(testbed, folder, MANY);
      const many = await callsOfEmptyPlan(testbed, folder);
      const from = `${few} calls for ${FEW} guests, ${many} for ${MANY}`;
      const value = (many - few) / (MANY - FEW);
      return measured({ what: "calls a guest", value, unit: "calls", limit: atMost(3), from });
    } finally {
      await testbed.close();
    }
  },
};
