import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestbed, type Testbed } from "../../../testbed/api/index";
import { describeWithTerraform } from "../../support/terraform";

/** One resource of every type that a lab can hold; `n = 2` changes nearly all of them. */
const SOURCE = join(__dirname, "all-resources");

interface Run {
  readonly code: number;
  readonly output: string;
}

describeWithTerraform("the real provider against the testbed's API", () => {
  let testbed: Testbed;
  let folder: string;

  const terraform = (args: readonly string[], n = "1"): Promise<Run> => {
    const { TF_CLI_CONFIG_FILE: _, ...inherited } = process.env;
    const { rootPassword, labToken } = testbed.credentials;
    const variables = { TF_VAR_endpoint: testbed.url, TF_VAR_pw: rootPassword, TF_VAR_token: labToken, TF_VAR_n: n };
    const env = { ...inherited, ...variables, CHECKPOINT_DISABLE: "1", TF_INPUT: "0", TF_IN_AUTOMATION: "1" };
    return new Promise((resolve) => {
      execFile(
        "terraform",
        [...args, "-no-color"],
        { cwd: folder, env, maxBuffer: 1 << 26 },
        (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
        },
      );
    });
  };

  beforeAll(async () => {
    testbed = await startTestbed();
    folder = mkdtempSync(join(tmpdir(), "testbed-terraform-"));
    cpSync(SOURCE, folder, { recursive: true });
    const init = await terraform(["init"]);
    if (init.code !== 0) throw new Error(init.output);
  }, 60_000);

  afterAll(async () => {
    await testbed.close();
    rmSync(folder, { recursive: true });
  });

  it("applies, plans nothing, updates, plans nothing, and destroys; the documentation's table says so", async () => {
    const table = new ResultTable();
    for (const [n, step] of [
      ["1", "apply"],
      ["2", "update"],
    ] as const) {
      const applied = await terraform(["apply", "-auto-approve", "-json"], n);
      expect(applied).toMatchObject({ code: 0 });
      table.add(step, applied.output);
      expect(await terraform(["plan", "-detailed-exitcode"], n)).toMatchObject({ code: 0 });
    }
    const destroyed = await terraform(["destroy", "-auto-approve", "-json"], "2");
    expect(destroyed).toMatchObject({ code: 0 });
    table.add("destroy", destroyed.output);
    expect(Object.keys(testbed.state.guests)).toEqual([]);
    expect(Object.keys(testbed.state.pools)).toEqual([]);
    expect(table.types().length).toBeGreaterThan(30);
    table.write();
  }, 120_000);

  it("fails an apply whose task fails, and leaves nothing behind", async () => {
    testbed.faults.add("POST /nodes/{node}/lxc", "fail-task=no space left", 1);
    const target = ["-target=proxmox_virtual_environment_container.r"];
    const failed = await terraform(["apply", "-auto-approve", ...target]);
    expect(failed.code).toBe(1);
    expect(failed.output).toContain("no space left");
  }, 60_000);
});

type Step = "apply" | "update" | "destroy";

/** What Terraform did to each resource type, step by step, as its `-json` output tells. */
class ResultTable {
  readonly #actions = new Map<string, Partial<Record<Step, Set<string>>>>();

  add(step: Step, output: string): void {
    for (const line of output.split("\n").filter((text) => text.startsWith("{"))) {
      const { type, hook } = JSON.parse(line) as {
        type: string;
        hook?: { resource: { resource_type: string }; action: string };
      };
      if (type !== "apply_complete" || !hook) continue;
      const row = this.#actions.get(hook.resource.resource_type) ?? {};
      row[step] = (row[step] ?? new Set()).add(hook.action);
      this.#actions.set(hook.resource.resource_type, row);
    }
  }

  types(): string[] {
    return [...this.#actions.keys()].sort();
  }

  /** Replaces the table between the marks in `docs/testbed.md`. */
  write(): void {
    const file = join(__dirname, "../../../docs/testbed.md");
    const rows = this.types().map((type) => {
      const { apply, update, destroy } = this.#actions.get(type) ?? {};
      const changed = update?.has("update") ? "in place" : update ? "replaced" : "-";
      return `| \`${type}\` | ${apply ? "created" : "-"} | no change | ${changed} | ${destroy ? "gone" : "-"} |`;
    });
    const head = ["| Resource type | apply | second plan | update | destroy |", "|---|---|---|---|---|"];
    const text = readFileSync(file, "utf8");
    const table = `<!-- table -->\n${[...head, ...rows].join("\n")}\n<!-- end of table -->`;
    const next = text.replace(/<!-- table -->[\s\S]*<!-- end of table -->/, table);
    if (next !== text) writeFileSync(file, next);
  }
}
