import { holdsVaultText } from "../traits";
import type { Tree } from "../tree";
import type { Arguments, Expression } from "./expression";
import { FILTERS, isEmpty } from "./filters";
import { missingKey, unknownFilter } from "./missing";
import { operate } from "./operators";
import { isTrue, str, typeName } from "./python";
import type { Scope } from "./scope";
import { Failure, type Known, type Lookups, type Maker, type Missing, type Value } from "./value";

/** What an evaluation needs to know of the `{{ … }}` it is in. */
export interface Site extends Lookups {
  /** Throws: the position is that of `offset` in the string. */
  readonly fail: (offset: number, message: string, fix?: string) => never;
  readonly make: (offset: number) => Maker;
}

/** Evaluates one expression with the variables of one host. Throws a Failure where no value can be had. */
export class Evaluation {
  constructor(
    private readonly scope: Scope,
    private readonly site: Site,
  ) {}

  /** The value, with nothing rendered that is not asked for. */
  evaluate(expression: Expression): Value {
    const { offset } = expression;
    switch (expression.kind) {
      case "literal":
        return this.made(this.site.make(offset).scalar(expression.value, expression.float));
      case "name":
        return this.noted(this.scope.variable(expression.name, () => this.site.make(offset)));
      case "list":
        return this.made(this.site.make(offset).sequence(expression.items.map((item) => this.tree(item))));
      case "mapping":
        return this.made(
          this.site
            .make(offset)
            .mapping(expression.entries.map(([key, item]) => [str(this.tree(key)), this.tree(item)])),
        );
      case "get":
        return this.get(expression.of, expression.key);
      case "filter":
        return this.filter(expression.of, expression.name, expression.args, offset);
      case "test":
        return this.test(expression);
      case "unary":
      case "binary":
        return this.operation(expression);
      case "if":
        return this.conditional(expression);
    }
  }

  /** The value, completely rendered. */
  tree(expression: Expression): Tree {
    return this.known(this.evaluate(expression), expression.offset);
  }

  known(value: Value, offset: number): Tree {
    switch (value.kind) {
      case "known":
        return value.scope ? value.scope.strict(value.tree) : value.tree;
      case "missing":
        if (value.sealed) return value.sealed;
        throw new Failure(value.problem());
      case "hostvars":
        return this.site.fail(offset, "found hostvars alone", "name the host and the variable: hostvars['host'].name");
      case "host":
        return this.site.fail(offset, "found all variables of a host", "name the variable: hostvars['host'].name");
    }
  }

  private made(tree: Tree): Known {
    return { kind: "known", tree, via: [], fact: true };
  }

  private noted(value: Value): Value {
    if (value.kind === "known") this.site.consulted.push(value);
    return value;
  }

  private get(of: Expression, keyOf: Expression): Value {
    const before = this.site.consulted.length;
    const base = this.evaluate(of);
    if (base.kind === "missing" && !base.sealed) return base;
    const key = this.operand(keyOf);
    if (key.kind !== "scalar")
      return this.site.fail(keyOf.offset, `expected a key or an index, found ${typeName(key)}`);
    const name = str(key);
    if (base.kind === "missing") return this.scope.partOf(base, name);
    if (base.kind === "hostvars") return this.scope.other(name, () => this.site.make(keyOf.offset));
    if (base.kind === "host") return this.noted(base.scope.variable(name, () => this.site.make(keyOf.offset)));
    const parent = this.head(base);
    const child = childOf(parent, key.value);
    if (!child) {
      const { tree } = parent;
      return { kind: "missing", problem: () => missingKey(tree, name, this.scope, this.placeOf(keyOf.offset)) };
    }
    // What counts as consulted is the value that was asked for, not the mapping on the way to it.
    this.site.consulted.splice(before);
    return this.noted(child);
  }

  /** The value, completely rendered, to compute with. */
  private operand(expression: Expression): Tree {
    const tree = this.tree(expression);
    if (!holdsVaultText(tree)) return tree;
    return this.site.fail(
      expression.offset,
      "found a secret in an expression; its value is not known here",
      "encrypt the result, and refer to it alone",
    );
  }

  private placeOf(offset: number) {
    return this.site.make(offset).scalar(null).at;
  }

  /** A value whose outermost layer is no template. */
  private head(value: Known): Known {
    if (!value.scope || value.tree.kind !== "scalar") return value;
    const rendered = value.scope.head(value.tree);
    if (rendered.kind === "known") return { ...rendered, via: [...value.via, ...rendered.via] };
    return this.made(this.known(rendered, 0));
  }

  private filter(of: Expression, name: string, args: Arguments, offset: number): Value {
    const short = name.replace(/^ansible\.builtin\./, "");
    if (short === "default" || short === "d") return this.orDefault(of, args, offset);
    const filter = FILTERS.get(short);
    const make = this.site.make(offset);
    if (!filter) return this.site.fail(offset, ...unknownFilter(name));
    const value = this.operand(of);
    const given = this.arguments(short, filter.parameters, args, offset);
    return this.made(filter.apply(value, given, make));
  }

