import type { Problem } from "../problem";
import type { Tree } from "../tree";

/** Whether a text may hold such a number at all: hardly any does. */
const ANY = /(?:^|[\s:,[{])(?:0[0-7_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)(?=\s*(?:[,\]}#]|$))/m;
const NONE: readonly Problem[] = [];
const NUMBER = /^[-+]?[0-9][0-9_:]*/;
/** Where octal digits are meant: `mode: 0640`. */
const OCTAL_KEY = /mode|mask|perm/i;

/**
 * `odd-number`: a whole number with a leading 0 is octal in YAML 1.1, and one with colons counts sixties, as Ansible reads
 * both; who writes `vmid: 0305` seldom means 197.
 *
 * @param source the text that the tree was read from
 */
export function oddNumbers(tree: Tree, source: string): readonly Problem[] {
  if (!ANY.test(source)) return NONE;
  const lines = source.split("\n");
  const problems: Problem[] = [];
  const seen = new Set<Tree>();
  const visit = (part: Tree, key: string): void => {
    if (seen.has(part)) return;
    seen.add(part);
    if (part.kind === "sequence") for (const item of part.items) visit(item, key);
    else if (part.kind === "mapping") for (const [name, entry] of part.entries) visit(entry.value, name);
    else if (typeof part.value === "number" && part.style === undefined && !part.float) {
      const text = NUMBER.exec(lines[part.at.line - 1]?.slice(part.at.column - 1) ?? "")?.[0] ?? "";
      const isOctal = /^[-+]?0[0-7_]+$/.test(text) && Number(text.replaceAll("_", "")) !== part.value;
      if (!(isOctal && !OCTAL_KEY.test(key)) && !text.includes(":")) return;
      problems.push({
        rule: "odd-number",
        severity: "warning",
        at: part.at,
        message: `${text} is read as ${part.value}: ${isOctal ? "with a leading 0 it is octal" : "colons count sixties, as in a time"}`,
        fix: `write ${isOctal ? `${text.replace(/^([-+]?)[0_]+/, "$1")} or ` : ""}${part.value}, or "${text}" in quotes`,
      });
    }
  };
  visit(tree, "");
  return problems;
}
