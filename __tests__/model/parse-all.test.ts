import { z } from "zod";
import type { Position } from "../../model/problem";
import { parseAll } from "../../model/schema/parse";
import { type Tree, toPlain } from "../../model/tree";

const at = (line: number): Position => ({ file: "hosts.yml", line, column: 1 });
const text = (value: string, line = 1): Tree => ({ kind: "scalar", at: at(line), value });
const schema = z.strictObject({ a: z.string(), b: z.string().optional() });

describe("parseAll", () => {
  const shared = text("x");

  it("gives hosts that share all variables one and the same value", () => {
    const one = parseAll(schema, new Map([["a", shared]]), at(1));
    const other = parseAll(schema, new Map([["a", shared]]), at(2));
    expect(one.value).toEqual({ a: "x" });
    expect(other.value).toBe(one.value);
  });

  it("tells apart hosts of which one has a variable more, or its own", () => {
    expect(parseAll(schema, new Map([["a", shared]]), at(1)).value).toEqual({ a: "x" });
    const more = new Map([["a", shared] as const, ["b", text("y")] as const]);
    expect(parseAll(schema, more, at(2)).value).toEqual({ a: "x", b: "y" });
    expect(parseAll(schema, new Map([["a", text("z")]]), at(3)).value).toEqual({ a: "z" });
  });

  it("places what is missing at each host, not at the first", () => {
    const lines = [7, 8].map((line) => parseAll(schema, new Map(), at(line)).problems[0]?.at?.line);
    expect(lines).toEqual([7, 8]);
  });
});

describe("toPlain", () => {
  it("keeps a key called __proto__ as a key", () => {
    const entries = new Map([["__proto__", { keyAt: at(1), value: text("x") }]]);
    const plain = toPlain({ kind: "mapping", at: at(1), entries });
    expect(Object.entries(plain ?? {})).toEqual([["__proto__", "x"]]);
  });
});
