import { parseTemplate } from "../../model/expression";
import { renderHost } from "../../model/render";
import type { Tree } from "../../model/tree";
import { type Data, HOST, inventory, render, type Written } from "../support/render";

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
