import type { Expression } from "./expression";

/** Whether one value alone decides: a name, its keys, its conversion (`| int`), and what stands in where it is missing. */
export function isLookup(expression: Expression): boolean {
  switch (expression.kind) {
    case "name":
      return true;
    case "get":
      return expression.key.kind === "literal" && isLookup(expression.of);
    case "filter": {
      const { args, name, of } = expression;
      const isDefault = /^(ansible\.builtin\.)?(d|default)$/.test(name);
      const isAllowed = (each: Expression) => isDefault && (each.kind === "literal" || isLookup(each));
      return isLookup(of) && [...args.positional, ...args.named.values()].every(isAllowed);
    }
    default:
      return false;
  }
}
