import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { capture } from "../cli/capture";

const project = resolve(__dirname, "../..");
const folder = join(project, "docs/commands");

interface Example {
  readonly command: string;
  readonly expected: readonly string[];
}

/** Commands and outputs of the console blocks; a line of … stands for any lines. */
function examplesOf(markdown: string): Example[] {
  const blocks = [...markdown.matchAll(/```console\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ npm run -s lab -- /m)
      .slice(1)
      .map((part) => {
        const [command = "", ...expected] = part.trimEnd().split("\n");
        return { command, expected };
      }),
  );
}

function pattern(lines: readonly string[]): RegExp {
  const escaped = lines.map((line) =>
    line === "…" ? "(?:.*\n)*" : `${line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\n`,
  );
  return new RegExp(`^${escaped.join("")}$`);
}

const pages = readdirSync(folder).filter((file) => file.endsWith(".md"));

describe.each(pages)("docs/commands/%s", (file) => {
  const examples = examplesOf(readFileSync(join(folder, file), "utf8"));

  it("has an example of its command", () => {
    expect(examples.some(({ command }) => command.split(" ")[0] === file.replace(/\.md$/, ""))).toBe(true);
  });

  it.each(examples)("shows what $command prints", async ({ command, expected }) => {
    const { code, out } = await capture(command.split(" "), project);
    expect(code).toBe(0);
    expect(out).toMatch(pattern(expected));
  });
});

it("has a page for every command", async () => {
  const { out } = await capture(["--help"], project);
  const [, list = ""] = /Commands:\n([\s\S]*?)\n\n/.exec(out) ?? [];
  const commands = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = ""]) => name).filter((name) => name !== "help");
  expect(pages.map((file) => file.replace(/\.md$/, "")).sort()).toEqual(commands.sort());
});
