import type { Tree } from "../model/tree";
import { pythonNumber } from "../model/yaml/scalar";

/** A value as compact text on one line. */
export function compact(tree: Tree): string {
  if (tree.kind === "sequence") return `[${tree.items.map(compact).join(", ")}]`;
  if (tree.kind === "mapping") {
    const parts = [...tree.entries].map(([key, { value }]) => `${key}: ${compact(value)}`);
    return parts.length > 0 ? `{ ${parts.join(", ")} }` : "{}";
  }
  const { value, tag } = tree;
  if (tag === "vault") return tree.secret ? `(secret ${tree.secret.name})` : "(vault text)";
  if (typeof value === "number" || typeof value === "bigint") return pythonNumber(value, tree.float === true);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** Like `compact`, cut to fit a column. */
export function brief(tree: Tree, length = 60): string {
  const text = compact(tree);
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** A value in YAML's shape, without comments or anchors. */
export function block(tree: Tree, indent = ""): string[] {
  if (tree.kind === "scalar") return [indent + compact(tree)];
  if (tree.kind === "sequence") {
    return tree.items.flatMap((item) => {
      const [first = "", ...rest] = isNested(item) ? block(item, `${indent}  `) : [indent + compact(item)];
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  return [...tree.entries].flatMap(([key, { value }]) =>
    isNested(value) ? [`${indent}${key}:`, ...block(value, `${indent}  `)] : [`${indent}${key}: ${compact(value)}`],
  );
}

const isNested = (tree: Tree): boolean =>
  (tree.kind === "sequence" && tree.items.length > 0) || (tree.kind === "mapping" && tree.entries.size > 0);
