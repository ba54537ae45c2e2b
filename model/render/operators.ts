import type { ScalarTree, Tree } from "../tree";
import { shrink } from "./filters";
import { compare, equal, numeric, str, typeName } from "./python";
import type { Maker } from "./value";

const ORDERINGS: Readonly<Record<string, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

/** Jinja's binary operators on rendered values, with Python's rules; `+x` and `-x` arrive as `0 + x` and `0 - x`. */
export function operate(operator: string, left: Tree, right: Tree, make: Maker): Tree {
  const ordering = ORDERINGS[operator];
  if (ordering) return make.scalar(ordering(order(operator, left, right, make)));
  switch (operator) {
    case "~":
      return make.scalar(str(left) + str(right));
    case "==":
      return make.scalar(equal(left, right));
    case "!=":
      return make.scalar(!equal(left, right));
    case "in":
      return make.scalar(contains(right, left, make));
    case "not in":
      return make.scalar(!contains(right, left, make));
    default:
      return arithmetic(operator, left, right, make);
  }
}

function order(operator: string, left: Tree, right: Tree, make: Maker): number {
  if (left.kind === "scalar" && right.kind === "scalar") {
    if (typeof left.value === "string" && typeof right.value === "string") return compare(left.value, right.value);
    const [a, b] = [numeric(left), numeric(right)];
    if (a !== undefined && b !== undefined) return compare(a, b);
  }
  return make.fail(`cannot compare ${typeName(left)} and ${typeName(right)} by ${operator}`, hint(left, right));
}

function contains(container: Tree, item: Tree, make: Maker): boolean {
  if (container.kind === "sequence") return container.items.some((each) => equal(each, item));
  if (container.kind === "mapping") return container.entries.has(str(item));
  if (typeof container.value === "string" && item.kind === "scalar" && typeof item.value === "string") {
    return container.value.includes(item.value);
  }
  return make.fail(`"in" needs a list, a mapping or text on its right, found ${typeName(container)}`);
}

function arithmetic(operator: string, left: Tree, right: Tree, make: Maker): Tree {
  if (operator === "+" && left.kind === "sequence" && right.kind === "sequence") {
    return make.sequence([...left.items, ...right.items]);
  }
  if (left.kind === "scalar" && right.kind === "scalar") {
    if (operator === "+" && typeof left.value === "string" && typeof right.value === "string") {
      return make.scalar(left.value + right.value);
    }
    const [a, b] = [numeric(left), numeric(right)];
    if (a !== undefined && b !== undefined) return compute(operator, a, b, isFloat(left) || isFloat(right), make);
  }
  return make.fail(`cannot compute ${typeName(left)} ${operator} ${typeName(right)}`, hint(left, right));
}

const isFloat = (tree: ScalarTree) =>
  tree.float === true || (typeof tree.value === "number" && !Number.isInteger(tree.value));

function hint(left: Tree, right: Tree): string | undefined {
  const isText = (tree: Tree) => tree.kind === "scalar" && typeof tree.value === "string";
  return isText(left) || isText(right) ? "put | int behind a number that is text, or join texts by ~" : undefined;
}

type Num = number | bigint;

function compute(operator: string, a: Num, b: Num, float: boolean, make: Maker): Tree {
  const divides = operator === "/" || operator === "//" || operator === "%";
  if (divides && Number(b) === 0) return make.fail("found a division by zero");
  if (float || operator === "/") return make.scalar(floatResult(operator, Number(a), Number(b)), true);
  return make.scalar(shrink(wholeResult(operator, BigInt(a), BigInt(b))));
}

/** Division rounds down, and a remainder has the sign of the divisor, as in Python. */
function floatResult(operator: string, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "//":
      return Math.floor(a / b);
    default:
      return a - b * Math.floor(a / b);
  }
}

function wholeResult(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    default: {
      const remainder = ((a % b) + b) % b;
      return operator === "%" ? remainder : (a - remainder) / b;
    }
  }
}
