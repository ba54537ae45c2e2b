import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(__dirname, "..");
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };

const git = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"], {
  cwd: ROOT,
  encoding: "utf8",
});
/** Of a copy that is no clone: what is not made by commands, nor hidden. */
const found = () =>
  readdirSync(ROOT, { withFileTypes: true })
    .filter(({ name }) => !/^(\..*|node_modules|cdktf\.out)$/.test(name))
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(join(ROOT, entry.name), { recursive: true, encoding: "utf8" }).map((each) =>
            join(entry.name, each),
          )
        : [entry.name],
    )
    .filter((file) => file.endsWith(".md"));
const PAGES = (git.status === 0 ? git.stdout.split("\n") : found())
  .filter((file) => file !== "" && existsSync(join(ROOT, file)))
  .map((file) => join(ROOT, file));

const textOf = (page: string) => readFileSync(page, "utf8");

const withoutFences = (text: string) => text.replaceAll(/^( *)```[\s\S]*?^\1```/gm, "");
const withoutCode = (text: string) => withoutFences(text).replaceAll(/`[^`\n]*`/g, "");

/** As GitHub makes anchors of headings. */
function anchors(page: string): string[] {
  const headings = withoutFences(textOf(page)).match(/^#+ .*/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function brokenLinks(page: string): string[] {
  const links = [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? "");
  return links.filter((link) => {
    if (/^(https?|mailto):/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : join(dirname(page), path);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchors(target).includes(anchor);
  });
}

describe("documentation", () => {
  it.each(PAGES.map((page) => relative(ROOT, page)))("%s has no broken link", (page) => {
    expect(brokenLinks(join(ROOT, page))).toEqual([]);
  });

  it.each(PAGES.map((page) => relative(ROOT, page)))("%s names only npm scripts that exist", (page) => {
    const named = [...textOf(join(ROOT, page)).matchAll(/\bnpm run (?:-s |--silent )?([\w-]+(?::[\w-]+)*)/g)].map(
      ([, name]) => name,
    );
    expect(named.filter((name) => scripts[name ?? ""] === undefined)).toEqual([]);
  });

  it("lists every decision", () => {
    const index = textOf(join(ROOT, "docs/decisions/README.md"));
    const decisions = PAGES.filter((page) => /decisions\/\d{4}-/.test(page)).map((page) =>
      relative(join(ROOT, "docs/decisions"), page),
    );
    expect(decisions.filter((name) => !index.includes(`](${name})`))).toEqual([]);
  });
});

describe("README", () => {
  const readme = textOf(join(ROOT, "README.md"));
  const lab = (...args: string[]) =>
    execFileSync(process.execPath, ["--require", "./scripts/typescript.cjs", "cli/lab.ts", ...args], {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });

  it("gives the role and token commands that the lab command prints for tiers", () => {
    const printed = lab("credentials", "tiers")
      .split("\n")
      .filter((line) => /^(pveum| {2}pveum|for |done)/.test(line));
    expect(printed.length).toBeGreaterThan(8);
    expect(printed.filter((line) => !readme.includes(`${line}\n`))).toEqual([]);
  });

  it("names only subcommands of lab that exist", () => {
    const known = lab("--help");
    const named = [...readme.matchAll(/npm run -s lab -- ([a-z]+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(known).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  it("names only files and folders that exist, or that its reader is to make", () => {
    const named = [
      ...readme.matchAll(
        /`((?:inventory|docs|provision|schemas|model|stacks|constructs|cli|testbed|scripts|\.ci)\/[\w./-]*)`/g,
      ),
    ];
    const absent = named.map(([, path]) => path ?? "").filter((path) => !existsSync(join(ROOT, path)));
    expect(absent.filter((path) => path !== "inventory/home/host_vars/notes.yml")).toEqual([]);
  });
});
