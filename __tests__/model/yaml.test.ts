import { formatProblem } from "../../model/problem";
import { toPlain } from "../../model/tree";
import { MAX_FILE_BYTES, parseYaml } from "../../model/yaml";
import { onlyProblem, places } from "../support/problems";

const FILE = "hosts.yml";

/** The value of `v: <text>`. */
function read(text: string): unknown {
  const { tree, problems } = parseYaml(`v: ${text}\n`, FILE);
  expect(problems).toEqual([]);
  return (toPlain(tree!) as { v: unknown }).v;
}

describe("parseYaml reads scalars as PyYAML", () => {
  it.each([
    ["yes", true],
    ["Off", false],
    ["y", "y"],
    ["0755", 493],
    ["0o755", "0o755"],
    ["0x1F", 31],
    ["0b11", 3],
    ["1_000", 1000],
    ["190:20:30", 685230],
    ["1:30.5", 90.5],
    ["1e3", "1e3"],
    ["1.0e+3", 1000],
    [".inf", Number.POSITIVE_INFINITY],
    [".nan", Number.NaN],
    ["~", null],
    ["", null],
    ["2001-12-14", "2001-12-14"],
    ["2001-12-14 21:59:43.1 -5", "2001-12-14T21:59:43.100000-05:00"],
    ["123456789012345678901", 123456789012345678901n],
    ["!!str 12", "12"],
    ["!!int '12'", 12],
    ["!!bool 'on'", true],
    ["!!set {a, b}", ["a", "b"]],
    ["!!omap [a: 1]", [["a", 1]]],
  ])("%s", (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it("marks vault and unsafe text, and keeps the types of other unsafe values", () => {
    const { tree } = parseYaml("a: !vault x\nb: !unsafe [t, 1]\n", FILE);
    expect(tree).toMatchObject({ kind: "mapping" });
    const entries = tree?.kind === "mapping" ? tree.entries : new Map();
    expect(entries.get("a")?.value).toMatchObject({ value: "x", tag: "vault" });
    expect(entries.get("b")?.value.items).toMatchObject([{ value: "t", tag: "unsafe" }, { value: 1 }]);
    expect(entries.get("b")?.value.items[1]).not.toHaveProperty("tag");
  });

  it.each(["a: 'x'\nb: \"y\"\nc: plain\nd: |\n  z\n", '{"a": "x", "b": "y", "c": 1, "d": 2}'])(
    "tells quoted text from plain and block text: %j",
    (text) => {
      const { tree } = parseYaml(text, FILE);
      const styles = tree?.kind === "mapping" ? [...tree.entries.values()].map(({ value }) => value) : [];
      expect(styles.map((value) => value.kind === "scalar" && value.style)).toEqual([
        "quoted",
        "quoted",
        undefined,
        text.includes("|") ? "block" : undefined,
      ]);
    },
  );

  it("writes keys that are no strings as ansible-inventory prints them, and says that they were none", () => {
    const { tree } = parseYaml("301: a\nyes: b\n1.50: c\n~: d\ntext: e\n", FILE);
    const entries = tree?.kind === "mapping" ? [...tree.entries] : [];
    expect(entries.map(([key, { keyNotString }]) => [key, keyNotString ?? false])).toEqual([
      ["301", true],
      ["true", true],
      ["1.5", true],
      ["null", true],
      ["text", false],
    ]);
  });
});

describe("parseYaml follows anchors and merge keys", () => {
  it("lets a mapping's own keys win over merged ones, and earlier merged mappings over later ones", () => {
    const { tree, problems } = parseYaml("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {y: 3, <<: [*a, *b], z: 4}\n", FILE);
    expect(problems).toEqual([]);
    expect(toPlain(tree!)).toMatchObject({ c: { x: 1, y: 3, z: 4 } });
  });

  it("shares the tree of an alias, so that its place is the anchor's", () => {
    const { tree } = parseYaml("a: &a [1]\nb: *a\n", FILE);
    const entries = tree?.kind === "mapping" ? tree.entries : new Map();
    expect(entries.get("b")?.value).toBe(entries.get("a")?.value);
  });

  it.each([
    ["an unknown one", "a: &web 1\nb: *wbe\n", "yaml-unknown-anchor hosts.yml:2:4", /web/],
    ["one that contains itself", "a: &a [*a]\n", "yaml-recursive-anchor hosts.yml:1:8", /contains itself/],
    ["one that is there twice", "a: &a 1\nb: &a 2\n", "yaml-duplicate-anchor hosts.yml:2:7", /hosts.yml:1:7/],
    ["a merge of something else", "a: {<<: 3}\n", "yaml-merge hosts.yml:1:5", /mapping/],
  ])("reports %s", (_, text, place, message) => {
    const { problems } = parseYaml(text, FILE);
    expect(places(problems)).toEqual([place]);
    expect(formatProblem(problems[0]!)).toMatch(message);
  });
});

describe("parseYaml names what is wrong, where, and how to mend it", () => {
  it.each([
    ["a tab", "a:\n\tb: 1\n", "yaml-syntax hosts.yml:2:1", /tab.*spaces/],
    ["a quote that is never closed", 'a: 1\nb: "x\nc: 1\n', "yaml-syntax hosts.yml:2:4", /never ends/],
    ["text after a quote", "a: 'it's'\n", "yaml-syntax hosts.yml:1:8", /after the closing quote/],
    ["an open bracket", "a: [1,\nb: 3\n", "yaml-syntax hosts.yml:1:4", /never closed/],
    ["a line without a colon", "a: 1\nfoo\nb: 2\n", "yaml-syntax hosts.yml:2:1", /"foo"/],
    ["two values on one line", "a: b: c\n", "yaml-syntax hosts.yml:1:4", /second ": "/],
    ["a value above a nested key", "a: 1\n  b: 2\n", "yaml-syntax hosts.yml:1:4", /line below/],
    ["wrong indentation", "a:\n    b: 1\n  c: 2\n", "yaml-syntax hosts.yml:3:1", /indentation/],
    ["a reserved character", "a: @x\n", "yaml-syntax hosts.yml:1:4", /quotes/],
    ["an unknown escape", 'a: "\\q"\n', "yaml-syntax hosts.yml:1:5", /backslash/],
    ["a list on the line of its key", "a: - b\n", "yaml-syntax hosts.yml:1:4", /line of its own/],
    [
      "a template without quotes",
      "a: {{ foo }}\n",
      "yaml-unquoted-template hosts.yml:1:4",
      /"\{\{ foo \}\}" in quotes/,
    ],
    ["a template with more behind it", "a:\n  - {{ b }}/x\n", "yaml-unquoted-template hosts.yml:2:5", /quotes/],
    ["an unknown tag", "a: !foo x\n", "yaml-tag hosts.yml:1:9", /!foo/],
    ["a Python object", "a: !!python/object:os.system x\n", "yaml-tag hosts.yml:1:30", /!!python/],
    ["a day that is none", "a: 2001-02-30\n", "yaml-value hosts.yml:1:4", /no such day/],
    ["a mapping as a key", "? [a]\n: 1\n", "yaml-key hosts.yml:1:3", /key/],
    ["no key at all", ": 1\n", "yaml-key hosts.yml:1:1", /no key/],
    ["a second document", "a: 1\n---\nb: 2\n", "yaml-documents hosts.yml:2:1", /---/],
    ["a control character", "a: \u0000\n", "yaml-character hosts.yml:1:4", /U\+0000/],
  ])("%s", (_, text, place, message) => {
    const { problems } = parseYaml(text, FILE);
    expect(places(problems)).toEqual([place]);
    expect(formatProblem(problems[0]!)).toMatch(message);
    expect(problems[0]?.fix).toBeTruthy();
  });

  it("names both lines of a duplicate key, and keeps the last as Ansible does", () => {
    const { tree, problems } = parseYaml("a: 1\nb: 2\na: 3\n", FILE);
    const problem = onlyProblem(problems, "yaml-duplicate-key");
    expect([problem.at?.line, problem.also?.[0]?.at.line]).toEqual([3, 1]);
    expect(toPlain(tree!)).toEqual({ a: 3, b: 2 });
  });

  it("names the byte that is not UTF-8, even behind a replacement character that was written", () => {
    const bytes = Buffer.concat([Buffer.from("é: \ufffd\nb: "), Buffer.from([0xff, 0x0a])]);
    const { problems } = parseYaml(bytes, FILE);
    expect(places(problems)).toEqual(["file-encoding hosts.yml:2:4"]);
    expect(problems[0]?.message).toContain("0xff at offset 11");
  });

  it("recognizes UTF-16", () => {
    expect(parseYaml(Buffer.from("\ufeffa: 1\n", "utf16le"), FILE).problems[0]?.message).toContain("UTF-16");
  });
});

describe("parseYaml accepts what Ansible accepts", () => {
  it.each([
    ["a byte order mark", "\ufeffa: 1\n", { a: 1 }],
    ["Windows line ends", "a: 1\r\nb:\r\n  - c\r\n", { a: 1, b: ["c"] }],
    ["brackets closed in the first column", "a: [\n  1,\n]\n", { a: [1] }],
    ["JSON, with its own numbers", '{"a": 1e3, "b": "\\u00e9", "c": 1, "c": 2}', { a: 1000, b: "é", c: 2 }],
    ["a document mark", "# first\n---\na: 1\n...\n", { a: 1 }],
  ])("%s", (_, text, value) => {
    const { tree, problems } = parseYaml(text, FILE);
    expect(problems).toEqual([]);
    expect(toPlain(tree!)).toEqual(value);
  });

  it.each(["", "# only a comment\n", "---\n", "\n\n"])("an empty file: %j", (text) => {
    expect(parseYaml(text, FILE)).toEqual({ problems: [] });
  });
});

describe("parseYaml refuses what would cost too much", () => {
  const nested = (levels: number) => Array.from({ length: levels }, (_, level) => `${" ".repeat(level)}a:`).join("\n");
  const aliases = (levels: number) =>
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
      .concat(
        Array.from({ length: levels }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(", ")}]`),
      )
      .join("\n");
  const keys = Array.from({ length: 2000 }, (_, index) => `k${index}: 1`).join(", ");

  it.each([
    ["nested brackets", `a: ${"[".repeat(100_000)}`, "yaml-depth"],
    ["nested mappings on one line", "{a: ".repeat(100_000), "yaml-depth"],
    ["nested lists on one line", `${"- ".repeat(100_000)}x`, "yaml-depth"],
    ["nested lines", nested(300), "yaml-depth"],
    ["aliases of aliases", aliases(20), "yaml-alias-bomb"],
    ["merges of merges", `a: &a {${keys}}\nb: {<<: [${Array(5000).fill("*a").join(", ")}]}\n`, "yaml-alias-bomb"],
    [
      "a long chain of aliases",
      aliases(3).concat(
        Array.from({ length: 2000 }, (_, n) => `\nb${n}: &b${n} [*${n ? `b${n - 1}` : "a0"}]`).join(""),
      ),
      "yaml-depth",
    ],
    ["a huge file", "a: 1\n".repeat(MAX_FILE_BYTES / 4), "file-too-large"],
  ])("%s", (_, text, rule) => {
    const { problems } = parseYaml(text, FILE);
    expect(problems.map((problem) => problem.rule)).toEqual([rule]);
  });
});
