import { findLabs } from "../../model";
import { nearest, suggest } from "../../model/schema/nearest";
import { type Io, UsageError } from "../output";
import { insteadOf } from "./foreign";

export type Command = "deploy" | "diff";

/** What stands behind `npm run diff --` and `npm run deploy --`. */
export interface Given {
  readonly command: Command;
  readonly target: string;
  /** Terraform's. */
  readonly rest: readonly string[];
  readonly vaultPasswordFile: readonly string[];
  readonly allow: readonly string[];
  /** The hosts that alone are looked at, as Ansible's `--limit` has it. @default all */
  readonly limit?: string;
  readonly approved: boolean;
  readonly verbose: boolean;
  /** Neither the host nor a node is asked whether it is there. */
  readonly offline: boolean;
}

/** A command with nothing behind its lab. */
export const ALONE = {
  ...{ rest: [], vaultPasswordFile: [], allow: [] },
  ...{ approved: false, verbose: false, offline: false },
} satisfies Partial<Given>;

const FLAG = /^--?(auto-approve|verbose|offline)$/;
const VALUED = /^--(vault-password-file|allow|limit)(?:=(.*))?$/s;
/** -l HOSTS, -l=HOSTS and -lHOSTS, but not Terraform's -lock. */
const SHORT = /^-l(?!ock)(=?)(.*)$/s;
const longOf = (_: string, __: string, hosts: string) => (hosts === "" ? "--limit" : `--limit=${hosts}`);
/** What an option has behind it. */
const EXPECTED: Readonly<Record<string, string>> = {
  allow: "the name of a guest",
  limit: "hosts and groups",
  "vault-password-file": "a file",
};
const OWN = ["verbose", "vault-password-file", "limit"];
const OWN_OF: Readonly<Record<Command, readonly string[]>> = {
  diff: [...OWN, "offline"],
  deploy: [...OWN, "auto-approve", "allow"],
};

/** Takes out what is ours; everything else is Terraform's. @throws UsageError */
export function parseArguments(command: Command, args: readonly string[], { cwd }: Io): Given {
  const rest: string[] = [];
  const values: Readonly<Record<string, string[]>> = { "vault-password-file": [], allow: [], limit: [] };
  const flags = new Set<string>();
  let target: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    const [, option = "", inline] = VALUED.exec(argument.replace(SHORT, longOf)) ?? [];
    const [, flag] = FLAG.exec(argument) ?? [];
    if (option !== "") values[option]?.push(needed(option, inline ?? args[++index]));
    else if (flag !== undefined) flags.add(flag);
    else if (target === undefined && !argument.startsWith("-")) target = argument;
    else rest.push(understood(command, argument));
  }
  const names = findLabs(cwd).map(({ name }) => name);
  if (target === undefined) throw new UsageError(`expected the name of a lab in front; ${suggest("", names)}`);
  const [approved, verbose, offline] = ["auto-approve", "verbose", "offline"].map((flag) => flags.has(flag));
  if (offline && command === "deploy")
    throw new UsageError("--offline is for npm run diff: a deployment needs the host");
  if (command === "diff" && (approved || values.allow?.length))
    throw new UsageError("--auto-approve and --allow are for npm run deploy: npm run diff changes nothing");
  const { "vault-password-file": vaultPasswordFile = [], allow = [], limit = [] } = values;
  return {
    ...{ command, target, rest, vaultPasswordFile, allow },
    ...(limit.length > 0 ? { limit: limit.join(",") } : {}),
    ...{ approved: approved === true, verbose: verbose === true, offline: offline === true },
  };
}

function needed(option: string, value: string | undefined): string {
  if (value !== undefined && value !== "" && !value.startsWith("-")) return value;
  throw new UsageError(`--${option} expects ${EXPECTED[option]} behind it`);
}

/**
 * What is a slip in an option of ours would be refused by Terraform, which knows none of them; none of Terraform's own is near one.
 * @throws UsageError
 */
function understood(command: Command, argument: string): string {
  const [, word] = /^(?:--?|[–—])([A-Za-z_-]+)(?:=|$)/.exec(argument) ?? [];
  if (word === undefined) return argument;
  const instead = insteadOf(word);
  if (instead !== undefined) throw new UsageError(`there is no option ${argument}: ${instead}`);
  const name = word.toLowerCase().replaceAll("_", "-");
  const own = OWN_OF[command];
  const meant = own.find((each) => name.length > 2 && each.startsWith(name)) ?? nearest(name, own, 2);
  if (meant !== undefined) throw new UsageError(`there is no option ${argument}; did you mean --${meant}?`);
  return argument;
}

/** Where `terraform plan -out` is to keep the plan, as its user says. */
export function ownPlanFile({ rest }: Given): string | undefined {
  const index = rest.findLastIndex((word) => /^--?out(=|$)/.test(word));
  if (index < 0) return undefined;
  return /=(.*)$/s.exec(rest[index] ?? "")?.[1] ?? rest[index + 1];
}

export const asksForHelp = (args: readonly string[]): boolean =>
  args.some((argument) => /^(--?help|-h)$/.test(argument));

/** How `npm run diff` or `npm run deploy` is used. */
export function usage(command: Command): string {
  const isDeploy = command === "deploy";
  const own = isDeploy
    ? [
        "  --auto-approve              asks nothing",
        "  --allow NAME                this guest may be destroyed; may be repeated",
      ]
    : [
        "  --offline                   asks neither the host nor the nodes, and needs no credentials: for a lab that is not built yet",
      ];
  return [
    `Usage: npm run ${command} -- LAB [options] [options of terraform plan]`,
    "",
    isDeploy
      ? "Shows what would change in a lab, asks, and does it."
      : "Shows what would change in a lab; changes nothing.",
    "",
    "  LAB                         a folder's name under inventory/, or a path",
    ...own,
    "  -l, --limit HOSTS           these hosts and groups, and what they need, alone: web,docker_hosts,!db",
    "  --verbose                   shows all that Terraform and the steps' scripts say",
    "  --vault-password-file FILE  a file with the vault password, or a script that prints it; may be repeated",
    "",
    `Exit codes: 0 done, 1 errors${isDeploy ? " or nobody said yes" : ""}, 2 used wrongly${isDeploy ? ", 3 refused by the guard" : ""}.`,
    "More: docs/diff-and-deploy.md",
  ].join("\n");
}
