import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Construct } from "constructs";
import { Step } from "../../constructs/step";
import { fileCommand, isSent } from "../../constructs/step-wire";
import {
  evaluate,
  filesOf,
  IN_GUEST,
  roleFolder,
  type Synthesized,
  synthesizeSteps,
  temporaryFolder,
} from "../support/run-step";

const FILES = {
  "apply.sh": Buffer.from("echo 'it'\\''s' \"$x\" ${x} %{y} \\n \\\\ `id` \u00e9\n"),
  "no newline's end.sh": Buffer.from(": '"),
  "empty.sh": Buffer.from(""),
  "composed.sh": Buffer.from("echo e\u0301\n"),
  "latin.sh": Buffer.from([0x65, 0x63, 0x68, 0x6f, 0x20, 0xe9, 0x0a]),
  "files/a b/it's $(id).bin": Buffer.from([0, 255, 10, 39]),
};

function roleOf(files: typeof FILES): Synthesized {
  const root = temporaryFolder();
  roleFolder(root, "lib", { "step.sh": ": the library's\n" });
  roleFolder(root, "transport", { "send.sh": ":\n", "receive.sh": ":\n" });
  const scripts = relative(process.cwd(), roleFolder(root, "role", { ...files, "README.md": "no" }));
  return synthesizeSteps((scope) => {
    new Step(new Construct(scope, "media"), "role", {
      role: "role",
      scripts,
      ...IN_GUEST,
      settings: {},
      secrets: {},
    });
  });
}

/** Terraform's own value of a local that refers to files and other locals only. */
function terraformValue(name: string, stack: Synthesized): string {
  const { step_files_role, step_lib } = stack.json.locals;
  writeFileSync(join(stack.folder, "cdk.tf.json"), JSON.stringify({ locals: { step_files_role, step_lib } }));
  const { error, status, stderr, stdout } = spawnSync("terraform", ["console"], {
    cwd: stack.folder,
    input: `base64encode(local.${name})\n`,
    encoding: "utf8",
    env: { ...process.env, CHECKPOINT_DISABLE: "1", TF_CLI_CONFIG_FILE: undefined },
  });
  if (error || status !== 0) throw new Error(`terraform console: ${error?.message ?? stderr}`);
  return Buffer.from(JSON.parse(stdout.trim()), "base64").toString();
}

const can = spawnSync("terraform", ["version"]).status === 0;
if (!can) process.stderr.write("skipped: what Terraform makes of a step's files: there is no terraform on PATH\n");

(can ? describe : describe.skip)("what Terraform makes of a step's files", () => {
  it("is each file byte for byte under its name, those encoded that are not text as Terraform keeps it", () => {
    const text = terraformValue("step_files_role", roleOf(FILES));
    const { "lib/step.sh": library, ...own } = Object.fromEntries(filesOf(text));
    expect(library?.toString()).toBe(": the library's\n");
    expect(own).toEqual(FILES);
    const encoded = [...text.matchAll(/^unpack '([^']*)/gm)].map(([, path]) => path);
    expect(encoded).toEqual(["composed.sh", "latin.sh", "files/a b/it"]);
  });

  it("is what the tests' stand-in for Terraform makes of them", () => {
    const { "composed.sh": _, "latin.sh": __, ...plain } = FILES;
    const stack = roleOf(plain as typeof FILES);
    expect(evaluate(String(stack.json.locals.step_files_role), stack)).toBe(terraformValue("step_files_role", stack));
  });

  it("is what is sent without Terraform, of the same files", () => {
    const others = { "role.ts": "no", "docs/more.sh": "no", "file.txt": "no" };
    const { "composed.sh": _, ...kept } = FILES;
    const text = terraformValue("step_files_role", roleOf({ ...kept, ...others } as unknown as typeof FILES));
    const sent = Object.entries(kept).map(([path, content]) => fileCommand(path, content));
    const commands = [fileCommand("lib/step.sh", Buffer.from(": the library's\n")), ...sent];
    expect(text.split(/^(?=put |unpack )/m).sort()).toEqual(commands.sort());
    expect(Object.keys({ ...FILES, ...others, "README.md": "no" }).filter(isSent)).toEqual(Object.keys(FILES));
  });
});
