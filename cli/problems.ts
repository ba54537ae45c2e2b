import { type Emphasis, problemLine as format, formatProblem, type Problem } from "../model/problem";
import type { Colors, Io } from "./output";

export { counted, countProblems } from "../model/problem";

/** A problem for people, in colours where there are any. */
export function problemLine(problem: Problem, colors: Colors): string {
  return format(problem, emphasis(colors));
}

const emphasis = ({ bold, red, yellow }: Colors): Emphasis => ({
  place: bold,
  severity: (severity) => (severity === "error" ? red(severity) : yellow(severity)),
});

export function tellProblems(problems: readonly Problem[], { err, colors }: Io): void {
  for (const problem of problems) err(problemLine(problem, colors));
}

export const hasErrors = (problems: readonly Problem[]): boolean =>
  problems.some(({ severity }) => severity === "error");

/**
 * A workflow command of GitHub Actions: it makes an annotation on the line. Escapes as in @actions/core's command.ts:
 * % and line breaks everywhere, colons and commas in properties too.
 */
export function githubAnnotation(problem: Problem): string {
  const { at, severity, rule } = problem;
  const place = at ? { file: at.file, line: String(at.line), col: String(at.column) } : {};
  const properties = Object.entries({ ...place, title: rule })
    .map(([name, value]) => `${name}=${escapeData(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`)
    .join(",");
  return `::${severity} ${properties}::${escapeData(formatProblem(problem))}`;
}

const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