  private arguments(filter: string, parameters: readonly string[], args: Arguments, offset: number) {
    if (args.positional.length > parameters.length) {
      this.site.fail(offset, `${filter} takes at most ${parameters.length} arguments, found ${args.positional.length}`);
    }
    for (const name of args.named.keys()) {
      if (!parameters.includes(name)) {
        const known = parameters.length > 0 ? `it has ${parameters.join(", ")}` : "it has none";
        this.site.fail(offset, `${filter} has no argument "${name}"; ${known}`);
      }
    }
    return parameters.map((name, index) => {
      const argument = args.positional[index] ?? args.named.get(name);
      return argument && this.tree(argument);
    });
  }

  /** The default is evaluated only where it is used, unlike in Jinja: an unused one cannot fail. */
  private orDefault(of: Expression, args: Arguments, offset: number): Value {
    const { consulted, defaults } = this.site;
    const before = consulted.length;
    const value = this.optional(of);
    const fallback = args.positional[0] ?? args.named.get("default_value");
    const otherwise = (reason: string): Value => {
      defaults.push(`${nameOf(of) ?? "the value"} ${reason}`);
      return fallback ? this.evaluate(fallback) : this.made(this.site.make(offset).scalar(""));
    };
    if (value.kind === "missing") {
      if (of.kind === "name" && consulted.length > before) return otherwise("refers to what is not set");
      // The mapping on the way to a key that it does not have gives nothing to the result.
      consulted.splice(before);
      return otherwise(value.sealed ? "is set in no readable file" : "is not set");
    }
    const boolean = args.positional[1] ?? args.named.get("boolean");
    if (!boolean || !isTrue(this.tree(boolean))) return value;
    return isEmpty(this.known(value, of.offset)) ? otherwise("is empty") : value;
  }

  /** Like `evaluate`, but a variable that only refers to a missing one is missing too. */
  private optional(expression: Expression): Value {
    const value = this.evaluate(expression);
    if (value.kind !== "known" || !value.scope || value.tree.kind !== "scalar") return value;
    const head = value.scope.head(value.tree);
    return head.kind === "known" ? { ...head, via: [...value.via, ...head.via] } : head;
  }

  private test(expression: Expression & { kind: "test" }): Known {
    const value = this.optional(expression.of);
    const defined = value.kind !== "missing";
    const holds =
      expression.test === "none"
        ? isNull(this.known(value, expression.of.offset))
        : expression.test === "defined"
          ? defined
          : !defined;
    return this.made(this.site.make(expression.offset).scalar(holds !== expression.negated));
  }

  private operation(expression: Expression & { kind: "unary" | "binary" }): Value {
    const make = this.site.make(expression.offset);
    if (expression.kind === "unary") {
      const value = this.operand(expression.of);
      if (expression.operator === "not") return this.made(make.scalar(!isTrue(value)));
      return this.made(operate(expression.operator, make.scalar(0), value, make));
    }
    const left = this.evaluate(expression.left);
    const leftTree = this.known(left, expression.left.offset);
    const { operator } = expression;
    if (operator === "and") return isTrue(leftTree) ? this.evaluate(expression.right) : left;
    if (operator === "or") return isTrue(leftTree) ? left : this.evaluate(expression.right);
    return this.made(operate(operator, this.operand(expression.left), this.operand(expression.right), make));
  }

  private conditional({ test, then, otherwise, offset }: Expression & { kind: "if" }): Value {
    if (isTrue(this.tree(test))) return this.evaluate(then);
    if (otherwise) return this.evaluate(otherwise);
    const missing: Missing = {
      kind: "missing",
      problem: () =>
        failureOf(() =>
          this.site.fail(
            offset,
            'found "if" without "else", and its condition is false',
            "write a if condition else b",
          ),
        ),
    };
    return missing;
  }
}

function failureOf(fail: () => never) {
  try {
    return fail();
  } catch (error) {
    if (error instanceof Failure) return error.problem;
    throw error;
  }
}

/** How a variable or a part of one is called; undefined for what is computed. */
function nameOf(expression: Expression): string | undefined {
  if (expression.kind === "name") return expression.name;
  if (expression.kind !== "get" || expression.key.kind !== "literal") return undefined;
  const parent = nameOf(expression.of);
  return parent === undefined ? undefined : `${parent}.${expression.key.value}`;
}

const isNull = (tree: Tree) => tree.kind === "scalar" && tree.value === null;

function childOf(base: Known, key: unknown): Known | undefined {
  const { tree } = base;
  const scope = base.scope;
  const child =
    tree.kind === "mapping"
      ? tree.entries.get(String(key))?.value
      : tree.kind === "sequence" && isIndex(key)
        ? tree.items.at(key)
        : undefined;
  if (child) return { kind: "known", tree: child, scope, via: base.via };
  if (holdsVaultText(tree)) return undefined;
  if (tree.kind === "scalar" && typeof tree.value === "string" && isIndex(key)) {
    const value = [...tree.value].at(key);
    return value === undefined
      ? undefined
      : { kind: "known", tree: { kind: "scalar", at: tree.at, value }, via: base.via };
  }
  return undefined;
}

const isIndex = (key: unknown): key is number => typeof key === "number" && Number.isInteger(key);
