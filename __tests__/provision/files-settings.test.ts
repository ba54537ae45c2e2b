import files from "../../provision/files/role";

describe("settings of files", () => {
  const parse = (value: object) => files.variables.safeParse(value);

  it("give a file with a secret in it to its owner alone", () => {
    const modes = [{ secret: "x" }, ["a=", { secret: "x" }], "plain"].map(
      (content) => parse({ files_present: [{ path: "/a", content }] }).data?.files_present?.[0]?.mode,
    );
    expect(modes).toEqual(["0600", "0600", "0644"]);
  });

  it.each([
    { files_present: [{ path: "/a" }] },
    { files_present: [{ path: "/a", content: "", lines: [] }] },
    { files_present: [{ path: "relative", content: "" }] },
    { files_present: [{ path: "/a/../b", content: "" }] },
    { files_present: [{ path: "/a/", content: "" }] },
    { files_present: [{ path: "/a\nb", content: "" }] },
    { files_present: [{ path: "/proc/sys/x", content: "" }] },
    { files_present: [{ path: "/a", content: "x\0y" }] },
    { files_present: [{ path: "/a", content: "", mode: "rw" }] },
    { files_present: [{ path: "/a", content: "", owner: "-x" }] },
    { files_present: [{ path: "/a", content: "", restart: "--now" }] },
    { files_present: [{ path: "/a", content: "" }], files_absent: ["/a"] },
    { files_absent: ["/"] },
    { files_folders: [{ path: "/a", mode: "4755" }] },
  ])("refuse %j", (value) => expect(parse(value).success).toBe(false));

  it("take folders' modes with a sticky or setgid bit", () => {
    const files_folders = ["0755", "1777", "2775"].map((mode, index) => ({ path: `/${index}`, mode }));
    expect(parse({ files_folders }).success).toBe(true);
  });

  it.each([
    [
      {
        files_present: [
          { path: "/srv/a/b/c", content: "" },
          { path: "/srv/a", content: "" },
        ],
      },
      "/srv/a is a file",
    ],
    [{ files_folders: [{ path: "/srv/a/b" }], files_present: [{ path: "/srv/a", content: "" }] }, "/srv/a is a file"],
    [{ files_present: [{ path: "/srv/q/b", content: "" }], files_absent: ["/srv/q"] }, "/srv/q is in files_absent"],
  ])("refuse paths of which one keeps the other from being there: %j", (value, message) => {
    const issue = parse(value).error?.issues[0];
    expect(issue?.message).toContain(message);
    expect(issue?.path).toEqual([expect.any(String), 0, "path"]);
  });

  it("take paths that only look so", () => {
    const files_present = ["/srv/a", "/srv/ab", "/srv/d/e"].map((path) => ({ path, content: "" }));
    expect(parse({ files_present, files_folders: [{ path: "/srv/d" }], files_absent: ["/srv/d/f"] }).success).toBe(
      true,
    );
  });
});
