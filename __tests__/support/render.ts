import type { Inventory } from "../../model/inventory";
import type { Position } from "../../model/problem";
import { renderHost } from "../../model/render";
import { type Plain, type Scalar, type Tree, toPlain } from "../../model/tree";

/** Variables as a test writes them: plain data, in which a part may be a tree already. */
export interface Data {
  readonly [key: string]: Written;
}
export type Written = Scalar | Tree | readonly Written[] | Data;

let line = 0;
/** A place on the next line of the files. */
export const place = (file: string): Position => ({ file, line: ++line, column: 10 });

const isTree = (value: Written): value is Tree =>
  typeof value === "object" && value !== null && "kind" in value && "at" in value;
const isList = (value: Written): value is readonly Written[] => Array.isArray(value);

/** A tree of plain data, each part on a line of its own. */
export function tree(value: Written, file = "vars.yml"): Tree {
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
export function inventory(all: Data, hosts: { readonly [name: string]: Data } = { "web1.example.com": {} }): Inventory {
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

export const HOST = "web1.example.com";

/** The rendered variables of HOST, where group `all` has these. */
export function render(vars: Data) {
  const { vars: trees, problems } = renderHost(inventory(vars), HOST);
  return { trees, problems, value: (name: string): Plain => toPlain(trees.get(name)!) };
}
