import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { generatedLab } from "../../bench/generate";
import { outputFolder, removeFolders } from "../../bench/project";
import { synthesize } from "../../stacks/app";
import type { Terraform } from "../support/synth";

afterAll(removeFolders);

it("the state of a generated lab goes with the folder that the lab is made in", () => {
  const outdir = outputFolder();
  expect(synthesize([{ lab: generatedLab(1) }], { outdir })).toEqual([]);
  const stack = join(outdir, "stacks/generated");
  const { terraform }: Terraform = JSON.parse(readFileSync(join(stack, "cdk.tf.json"), "utf8"));
  const [folder, file, ...deeper] = relative(tmpdir(), join(stack, String(terraform.backend.local?.path))).split(sep);
  expect([folder, file, deeper]).toEqual([expect.stringMatching(/^lab-bench-/), "terraform.generated.tfstate", []]);
});
