import type { Colors } from "./output";

/** Lines that stand around a change. */
const CONTEXT = 2;

/** The difference between two texts, line by line, in the unified format. */
export function lineDiff(file: string, before: string, after: string, colors: Colors): string {
  const changes = compare(lines(before), lines(after));
  const shown = changes.map((_, index) =>
    changes.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ mark }) => mark !== " "),
  );
  const text = [colors.bold(`--- ${file}`), colors.bold(`+++ ${file}`)];
  let line = 0;
  for (const [index, { mark, text: content }] of changes.entries()) {
    if (mark !== "+") line++;
    if (!shown[index]) continue;
    if (!shown[index - 1]) text.push(colors.dim(`@@ line ${Math.max(1, line)} @@`));
    const paint = mark === "+" ? colors.green : mark === "-" ? colors.red : (plain: string) => plain;
    text.push(paint(mark + content));
  }
  return text.join("\n");
}

const lines = (text: string) => text.replace(/\n$/, "").split("\n");

interface Change {
  readonly mark: " " | "+" | "-";
  readonly text: string;
}

/** By the longest common subsequence of what lies between the common beginning and end. */
function compare(before: readonly string[], after: readonly string[]): Change[] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  const rest = Math.min(before.length, after.length) - start;
  while (end < rest && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const [a, b] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const same = (text: string): Change => ({ mark: " ", text });
  return [...before.slice(0, start).map(same), ...middle(a, b), ...before.slice(before.length - end).map(same)];
}

function middle(a: readonly string[], b: readonly string[]): Change[] {
  const longest = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number) => longest[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i]![j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      changes.push({ mark: " ", text: a[i++]! });
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1)))
      changes.push({ mark: "-", text: a[i++]! });
    else changes.push({ mark: "+", text: b[j++]! });
  }
  return changes;
}
