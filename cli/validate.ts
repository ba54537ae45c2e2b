import { type LoadResult, sharedVmids } from "../model";
import type { Problem } from "../model/problem";
import { EXIT, type ExitCode, type Io } from "./output";
import { countProblems, githubAnnotation, hasErrors, problemLine } from "./problems";
import { load, loadAll } from "./target";

export const FORMATS = ["text", "json", "github"] as const;
export type Format = (typeof FORMATS)[number];

interface Report {
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** Tells everything that is wrong with one lab, or with all of them and between them. */
export function validate(target: string | undefined, { format }: { readonly format: Format }, io: Io): ExitCode {
  const results = target === undefined ? loadAll(io) : [load(target, io)];
  const reports: Report[] = results.map(({ name, problems }) => ({ name, problems }));
  const between = betweenLabs(results);
  if (between.length > 0) reports.push({ name: "all labs", problems: between });
  for (const line of print(reports, format, io)) io.out(line);
  return reports.some(({ problems }) => hasErrors(problems)) ? EXIT.problems : EXIT.ok;
}

function betweenLabs(results: readonly LoadResult[]): readonly Problem[] {
  return [...sharedVmids(results.flatMap(({ lab }) => (lab ? [lab] : [])))];
}

function print(reports: readonly Report[], format: Format, { colors }: Io): string[] {
  switch (format) {
    case "json":
      return [JSON.stringify({ labs: reports }, null, 2)];
    case "github":
      return reports.flatMap(({ problems }) => problems.map(githubAnnotation));
    case "text":
      return reports.flatMap(({ name, problems }) => [
        ...problems.map((problem) => problemLine(problem, colors)),
        `${colors.bold(name)}: ${problems.length === 0 ? colors.green("no problems") : countProblems(problems)}`,
      ]);
  }
}
