import type { z } from "zod";
import { formatProblem } from "../../model/problem";
import { container } from "../../model/schema/guest";
import { parse } from "../../model/schema/parse";
import type { Plain, Tree } from "../../model/tree";

/** A tree whose lines count up from 1 in the order of writing, keys in column 1 and values in column 9. */
export function treeOf(value: Plain): Tree {
  let line = 0;
  const build = (part: Plain): Tree => {
    const at = { file: "x.yml", line: Math.max(line, 1), column: 9 };
    if (Array.isArray(part)) return { kind: "sequence", at, items: part.map(build) };
    if (typeof part !== "object" || part === null) return { kind: "scalar", at, value: part as string };
    const entries = Object.entries(part).map(([key, inner]) => {
      line++;
      return [key, { keyAt: { file: "x.yml", line, column: 1 }, value: build(inner) }] as const;
    });
    return { kind: "mapping", at, entries: new Map(entries) };
  };
  return build(value);
}

/** The problems of a value by a schema, each as the line that a person sees. */
export const told = (schema: z.ZodType, value: Plain, name = "v") =>
  parse(schema, treeOf(value), name).problems.map(formatProblem);

/** The problems of a container with these keys of proxmox_lxc. */
export const lxc = (more: { [key: string]: Plain }) => told(container, { vmid: 301, ...more }, "proxmox_lxc");
