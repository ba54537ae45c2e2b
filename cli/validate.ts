import { findLabs, type LoadResult, loadLab, sharedIdentities } from "../model";
import { concerning, type Problem } from "../model/problem";
import { HOW_TO_GIVE, holdsSecrets, labSecrets, type VaultPassword, vaultProblems } from "../model/vault";
import { roleProblems } from "../provision/registry";
import { givenPasswords, type SecretSources } from "./lab-secrets";
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
export function validate(
  target: string | undefined,
  { format, ...sources }: { readonly format: Format } & SecretSources,
  io: Io,
): ExitCode {
  const broken = roleProblems();
  // Nothing can be said of a lab whose roles are not known.
  const results = broken.length > 0 ? [] : target === undefined ? loadAll(io) : [load(target, io)];
  const reports: Report[] = results.map((result) => ({
    name: result.name,
    problems: [
      ...result.problems,
      ...encrypted(result, sources, io),
      ...(target === undefined ? [] : withNeighbours(result, io)),
    ],
  }));
  if (broken.length > 0) reports.push({ name: "roles", problems: broken });
  const between = target === undefined ? betweenLabs(results) : [];
  if (between.length > 0) reports.push({ name: "all labs", problems: between });
  for (const line of print(reports, format, io)) io.out(line);
  return reports.some(({ problems }) => hasErrors(problems)) ? EXIT.problems : EXIT.ok;
}

/** What is wrong in a lab's encrypted files; without the password, one warning that nobody has looked. */
export function encrypted(result: LoadResult, sources: SecretSources, io: Io): readonly Problem[] {
  const { groups, hosts } = result.inventory;
  const [first, ...others] = new Set([...groups.values(), ...hosts.values()].flatMap(({ sealed = [] }) => sealed));
  if (!holdsSecrets(result.inventory)) return [];
  const { passwords, problems } = givenPasswords(sources, io);
  const found = [
    ...problems,
    ...vaultProblems(result, passwords, io.cwd),
    ...unknownNames(result, passwords, sources, io),
  ];
  if (first === undefined || passwords.length > 0 || problems.length > 0) return found;
  const at = (file: string) => ({ file, line: 1, column: 1 });
  return [
    ...found,
    {
      rule: "vault-encrypted",
      severity: "warning",
      at: at(first),
      message: "encrypted, and there is no vault password: names that no readable file sets are taken for its secrets",
      fix: `to look into it, ${HOW_TO_GIVE}`,
      ...(others.length > 0 ? { also: others.map((file) => ({ at: at(file), note: "is encrypted too" })) } : {}),
    },
  ];
}

/** With the password, names that are in no file at all: without it, they are taken for secrets of the encrypted ones. */
function unknownNames(
  result: LoadResult,
  passwords: readonly VaultPassword[],
  { environment = process.env }: SecretSources,
  { cwd }: Io,
): readonly Problem[] {
  if (!result.lab || passwords.length === 0) return [];
  const { secrets } = labSecrets(result, result.lab, { environment, passwords, cwd });
  const found = secrets.flatMap(({ from, usedBy }) => {
    if (from.kind !== "missing" || from.problem === undefined || !UNKNOWN.has(from.problem.rule)) return [];
    return { ...from.problem, also: usedBy.slice(1).map((at) => ({ at, note: "refers to it too" })) };
  });
  return found.map(({ also, ...problem }) => (also.length > 0 ? { ...problem, also } : problem));
}

/** Of a name or a part of it that no file has; what cannot be decrypted is told by the file. */
const UNKNOWN = new Set(["unknown-reference", "vault-missing", "vault-value"]);

/** What labs that are looked at together share. */
export function betweenLabs(results: readonly LoadResult[]): readonly Problem[] {
  return [...sharedIdentities(results.flatMap(({ lab }) => (lab ? [lab] : [])))];
}

/** What a lab that is looked at alone shares with others under inventory/, whose own problems are nobody's business here. */
export function withNeighbours(result: LoadResult, { cwd }: Io): readonly Problem[] {
  const labs = findLabs(cwd);
  if (!labs.some(({ name }) => name === result.name)) return [];
  const others = labs.filter(({ name }) => name !== result.name).map(({ target }) => loadLab(target, { cwd }));
  return concerning(result, betweenLabs([result, ...others]));
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
