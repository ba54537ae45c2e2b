import { githubAnnotation } from "../../cli/problems";
import { labFolder, removeLabFolders } from "../support/lab-folder";
import { BROKEN, capture, lab } from "./capture";

afterAll(removeLabFolders);

describe("validate", () => {
  it("is silent but for a line per lab when all is well", async () => {
    expect(await lab("validate", "tiers")).toMatchObject({ code: 0, out: "tiers: no problems\n", err: "" });
  });

  it("tells every problem with its place and fails", async () => {
    const { code, out } = await capture(["validate"], labFolder(BROKEN));
    expect(code).toBe(1);
    expect(out).toMatch(/^inventory\/lab\/host_vars\/web.yml:\d+:\d+ error .*8 GB/m);
    expect(out).toMatch(/^inventory\/lab\/host_vars\/web.yml:\d+:\d+ error .*lxc_coers/m);
    expect(out).toMatch(/^lab: 2 errors$/m);
  });

  it("writes JSON that says the same", async () => {
    const { code, out } = await capture(["validate", "lab", "--format", "json"], labFolder(BROKEN));
    const { labs } = JSON.parse(out) as {
      labs: { name: string; problems: { severity: string; at: { line: number } }[] }[];
    };
    expect(code).toBe(1);
    expect(labs.map(({ name, problems }) => [name, problems.length])).toEqual([["lab", 2]]);
    expect(labs[0]!.problems.every(({ at, severity }) => at.line > 0 && severity === "error")).toBe(true);
  });

  it("writes annotations that nothing in a message can break out of", async () => {
    const { out } = await capture(["validate", "lab", "--format", "github"], labFolder(BROKEN));
    expect(
      out
        .trim()
        .split("\n")
        .every((line) => /^::error file=inventory\/lab\/[\w./]+,line=\d+,col=\d+,title=[\w-]+::./.test(line)),
    ).toBe(true);
    const at = { file: "a,b:c%.yml", line: 1, column: 2 };
    expect(githubAnnotation({ rule: "r", severity: "warning", at, message: "x\n::error::y\r100%" })).toBe(
      "::warning file=a%2Cb%3Ac%25.yml,line=1,col=2,title=r::a,b:c%25.yml:1:2 x%0A::error::y%0D100%25",
    );
  });

  it("takes the path of a folder or a hosts file", async () => {
    expect((await lab("validate", "inventory/tiers")).code).toBe(0);
    expect((await lab("validate", "inventory/tiers/hosts.yml")).code).toBe(0);
  });
});
