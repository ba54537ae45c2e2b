/** How much of a failed script's output is shown, unless all of it has been already. */
const TAIL = 40;
/** A script that goes on after an error may tell several. */
const REASONS = 5;

/**
 * What a failed step said, for people: why it failed first, whatever came after that in its output, then how its output ended.
 *
 * @param label `media base`, which stands in front of every line
 * @param isTold the script's own lines have been shown as they came; what something else said in its name has not
 */
export function failureLines(label: string, lines: readonly string[], isTold: boolean): string[] {
  const all = lines.map((line) => labelled(label, line));
  const isReason = (line: string) =>
    [`${label} | error: `, `${label}: error: `].some((start) => line.startsWith(start));
  const reasons = all.filter(isReason).slice(-REASONS);
  const others = all.filter((line, index) => !isReason(line) && !(isTold && line === lines[index]));
  const left = others.length - TAIL;
  const more = isTold ? "" : "; --verbose shows them";
  const cut = left > 0 ? [`${label} | … ${left} earlier lines are left out${more}`] : [];
  return [...reasons, ...cut, ...others.slice(-TAIL)];
}

/** What something else than the script said in the step's name has no label yet. */
export const labelled = (label: string, line: string): string =>
  line.startsWith(`${label}: `) || line.startsWith(`${label} | `) ? line : `${label} | ${line}`;
