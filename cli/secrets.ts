import { formatPosition } from "../model/problem";
import { encryptVault, HOW_TO_GIVE, type LabSecret, vaultProblems } from "../model/vault";
import { findSecrets, givenPasswords, type SecretSources } from "./lab-secrets";
import { EXIT, type ExitCode, type Io, table, UsageError } from "./output";
import { hasErrors, tellProblems } from "./problems";
import { load, resolved } from "./target";

export interface SecretsOptions extends SecretSources {
  /** Encrypts what this gives instead of listing. */
  readonly encrypt?: () => string;
}

/** Lists every secret of a lab, who uses it and where its value comes from; never the value. */
export function secrets(target: string, options: SecretsOptions, io: Io): ExitCode {
  const result = load(target, io);
  if (options.encrypt) {
    const { passwords, problems } = givenPasswords(options, io);
    tellProblems([...problems, ...vaultProblems(result, passwords, io.cwd)], io);
    if (hasErrors(problems)) return EXIT.problems;
    const [first] = passwords;
    if (!first) throw new UsageError(`there is no vault password to encrypt with; ${HOW_TO_GIVE}`);
    io.out(["!vault |", ...encryptVault(options.encrypt(), first).trimEnd().split("\n")].join("\n  "));
    return EXIT.ok;
  }
  const lab = resolved(result, io);
  if (!lab) return EXIT.problems;
  const found = findSecrets(result, lab, options, io);
  io.out(
    table(
      ["SECRET", "VALUE FROM", "USED BY"],
      found.secrets.flatMap((each) => rows(each, io)),
      io.colors,
    ),
  );
  const troubles = found.secrets.flatMap(({ from }) =>
    from.kind === "missing" && from.problem && from.problem.rule !== "vault-password" ? [from.problem] : [],
  );
  const problems = [...found.problems, ...troubles];
  tellProblems([...new Map(problems.map((each) => [JSON.stringify(each), each])).values()], io);
  return problems.length > 0 ? EXIT.problems : EXIT.ok;
}

function rows({ from, name, optional, usedBy }: LabSecret, { colors }: Io): string[][] {
  const [first, ...others] = usedBy.map(formatPosition);
  const source = {
    environment: () => (from.kind === "environment" ? `environment: ${from.variable}` : ""),
    vault: () => (from.kind === "vault" ? formatPosition(from.at) : ""),
    missing: () => {
      if (from.kind === "missing" && from.problem?.rule === "vault-password") return colors.yellow("encrypted");
      return optional ? "not given: the SSH agent" : colors.yellow("missing");
    },
  }[from.kind]();
  return [[name, source, first ?? ""], ...others.map((each) => ["", "", each])];
}
