import type { Scalar } from "../tree";
import { type Arguments, type Expression, TESTS } from "./expression";
import { HOW_TO_WRITE, TokenReader } from "./token-reader";
import { TemplateError, tokenize, unquote } from "./tokens";

/** How deeply an expression may be nested: more is no inventory, and readers of expressions recurse. */
const MAX_DEPTH = 100;
const COMPARISONS = ["==", "!=", "<", "<=", ">", ">="];
const CONSTANTS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...(["true", "True"] as const).map((name) => [name, true] as const),
  ...(["false", "False"] as const).map((name) => [name, false] as const),
  ...(["none", "None"] as const).map((name) => [name, null] as const),
]);
const KEYWORDS = new Set(["if", "else", "and", "or", "not", "in", "is"]);

/** Parses the expression behind a `{{`, from `start`; throws a TemplateError at the first mistake. */
export function parseExpression(text: string, start: number) {
  const { tokens, end, trimsAfter } = tokenize(text, start);
  const expression = new Parser(tokens).parse();
  const offset = tokens[0]?.offset ?? start;
  return { expression, source: text.slice(offset, tokens.at(-1)?.offset).trim(), offset, end, trimsAfter };
}

/** Recursive descent in the order of Jinja's precedences (jinja2/parser.py). */
class Parser extends TokenReader {
  private depth = 0;

  parse(): Expression {
    const { offset, kind } = this.token;
    if (kind === "end")
      throw new TemplateError(offset, "found nothing between {{ and }}", "write the name of a variable");
    const expression = this.conditional();
    if (this.token.kind !== "end") this.unexpected();
    return expression;
  }

  private conditional(): Expression {
    if (++this.depth > MAX_DEPTH) throw this.tooDeep();
    let then = this.or();
    while (this.isName("if")) {
      const { offset } = this.take();
      const test = this.or();
      const otherwise = this.skip("else") ? this.conditional() : undefined;
      then = { kind: "if", offset, test, then, otherwise };
    }
    this.depth--;
    return then;
  }

  private or = (): Expression => this.leftToRight(this.and, () => this.isName("or"));
  private and = (): Expression => this.leftToRight(this.not, () => this.isName("and"));

  private not = (): Expression => {
    if (!this.isName("not")) return this.comparison();
    const { offset } = this.take();
    return this.deeper(() => ({ kind: "unary", offset, operator: "not", of: this.not() }));
  };

  private comparison(): Expression {
    const left = this.sum();
    const { offset } = this.token;
    const operator = this.comparisonOperator();
    if (operator === undefined) return left;
    const found: Expression = { kind: "binary", offset, operator, left, right: this.sum() };
    const again = this.token.offset;
    if (this.comparisonOperator() !== undefined) {
      throw new TemplateError(again, "found a second comparison in a row", 'join them by "and": 1 < n and n < 5');
    }
    return found;
  }

  private comparisonOperator(): string | undefined {
    if (this.isOperator(...COMPARISONS)) return this.take().text;
    if (this.isName("in")) return this.take().text;
    const { following } = this;
    if (!this.isName("not") || following?.kind !== "name" || following.text !== "in") return undefined;
    this.index += 2;
    return "not in";
  }

  private sum = (): Expression => this.leftToRight(this.concatenation, () => this.isOperator("+", "-"));
  private concatenation = (): Expression => this.leftToRight(this.product, () => this.isOperator("~"));
  private product = (): Expression => this.leftToRight(this.unary, () => this.isOperator("*", "/", "//", "%"));

  private leftToRight(operand: () => Expression, isOperator: () => boolean): Expression {
    let left = operand();
    for (let length = 0; isOperator(); length++) {
      const { text, offset } = this.take();
      if (length > 10 * MAX_DEPTH) throw new TemplateError(offset, "this expression is too long", HOW_TO_WRITE);
      left = { kind: "binary", offset, operator: text, left, right: operand() };
    }
    return left;
  }

  private unary = (): Expression => this.filters(this.signed());

  private signed(): Expression {
    if (!this.isOperator("-", "+")) return this.postfix(this.primary());
    const { text, offset } = this.take();
    return this.deeper(() => ({ kind: "unary", offset, operator: text === "-" ? "-" : "+", of: this.signed() }));
  }

  private deeper(parse: () => Expression): Expression {
    if (++this.depth > MAX_DEPTH) throw this.tooDeep();
    const parsed = parse();
    this.depth--;
    return parsed;
  }

  private primary(): Expression {
    const token = this.token;
    const { offset } = token;
    switch (token.kind) {
      case "string":
        return { kind: "literal", offset, value: this.strings() };
      case "integer":
        this.index++;
        return { kind: "literal", offset, value: integer(token.text) };
      case "float":
        this.index++;
        return { kind: "literal", offset, value: Number(token.text.replaceAll("_", "")), float: true };
      case "name":
        return this.name();
      default:
        break;
    }
    if (this.isOperator("[")) return this.list();
    if (this.isOperator("{")) return this.mapping();
    if (!this.isOperator("(")) this.unexpected();
    this.index++;
    const inner = this.conditional();
    if (this.isOperator(",")) throw new TemplateError(offset, "found a tuple", "write a list: [a, b]");
    this.expect(")");
    return inner;
  }

