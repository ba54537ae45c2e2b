import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BEGIN = "<!-- written by npm run test:e2e: from here -->";
const END = "<!-- to here -->";

export type Row = readonly string[];

/** A Markdown table, its columns as wide as their widest cell. */
export function table(head: Row, rows: readonly Row[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? "").length)));
  const line = (row: Row) => `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n");
}

/**
 * Compares what the tests saw with a page, between its two markers; with RECORD=1 it is written there instead.
 *
 * @param page relative to the project
 */
export function record(page: string, found: string): void {
  const path = join(__dirname, "..", "..", "..", page);
  const text = readFileSync(path, "utf8");
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${page}: expected the markers ${BEGIN} and ${END}`);
  const wanted = `${before}${BEGIN}\n\n${found}\n\n${END}${after}`;
  if (process.env.RECORD) writeFileSync(path, wanted);
  else expect({ page, "is written by": "RECORD=1 npm run test:e2e", text }).toMatchObject({ text: wanted });
}
