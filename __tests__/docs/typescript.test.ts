import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { transformSync } from "@swc/core";

const ROOT = resolve(__dirname, "../..");

describe("docs/typescript.md", () => {
  const outdir = mkdtempSync(join(tmpdir(), "typescript-"));
  const before = process.env.CDKTF_OUTDIR;
  afterAll(() => {
    if (before === undefined) delete process.env.CDKTF_OUTDIR;
    else process.env.CDKTF_OUTDIR = before;
    rmSync(outdir, { recursive: true });
  });

  it("has a program that writes a stack as it stands", () => {
    const [, text = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, "docs/typescript.md"), "utf8")) ?? [];
    const { code } = transformSync(text, { jsc: { parser: { syntax: "typescript" } }, module: { type: "commonjs" } });
    process.env.CDKTF_OUTDIR = outdir;
    const fromRoot = (path: string) => require(path.startsWith("./") ? join(ROOT, path) : path);
    new Function("require", "exports", code)(fromRoot, {});
    const stack = JSON.parse(readFileSync(join(outdir, "stacks/mine/cdk.tf.json"), "utf8"));
    expect(Object.keys(stack.resource.proxmox_virtual_environment_container)).toEqual(["web"]);
    expect(Object.keys(stack.resource.null_resource)).toEqual(["web_base"]);
  });
});
