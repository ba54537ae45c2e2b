import fc from "fast-check";
import { literal, literals } from "../../stacks/escape";

/** How Terraform reads a template string of its JSON that holds no references. */
function asTerraformReads(text: string): string {
  return text.replace(/([$%])\1\{/g, "$1{");
}

describe("literal", () => {
  it("escapes what would begin a template", () => {
    expect(literal("${path.module} %{if true} $${x} 100% {}")).toBe("$${path.module} %%{if true} $$${x} 100% {}");
  });

  it("gives Terraform back what was written", () => {
    const text = fc.string({ unit: fc.constantFrom("${", "%{", "{", "}", "a", "\n", '"', "\\") });
    fc.assert(fc.property(text, (written) => expect(asTerraformReads(literal(written))).toBe(written)));
  });

  it("breaks up what cdktf would take for a reference of its own", () => {
    expect(literal("${TfToken[TOKEN.0]}")).not.toContain("{TfToken[");
  });

  it("goes through plain data, keys included", () => {
    expect(literals({ "${k}": ["${v}", 1, true, null] })).toEqual({ "$${k}": ["$${v}", 1, true, null] });
  });
});
