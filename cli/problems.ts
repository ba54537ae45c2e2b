import { formatPosition, formatProblem, type Problem } from "../model/problem";
import type { Colors, Io } from "./output";

/** A problem for people: `formatProblem` with its severity, and the host where it concerns one of several. */
export function problemLine(problem: Problem, colors: Colors): string {
  const mark = problem.severity === "error" ? colors.red("error") : colors.yellow("warning");
  const text = formatProblem(problem);
  if (!problem.at) return `${mark} ${text}`;
  const place = formatPosition(problem.at);
  return `${colors.bold(place)} ${mark}${text.slice(place.length)}`;
}

export function tellProblems(problems: readonly Problem[], { err, colors }: Io): void {
  for (const problem of problems) err(problemLine(problem, colors));
}

export const hasErrors = (problems: readonly Problem[]): boolean =>
  problems.some(({ severity }) => severity === "error");

/** `2 errors, 1 warning`. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const parts = [counted(errors, "error"), counted(warnings, "warning")].filter((part) => part !== "");
  return parts.length > 0 ? parts.join(", ") : "no problems";
}

export const counted = (number: number, noun: string): string =>
  number === 0 ? "" : `${number} ${noun}${number === 1 ? "" : "s"}`;

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
