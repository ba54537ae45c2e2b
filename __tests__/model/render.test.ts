import fc from "fast-check";
import { parseTemplate } from "../../model/expression";
import type { Inventory } from "../../model/inventory";
import type { Position } from "../../model/problem";
import { renderHost } from "../../model/render";
import { type Plain, type Scalar, type Tree, toPlain } from "../../model/tree";

interface Data {
  readonly [key: string]: Written;
}
type Written = Scalar | Tree | readonly Written[] | Data;

let line = 0;
const place = (file: string): Position => ({ file, line: ++line, column: 10 });

const isTree = (value: Written): value is Tree =>
  typeof value === "object" && value !== null && "kind" in value && "at" in value;
const isList = (value: Written): value is readonly Written[] => Array.isArray(value);

/** A tree of plain data, each part on a line of its own. */
function tree(value: Written, file = "vars.yml"): Tree {
  const at = place(file);
  if (typeof value !== "object" || value === null) {
    const float = typeof value === "number" && !Number.isInteger(value);
    return float ? { kind: "scalar", at, value, float } : { kind: "scalar", at, value };
  }
  if (isTree(value)) return value;
  if (isList(value)) return { kind: "sequence", at, items: value.map((item) => tree(item, file)) };
  return mapping(value, file);
}

function mapping(value: Data, file: string): Tree & { kind: "mapping" } {
  const entries = Object.entries(value).map(
    ([key, item]) => [key, { keyAt: place(file), value: tree(item, file) }] as const,
  );
  return { kind: "mapping", at: place(file), entries: new Map(entries) };
}

/** One group `all` with variables, and hosts with theirs. */
function inventory(all: Data, hosts: { readonly [name: string]: Data } = { "web1.example.com": {} }): Inventory {
  line = 0;
  const group = { parents: [], children: [], hosts: new Map(), priority: 1, depth: 0, layers: [] };
  const at = place("hosts.yml");
  return {
    name: "test",
    folder: "inventory/test",
    sources: ["hosts.yml"],
    groups: new Map([
      [
        "all",
        {
          ...group,
          name: "all",
          children: ["ungrouped"],
          layers: [{ file: "all.yml", vars: mapping(all, "all.yml") }],
        },
      ],
      ["ungrouped", { ...group, name: "ungrouped", hosts: new Map(Object.keys(hosts).map((name) => [name, at])) }],
    ]),
    hosts: new Map(
      Object.entries(hosts).map(([name, vars]) => [
        name,
        { name, at, groups: ["ungrouped"], layers: [{ file: `${name}.yml`, vars: mapping(vars, `${name}.yml`) }] },
      ]),
    ),
    problems: [],
  };
}

const HOST = "web1.example.com";

function render(vars: Data) {
  const { vars: trees, problems } = renderHost(inventory(vars), HOST);
  return { trees, problems, value: (name: string): Plain => toPlain(trees.get(name)!) };
}

/** The value of one template among the variables that Ansible was asked with. */
const evaluate = (template: string) => {
  const { value, problems } = render({ ...VARS, probe: template });
  expect(problems).toEqual([]);
  return value("probe");
};

const float = (value: number): Tree => ({ kind: "scalar", at: place("x"), value, float: true });
const VARS: Data = {
  n: 5,
  f: float(1),
  t: true,
  nul: null,
  s: "8",
  l: [1, "a", true, null],
  m: { a: 1, b: "x" },
  big: 123456789012345678901234567890n,
  fl: float(1.5e20),
  fl2: float(1e-7),
  rec: "{{ n }}",
  rec2: "{{ rec }}",
  mm: { x: "{{ n }}", y: ["{{ n }}"] },
  txt: "a{{ n }}",
};

