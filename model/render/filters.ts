import type { Tree } from "../tree";
import { equal, isTrue, json, length, numeric, str, typeName } from "./python";
import type { Maker } from "./value";

type Arg = Tree | undefined;

export interface Filter {
  /** Names of the parameters behind the value, in order. */
  readonly parameters: readonly string[];
  readonly apply: (value: Tree, args: readonly Arg[], make: Maker) => Tree;
}

const textFilter = (change: (text: string) => string): Filter => ({
  parameters: [],
  apply: (value, _, make) => make.scalar(change(str(value))),
});

const listOf = (value: Tree, make: Maker, filter: string): readonly Tree[] => {
  if (value.kind === "sequence") return value.items;
  if (value.kind === "mapping") return [...value.entries.keys()].map((key) => make.scalar(key));
  if (typeof value.value === "string") return [...value.value].map((character) => make.scalar(character));
  return make.fail(`${filter} needs a list, found ${typeName(value)}`);
};

const lengthFilter: Filter = {
  parameters: [],
  apply: (value, _, make) =>
    make.scalar(length(value) ?? make.fail(`length needs a list, a mapping or text, found ${typeName(value)}`)),
};

const at = (index: 0 | -1, name: string): Filter => ({
  parameters: [],
  apply: (value, _, make) =>
    listOf(value, make, name).at(index) ??
    make.fail(`found no ${name} item: the list is empty`, "put default() behind it"),
});

/** The filters an inventory may use, meaning what they mean in Jinja and Ansible. `default` is not here: it looks at what is missing. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ["int", { parameters: ["default", "base"], apply: toInt }],
  ["float", { parameters: ["default"], apply: toFloat }],
  ["string", textFilter((text) => text)],
  ["bool", { parameters: [], apply: (value, _, make) => make.scalar(toBool(value)) }],
  ["lower", textFilter((text) => text.toLowerCase())],
  ["upper", textFilter((text) => text.toUpperCase())],
  ["trim", { parameters: ["chars"], apply: trim }],
  ["replace", { parameters: ["old", "new", "count"], apply: replace }],
  ["join", { parameters: ["d"], apply: join }],
  ["split", { parameters: ["sep"], apply: split }],
  ["first", at(0, "first")],
  ["last", at(-1, "last")],
  ["length", lengthFilter],
  ["count", lengthFilter],
  ["list", { parameters: [], apply: (value, _, make) => make.sequence(listOf(value, make, "list")) }],
  ["unique", { parameters: [], apply: (value, _, make) => make.sequence(unique(listOf(value, make, "unique"))) }],
  ["to_json", textFilterOfTree(json)],
  ["b64encode", textFilter((text) => Buffer.from(text, "utf8").toString("base64"))],
  ["b64decode", textFilter((text) => Buffer.from(text, "base64").toString("utf8"))],
]);

function textFilterOfTree(change: (tree: Tree) => string): Filter {
  return { parameters: [], apply: (value, _, make) => make.scalar(change(value)) };
}

const DIGITS = /^\s*([-+]?)(\d+(?:_\d+)*)\s*$/;
const DECIMAL = /^\s*[-+]?(?:\d+(?:_\d+)*\.?(?:\d+)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

/** Python's `int()`, as Jinja's filter calls it: what is no number becomes the default, 0. */
function toInt(value: Tree, [fallback, base]: readonly Arg[], make: Maker): Tree {
  const otherwise = fallback ?? make.scalar(0);
  if (value.kind !== "scalar") return otherwise;
  if (typeof value.value !== "string") {
    const number = numeric(value);
    if (typeof number === "bigint") return make.scalar(number);
    return number === undefined || !Number.isFinite(number) ? otherwise : make.scalar(Math.trunc(number));
  }
  const radix = base?.kind === "scalar" && typeof base.value === "number" ? base.value : 10;
  const whole = wholeNumber(value.value, radix);
  if (whole !== undefined) return make.scalar(whole);
  return DECIMAL.test(value.value) ? make.scalar(Math.trunc(Number(value.value.replaceAll("_", "")))) : otherwise;
}

const PREFIXES: Readonly<Record<number, string>> = { 2: "0b", 8: "0o", 16: "0x" };

function wholeNumber(text: string, radix: number): number | bigint | undefined {
  const prefix = PREFIXES[radix];
  if (prefix === undefined) {
    const match = DIGITS.exec(text);
    return match ? shrink(BigInt(match[2]!.replaceAll("_", "")) * (match[1] === "-" ? -1n : 1n)) : undefined;
  }
  const digits = text.trim().toLowerCase();
  const body = digits.startsWith(prefix) ? digits.slice(2) : digits;
  const allowed = { 2: /^[01]+$/, 8: /^[0-7]+$/, 16: /^[\da-f]+$/ }[radix];
  return allowed?.test(body) ? shrink(BigInt(prefix + body)) : undefined;
}

/** Whole numbers are JavaScript numbers as long as these are exact. */
export const shrink = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

function toFloat(value: Tree, [fallback]: readonly Arg[], make: Maker): Tree {
  const otherwise = fallback ?? make.scalar(0, true);
  if (value.kind !== "scalar") return otherwise;
  if (typeof value.value === "string") {
    return DECIMAL.test(value.value) ? make.scalar(Number(value.value.replaceAll("_", "")), true) : otherwise;
  }
  const number = numeric(value);
  return number === undefined ? otherwise : make.scalar(Number(number), true);
}

/** ansible/plugins/filter/core.py: these words and 1 are true, everything else is false. */
function toBool(value: Tree): boolean {
  if (value.kind !== "scalar") return false;
  if (typeof value.value === "string") return ["yes", "on", "1", "true", "y", "t"].includes(value.value.toLowerCase());
  return value.value === true || value.value === 1;
}

function trim(value: Tree, [characters]: readonly Arg[], make: Maker): Tree {
  const text = str(value);
  if (!characters) return make.scalar(text.trim());
  const set = new Set(str(characters));
  const letters = [...text];
  const start = letters.findIndex((letter) => !set.has(letter));
  const end = letters.findLastIndex((letter) => !set.has(letter));
  return make.scalar(start < 0 ? "" : letters.slice(start, end + 1).join(""));
}

function replace(value: Tree, [from, to, count]: readonly Arg[], make: Maker): Tree {
  if (!from || !to) return make.fail("replace needs what to replace and by what", "write replace('old', 'new')");
  if (str(from) === "") return make.fail("replace needs a text to replace that is not empty");
  const parts = str(value).split(str(from));
  const limit =
    count?.kind === "scalar" && typeof count.value === "number" && count.value >= 0 ? count.value : Infinity;
  const replaced = parts.reduce((text, part, index) => text + (index <= limit ? str(to) : str(from)) + part);
  return make.scalar(replaced);
}

function join(value: Tree, [separator]: readonly Arg[], make: Maker): Tree {
  return make.scalar(
    listOf(value, make, "join")
      .map(str)
      .join(separator ? str(separator) : ""),
  );
}

function split(value: Tree, [separator]: readonly Arg[], make: Maker): Tree {
  const text = str(value);
  if (separator && str(separator) === "") return make.fail("split needs a separator that is not empty");
  const parts = separator ? text.split(str(separator)) : text.split(/\s+/).filter((part) => part !== "");
  return make.sequence(parts.map((part) => make.scalar(part)));
}

function unique(items: readonly Tree[]): Tree[] {
  const kept: Tree[] = [];
  for (const item of items) if (!kept.some((known) => equal(known, item))) kept.push(item);
  return kept;
}

/** Whether `default(…, true)` would take the default. */
export const isEmpty = (value: Tree): boolean => !isTrue(value);
