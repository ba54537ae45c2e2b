import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { transformSync } from "@swc/core";
import { TerraformStack, Testing } from "cdktf";

const ROOT = resolve(__dirname, "../..");
const PAGES = join(ROOT, "docs/constructs");

/** Pages of constructs whose example someone else's test runs. */
const pages = readdirSync(PAGES).filter((page) =>
  readFileSync(join(PAGES, page), "utf8").includes("export function build("),
);

function exampleOf(page: string): { build(stack: TerraformStack): void } {
  const [, text] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(PAGES, page), "utf8")) ?? [];
  const { code } = transformSync(text ?? "", {
    jsc: { parser: { syntax: "typescript" } },
    module: { type: "commonjs" },
  });
  const module = { exports: {} as { build(stack: TerraformStack): void } };
  const fromRoot = (path: string) => require(path.startsWith("./") ? join(ROOT, path) : path);
  new Function("require", "exports", "module", code)(fromRoot, module.exports, module);
  return module.exports;
}

describe("the example of each construct's page works as it stands", () => {
  it.each(pages)("%s", (page) => {
    const stack = new TerraformStack(Testing.app(), "lab");
    exampleOf(page).build(stack);
    expect(Object.keys(JSON.parse(Testing.synth(stack, true)))).toContain("provider");
  });

  it("covers every page", () => {
    expect(pages).toEqual(
      expect.arrayContaining([
        "tiered-lxc.md",
        "docker-host.md",
        "gpu-host.md",
        "capabilities.md",
        "container-template.md",
        "vm.md",
        "haos-vm.md",
        "cloud-vm.md",
        "windows-vm.md",
      ]),
    );
  });
});
