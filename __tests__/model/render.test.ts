import fc from "fast-check";
import { renderHost } from "../../model/render";
import { type Tree, toPlain } from "../../model/tree";
import { inventory, place, render, tree, type Written } from "../support/render";

describe("rendering", () => {
  it("never renders !unsafe and vault text, nor a result a second time", () => {
    const { value, problems } = render({
      n: 5,
      unsafe: { kind: "scalar", at: place("x"), value: "{{ n }}", tag: "unsafe" },
      lone: "{{ unsafe }}",
      inside: "x{{ unsafe }}",
      again: "{{ inside }}",
    });
    expect(problems).toEqual([]);
    expect([value("unsafe"), value("lone"), value("inside"), value("again")]).toEqual([
      "{{ n }}",
      "{{ n }}",
      "x{{ n }}",
      "x{{ n }}",
    ]);
  });

  it("tells the way to where a value was written, nearest first", () => {
    const { trees } = render({
      size: { memory: 8192 },
      tier: "{{ size.memory }}",
      mine: "{{ tier }}",
      sum: "{{ tier + 1 }}",
    });
    const written = (trees.get("size") as Tree & { kind: "mapping" }).entries.get("memory")!.value.at;
    const tier = trees.get("tier")!;
    const mine = trees.get("mine")!;
    expect(mine.via?.map(({ expression }) => expression)).toEqual(["tier", "size.memory"]);
    expect(mine.via?.map(({ from }) => from)).toEqual([tier.at, written]);
    expect(mine.via?.[0]?.at).toEqual({ ...mine.at, column: mine.at.column + 4 });
    expect(trees.get("sum")!.via?.map(({ from }) => from)).toEqual([tier.at, written]);
  });

  it("uses another host's own values through hostvars", () => {
    const hosts = { a: { port: "{{ base + 1 }}", base: 10 }, b: { base: 20, other: "{{ hostvars['a'].port }}" } };
    expect(toPlain(renderHost(inventory({}, hosts), "b").vars.get("other")!)).toBe(11);
  });
});

describe("any input", () => {
  const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string());
  const pieces = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "a",
    "b",
    ".",
    "|",
    "(",
    ")",
    "[",
    "]",
    "'",
    '"',
    "int",
    "default",
    " ",
    "1",
    "+",
    "~",
    "if",
    "else",
    "not",
    "in",
    "\n",
    ",",
    ":",
  ];

  it("keeps the type and value of whatever a lone reference names", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const written = JSON.parse(text) as Written;
        fc.pre(!text.includes("{{") && !text.includes("{%") && !text.includes("{#"));
        const { trees } = render({ origin: tree(written), x: "{{ origin }}" });
        expect(toPlain(trees.get("x")!)).toEqual(toPlain(trees.get("origin")!));
      }),
    );
  });

  it("brings any text through a literal unchanged", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const literal = `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
        expect(render({ x: `{{ ${literal} }}` }).value("x")).toBe(text);
      }),
    );
  });

  it("gives a value or a problem, never an exception", () => {
    const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => `{{ ${parts.join("")} }}`);
    fc.assert(
      fc.property(
        soup,
        fc.dictionary(fc.constantFrom("a", "b"), fc.oneof(scalar, soup, fc.array(soup))),
        (text, vars) => {
          const { trees, problems } = render({ ...vars, probe: text });
          expect(trees.has("probe")).toBe(true);
          for (const { at, message } of problems) expect([at !== undefined, message.length > 0]).toEqual([true, true]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("computes like integers do", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1 }), (a, b) => {
        const { value } = render({ a, b, q: "{{ a // b }}", r: "{{ a % b }}", back: "{{ (a // b) * b + a % b }}" });
        expect(value("q")).toBe(Math.floor(a / b));
        expect(value("back")).toBe(a);
      }),
    );
  });
});

it("renders 1,000 hosts with 50 variables in well under 300 ms", () => {
  const all = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`v${index}`, { a: index, b: ["x", "y"] }]));
  const own = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`o${index}`, `{{ v${index}.a }}`]));
  const hosts = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`h${index}`, own]));
  const lab = inventory(all, hosts);
  const start = performance.now();
  for (const host of lab.hosts.keys()) renderHost(lab, host);
  const took = performance.now() - start;
  expect(took).toBeLessThan(1500);
  if (process.env.LAB_TIMES) console.log(`rendered in ${took.toFixed(0)} ms`);
});