// Each pair was seen with ansible-core 2.19: `debug: msg=` with these variables.
const ANSIBLE: readonly (readonly [string, Plain])[] = [
  ["text", "text"],
  ["x{{ t }}", "xTrue"],
  ["x{{ nul }}", "x"],
  ["x{{ f }}", "x1.0"],
  ["x{{ l }}", "x[1, 'a', True, None]"],
  ["x{{ m }}", "x{'a': 1, 'b': 'x'}"],
  ["x{{ fl }}", "x1.5e+20"],
  ["x{{ fl2 }}", "x1e-07"],
  ["x{{ big }}", "x123456789012345678901234567890"],
  ["{{ t }}", true],
  ["{{ nul }}", null],
  ["{{ s }}", "8"],
  ["{{ l }}", [1, "a", true, null]],
  [" {{ n }}", " 5"],
  ["{{ n }} ", "5 "],
  ["{{ n }}\n", 5],
  ["{{ n }}\n\n", "5\n\n"],
  ["{{ n }}{{ n }}", "55"],
  ["a {{ n }}\n", "a 5\n"],
  ["{{- n -}}", 5],
  ["a {{- n -}} b", "a5b"],
  ["{{ s | int }}", 8],
  ["{{ '8 GB' | int }}", 0],
  ["{{ '8.7' | int }}", 8],
  ["{{ 'abc' | int(3) }}", 3],
  ["{{ nul | int }}", 0],
  ["{{ t | int }}", 1],
  ["{{ '0x1f' | int(base=16) }}", 31],
  ["{{ '1_000' | int }}", 1000],
  ["{{ 'abc' | float }}", 0],
  ["{{ l | string }}", "[1, 'a', True, None]"],
  ["{{ 'yes' | bool }}", true],
  ["{{ 'no' | bool }}", false],
  ["{{ 'TRUE' | bool }}", true],
  ["{{ undef_v | default(3) }}", 3],
  ["{{ '' | default('x', true) }}", "x"],
  ["{{ undef_v.a.b | default('q') }}", "q"],
  ["{{ nul | default(4) }}", null],
  ["{{ m.zzz | d('w') }}", "w"],
  ["{{ undef_v | default }}", ""],
  ["{{ l[9] | default('nine') }}", "nine"],
  ["{{ n | upper }}", "5"],
  ["{{ ' a ' | trim }}", "a"],
  ["{{ 'xxaxx' | trim('x') }}", "a"],
  ["{{ 'aaa' | replace('a', 'b', 2) }}", "bba"],
  ["{{ l | join(',') }}", "1,a,True,None"],
  ["{{ l | last }}", null],
  ["{{ m | first }}", "a"],
  ["{{ m | length }}", 2],
  ["{{ 'é\"' | to_json }}|", '"\\u00e9\\""|'],
  ["{{ f | to_json }}|", "1.0|"],
  ["{{ l | to_json }}|", '[1, "a", true, null]|'],
  ["{{ 'é' | b64encode }}", "w6k="],
  ["{{ 'w6k=' | b64decode }}", "é"],
  ["{{ 1 ~ 'a' ~ t ~ nul }}", "1aTrueNone"],
  ["{{ [1] + [2] }}", [1, 2]],
  ["{{ 7 / 2 }}", 3.5],
  ["{{ -7 // 2 }}", -4],
  ["{{ -7 % 3 }}", 2],
  ["{{ true + 1 }}", 2],
  ["{{ 'a' if n == 5 else 'b' }}", "a"],
  ["{{ 'a' if '' else 'b' }}", "b"],
  ["{{ n > 3 and n < 9 }}", true],
  ["{{ n in l }}", false],
  ["{{ undef_v is defined }}", false],
  ["{{ 'web1.example.com' in groups['all'] }}", true],
  ["{{ 0 or 'x' }}", "x"],
  ["{{ inventory_hostname_short }}", "web1"],
  ["{{ group_names }}", ["ungrouped"]],
  ["{{ groups }}", { all: [HOST], ungrouped: [HOST] }],
  ["{{ hostvars['web1.example.com'].n }}", 5],
  ["{{ hostvars[inventory_hostname].rec2 | default('none') }}", 5],
  ["{{ '{{' }} x", "{{ x"],
  ["{{ '{{ n }}' }}", "{{ n }}"],
  ["{% raw %}{{ n }}{% endraw %}", "{{ n }}"],
  ["{# c #}x", "x"],
  ["a }} b", "a }} b"],
  ["{ {n} }", "{ {n} }"],
  ["{{ 'a' 'b' }}", "ab"],
  ["{{ {'a': 1, 'b': [2]} }}", { a: 1, b: [2] }],
  ["{{ l[-1] }}", null],
  ["{{ l.0 }}", 1],
  ["{{ 'abc'[1] }}", "b"],
  ["{{ rec2 + 1 }}", 6],
  ["{{ mm.y }}", [5]],
  ["x{{ mm }}", "x{'x': 5, 'y': [5]}"],
  ["{{ txt | upper }}", "A5"],
  ["{{ n | default(undef_v) }}", 5],
  ["{{ true | lower }}", "true"],
  ["{{ -n | string }}", "-5"],
];