  /** Neighbouring strings are one, as in Python. */
  private strings(): string {
    let value = "";
    while (this.token.kind === "string") value += unquote(this.take().text);
    return value;
  }

  private name(): Expression {
    const { text, offset } = this.take();
    const constant = CONSTANTS.get(text);
    if (constant !== undefined) return { kind: "literal", offset, value: constant };
    if (KEYWORDS.has(text)) {
      this.index--;
      this.unexpected();
    }
    return { kind: "name", offset, name: text };
  }

  private list(): Expression {
    const { offset } = this.take();
    const items: Expression[] = [];
    while (!this.isOperator("]")) {
      items.push(this.conditional());
      if (!this.isOperator("]")) this.expect(",");
    }
    this.expect("]");
    return { kind: "list", offset, items };
  }

  private mapping(): Expression {
    const { offset } = this.take();
    const entries: [Expression, Expression][] = [];
    while (!this.isOperator("}")) {
      const key = this.conditional();
      this.expect(":");
      entries.push([key, this.conditional()]);
      if (!this.isOperator("}")) this.expect(",");
    }
    this.expect("}");
    return { kind: "mapping", offset, entries };
  }

  private postfix(of: Expression): Expression {
    let here = of;
    for (let length = 0; ; length++) {
      const { offset } = this.token;
      if (length > MAX_DEPTH) throw this.tooDeep();
      if (this.isOperator(".")) here = { kind: "get", offset, of: here, key: this.attribute() };
      else if (this.isOperator("[")) here = { kind: "get", offset, of: here, key: this.subscript() };
      else if (this.isOperator("(")) throw callError(here);
      else return here;
    }
  }

  private attribute(): Expression {
    this.index++;
    const { kind, text, offset } = this.token;
    if (kind !== "name" && kind !== "integer") this.unexpected("the name of a key");
    this.index++;
    return { kind: "literal", offset, value: kind === "integer" ? integer(text) : text };
  }

  private subscript(): Expression {
    const { offset } = this.take();
    const key = this.isOperator(":") ? undefined : this.conditional();
    if (!key || this.isOperator(":")) {
      throw new TemplateError(offset, "found a slice, which is not supported", "refer to single items: list[0]");
    }
    this.expect("]");
    return key;
  }

  private filters(of: Expression): Expression {
    let here = of;
    for (let length = 0; ; length++) {
      if (length > MAX_DEPTH) throw this.tooDeep();
      if (this.isOperator("|")) here = this.filter(here);
      else if (this.isName("is")) here = this.test(here);
      else return here;
    }
  }

  private filter(of: Expression): Expression {
    this.index++;
    const { offset } = this.token;
    let name = this.filterName();
    while (this.isOperator(".")) {
      this.index++;
      name += `.${this.filterName()}`;
    }
    const args = this.isOperator("(") ? this.arguments() : { positional: [], named: new Map<string, Expression>() };
    return { kind: "filter", offset, of, name, args };
  }

  private filterName(): string {
    if (this.token.kind !== "name") this.unexpected("the name of a filter");
    return this.take().text;
  }

  private arguments(): Arguments {
    this.index++;
    const positional: Expression[] = [];
    const named = new Map<string, Expression>();
    while (!this.isOperator(")")) {
      const { following } = this;
      if (this.token.kind === "name" && following?.kind === "operator" && following.text === "=") {
        const name = this.take().text;
        this.index++;
        named.set(name, this.conditional());
      } else {
        positional.push(this.conditional());
      }
      if (!this.isOperator(")")) this.expect(",");
    }
    this.index++;
    return { positional, named };
  }

  private test(of: Expression): Expression {
    const { offset } = this.take();
    const negated = this.skip("not");
    const name = this.token.kind === "name" ? this.take().text : this.unexpected("the name of a test");
    const test = TESTS.find((known) => known === name);
    if (test) return { kind: "test", offset, of, test, negated };
    throw new TemplateError(
      offset,
      `found the test "is ${name}"; the supported ones are ${TESTS.join(", ")}`,
      "compare by ==, !=, <, >, in",
    );
  }
}

function callError(callee: Expression): TemplateError {
  if (callee.kind === "name" && ["lookup", "query", "q"].includes(callee.name)) {
    return new TemplateError(
      callee.offset,
      `found a ${callee.name}, which is not supported: it would run on the machine that reads the inventory`,
      "write the value, or for a secret { secret: name }",
    );
  }
  const called = callee.kind === "name" ? callee.name : callee.kind === "get" ? nameOf(callee.key) : "it";
  return new TemplateError(
    callee.offset,
    `found a call of ${called}(), which is not supported`,
    `use a filter if there is one: value | ${called}`,
  );
}

const nameOf = (key: Expression) => (key.kind === "literal" ? String(key.value) : "it");

function integer(text: string): number | bigint {
  const big = BigInt(text.replaceAll("_", ""));
  return Number.isSafeInteger(Number(big)) ? Number(big) : big;
}
