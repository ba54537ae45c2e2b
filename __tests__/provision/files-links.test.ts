import { statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";

describeInSandbox("the files role, by way of a link to a folder", () => {
  const linked = () => {
    const sandbox = new Sandbox({ files: { "etc/real/x": "" } });
    symlinkSync("real", join(sandbox.root, "etc/link"));
    return sandbox;
  };
  const file = (path: string, content: string) => ({ path, content });

  it("keeps the folder's rights, and changes nothing the second time", () => {
    const sandbox = linked();
    const settings = {
      files_folders: [{ path: "/etc/link", mode: "0750" }],
      files_present: [file("/etc/link/f", "1")],
    };
    sandbox.apply("files", settings);
    expect(statSync(join(sandbox.root, "etc/real")).mode & 0o777).toBe(0o750);
    expect(sandbox.apply("files", settings).output).toContain("done: 0 changed");
    expect(sandbox.check("files", settings).status).toBe(0);
  });

  it.each([
    [{ files_present: [file("/etc/link/f", "1"), file("/etc/real/f", "2")] }, "/etc/real/f", "/etc/link/f"],
    [
      {
        files_folders: [
          { path: "/etc/real", mode: "0700" },
          { path: "/etc/link", mode: "0750" },
        ],
      },
      "/etc/link",
      "/etc/real",
    ],
    [{ files_present: [file("/etc/real/f", "1")], files_absent: ["/etc/link/f"] }, "/etc/link/f", "/etc/real/f"],
  ])("refuses what it would change in turns: %j", (settings, one, other) => {
    const { output, status } = linked().apply("files", settings);
    expect(status).toBe(1);
    expect(output).toContain(`error: ${one}: a link on its way makes it ${other}`);
  });

  it("keeps a file that got the inventory's other name for it", () => {
    const sandbox = linked();
    sandbox.apply("files", { files_present: [file("/etc/link/f", "1")] });
    sandbox.apply("files", { files_present: [file("/etc/real/f", "1")] });
    expect(sandbox.read("etc/real/f")).toBe("1");
  });
});