describe("rendering", () => {
  it.each(ANSIBLE)("renders %j as Ansible does", (template, expected) => {
    expect(evaluate(template)).toEqual(expected);
  });

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

describe("problems of rendering", () => {
  const problemOf = (vars: Data) => {
    const { problems } = render(vars);
    expect(problems).toHaveLength(1);
    return problems[0]!;
  };

  it("proposes the nearest name, at the place of the name inside the text", () => {
    const problem = problemOf({ lxc_cores: 2, cores: "{{ 1 + lxc_coers }}" });
    expect(problem).toMatchObject({ rule: "unknown-reference", severity: "error", fix: 'did you mean "lxc_cores"?' });
    expect(problem.message).toContain('"lxc_coers"');
    expect(problem.at?.column).toBe(10 + 1 + "{{ 1 + ".length);
  });

  it("names who has a variable that this host lacks", () => {
    const hosts = { a: { only_a: 1 }, b: { x: "{{ only_a }}" } };
    const [problem] = renderHost(inventory({}, hosts), "b").problems;
    expect(problem?.message).toBe('"only_a" is not set for this host: it is set for host a');
    expect(problem?.also?.[0]?.at.file).toBe("a.yml");
  });

  it("proposes the nearest key of a mapping", () => {
    expect(problemOf({ net: { gateway: 1 }, x: "{{ net.gatway }}" }).fix).toBe('did you mean "gateway"?');
  });

  it("reports a cycle once, with every link", () => {
    const problem = problemOf({ a: "{{ b }}", b: "x{{ c }}", c: "{{ a | int }}", user: "{{ c }}" });
    expect(problem.rule).toBe("reference-cycle");
    expect(problem.message).toBe("refers to itself: a → b → c → a");
    expect(problem.also?.map(({ note }) => note)).toEqual(['b is "x{{ c }}"', 'c is "{{ a | int }}"']);
  });

  it("takes two keys of one mapping for no cycle, and a value that contains itself for one", () => {
    expect(render({ m: { a: "{{ m.b }}", b: 1 } }).value("m")).toEqual({ a: 1, b: 1 });
    expect(problemOf({ m: { a: "{{ m }}" } }).message).toBe("refers to itself: m.a → m.a");
    expect(problemOf({ m: "{{ m }}" }).rule).toBe("reference-cycle");
  });

  it("marks what cannot be rendered as broken and renders the rest", () => {
    const { trees, value } = render({ n: 1, m: { bad: "{{ nope }}", good: "{{ n }}" } });
    const { entries } = trees.get("m") as Tree & { kind: "mapping" };
    expect(entries.get("bad")!.value).toMatchObject({ value: "{{ nope }}", broken: true });
    expect(entries.get("good")!.value).not.toHaveProperty("broken");
    expect(value("n")).toBe(1);
  });

  it.each([
    ["{% if x %}a{% endif %}", "{% if %}", "else"],
    ["{{ lookup('env', 'HOME') }}", "lookup", "secret"],
    ["{{ x.split(',') }}", "split()", "| split"],
    ["{{ x | regex_search('a') }}", "regex_search", ""],
    ["{{ x | uper }}", "uper", '"upper"'],
    ["{{ x[0:2] }}", "slice", "list[0]"],
    ["{{ x + 1 }}", 'the text "a"', "| int"],
    ["{{ x is match('a') }}", "is match", "=="],
    ["{{ 2 ** 3 }}", "**", ""],
    ["{{ }}", "nothing between", "name"],
    ["{{ x", "never closed", "}}"],
    ["{{ 'x }}", "never ends", "'"],
    ["{{ x | join(a=1) }}", '"a"', ""],
    ["{{ 1 / 0 }}", "division by zero", ""],
    ["{{ hostvars['nope'].x }}", '"nope"', HOST],
    ["{{ hostvars }}", "hostvars alone", "hostvars['host']"],
    ["{{ 'a' if false }}", "else", "else"],
    ["{# open", "never closed", "#}"],
    ["{{ ansible_facts.x }}", "fact", "write the value"],
    ["x{{ token }}", "secret", "alone"],
  ])("refuses %j and says what to write", (template, found, remedy) => {
    const problem = problemOf({ x: "a", token: { secret: "token" }, probe: template });
    expect(problem.message).toContain(found);
    expect(problem.fix ?? "").toContain(remedy);
  });

  it("stops bombs and endless chains", () => {
    const doubled = (make: (before: string) => Written) =>
      Object.fromEntries(
        Array.from({ length: 60 }, (_, index) => [`v${index}`, index === 0 ? "xxxxxxxx" : make(`v${index - 1}`)]),
      );
    expect(render(doubled((v) => `{{ ${v} }}{{ ${v} }}`)).problems[0]?.message).toMatch(/multiply/);
    expect(render(doubled((v) => [`{{ ${v} }}`, `{{ ${v} }}`])).problems[0]?.message).toMatch(/multiply/);
    const chain = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`c${4999 - index}`, index === 4999 ? 1 : `{{ c${4998 - index} }}`]),
    );
    expect(render(chain).problems[0]?.message).toMatch(/more than 200/);
    expect(parseTemplate(`{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`)).toBeInstanceOf(Error);
    expect(parseTemplate(`{{ ${"- ".repeat(5000)}1 }}`)).toBeInstanceOf(Error);
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
