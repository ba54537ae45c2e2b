import { readFileSync } from "node:fs";
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { HOW_TO_GIVE } from "../model/vault";
import { credentials } from "./credentials";
import { type DriftOptions, drift } from "./drift";
import { explain } from "./explain";
import { graph } from "./graph";
import { type KeysOptions, syncKeys } from "./keys";
import { gathered, type SecretSources, VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP } from "./lab-secrets";
import { type ListOptions, list } from "./list";
import { operationCommands } from "./operations";
import { EXIT, type ExitCode, type Io, UsageError } from "./output";
import { schema } from "./schema";
import { secrets } from "./secrets";
import { type ShowOptions, show } from "./show";
import { FORMATS, type Format, validate } from "./validate";

const LAB = "a folder's name under inventory/, or the path of any folder or hosts file";
const HOST = "a lab and one of its hosts: what is behind the last slash is the host";
const CODES = `
Exit codes: 0 all is well, 1 the inventory has errors, 2 the command was used wrongly.`;

const examples = (...lines: string[]) =>
  `\nExamples:\n${lines.map((line) => `  npm run -s lab -- ${line}`).join("\n")}\n${CODES}`;

/** Runs `lab` with these arguments. Nothing is thrown but mistakes of the program itself. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = build(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`lab: ${error.message}`);
      return misused(args);
    }
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : misused(args);
  }
}

/** To whoever runs `drift`, 2 means that something drifted. */
const misused = ([command]: readonly string[]): ExitCode => (command === "drift" ? EXIT.problems : EXIT.usage);

function build(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command("lab")
    .usage("COMMAND …")
    .description("Looks into the labs that are described under inventory/.")
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, "")),
      writeErr: (text) => io.err(text.replace(/\n$/, "")),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText("after", examples("validate", "explain tiers/jellyfin proxmox_lxc.memory", "credentials tiers"));
  const command = (name: string, summary: string, ...help: string[]) =>
    tellingOptions(program.command(name), name)
      .description(summary)
      .addHelpText("after", examples(...help));
  const lab = () => new Argument("LAB", LAB);

  command(
    "validate",
    "Tells everything that is wrong with a lab, or with all of them.",
    "validate",
    "validate tiers",
    "validate tiers --format github",
  )
    .argument("[LAB]", `${LAB}; all labs if left out`)
    .addOption(new Option("--format <format>", "how problems are written").choices(FORMATS).default("text"))
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .action((target: string | undefined, options: { format: Format } & SecretSources) =>
      done(validate(target, options, io)),
    );
  command(
    "explain",
    "Tells a host's final values, and which file and line they come from.",
    "explain tiers/jellyfin",
    "explain tiers/jellyfin proxmox_lxc.memory",
  )
    .argument("LAB/HOST", HOST)
    .argument("[KEY]", "a variable, or a key in it: proxmox_lxc.memory; all if left out")
    .action((target: string, key: string | undefined) => done(explain(target, key, io)));
  command(
    "credentials",
    "Tells which credential each option needs, and the smallest Proxmox VE roles.",
    "credentials tiers",
  )
    .addArgument(lab())
    .action((target: string) => done(credentials(target, io)));
  command("list", "Lists groups, hosts and variables.", "list tiers", "list tiers --json", "list tiers --json --raw")
    .addArgument(lab())
    .option("--json", "as JSON, in the shape of ansible-inventory --list")
    .option("--raw", "exactly what ansible-inventory --list prints: {{ … }} stays as it is written")
    .action((target: string, options: ListOptions) => done(list(target, options, io)));
  command(
    "show",
    "Shows everything that a guest or node is after all defaults, groups and references.",
    "show tiers/media",
    "show tiers/pve1 --json",
  )
    .argument("LAB/HOST", HOST)
    .option("--json", "as JSON")
    .action((target: string, options: ShowOptions) => done(show(target, options, io)));
  command(
    "graph",
    "Draws nodes, bridges, networks, guests and groups as a Mermaid flowchart.",
    "graph tiers > tiers.mmd",
  )
    .addArgument(lab())
    .action((target: string) => done(graph(target, io)));
  command("schema", "Exports the JSON Schemas that editors check an inventory with.", "schema", "schema --write")
    .option("--write", "write the files under schemas/inventory/")
    .action((options: { write?: boolean }) => done(schema(options, io)));
  operationCommands(command, LAB, done, io);
  secretCommands(program, command, done, io);
  return program;
}

/** An option that does not exist is answered with those that do. */
function tellingOptions(command: Command, name: string): Command {
  const tail = (flag: string) => {
    const own = command.options.flatMap(({ long }) => long ?? []);
    const isOfVault = /^--?(ask-)?vault|^-J$/.test(flag);
    if (isOfVault && !own.includes("--vault-password-file"))
      return `lab ${name} decrypts nothing, and needs no password`;
    const password = isOfVault ? `; the vault password: ${HOW_TO_GIVE}` : "";
    return `lab ${name} takes ${own.length > 0 ? own.join(", ") : "no options"}${password}`;
  };
  return command.configureOutput({
    outputError: (text, write) => {
      const [, flag] = /unknown option '([^'=]+)/.exec(text) ?? [];
      write(flag === undefined ? text : `${text.trimEnd()}\n${tail(flag)}\n`);
    },
  });
}

type Subcommand = (name: string, summary: string, ...help: string[]) => Command;

/** The commands that need values of secrets, or the network. */
function secretCommands(program: Command, command: Subcommand, done: (code: ExitCode) => void, io: Io): void {
  command("secrets", "Lists secrets: who uses each, where its value comes from; never the value.", "secrets tiers")
    .argument("LAB", LAB)
    .option("--encrypt", "read a value from standard input and print it as !vault text")
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .action((target: string, { encrypt, ...sources }: SecretSources & { encrypt?: boolean }) =>
      done(secrets(target, { ...sources, ...(encrypt ? { encrypt: () => readFileSync(0, "utf8") } : {}) }, io)),
    );
  const jobs = (text: string) => {
    if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError("expected a number from 1 to 999.");
    return Number(text);
  };
  command(
    "drift",
    "Tells what applying the lab would change inside guests and nodes; changes nothing.",
    "drift tiers",
    "drift tiers --host media --role docker",
  )
    .argument("LAB", LAB)
    .option("--host <host>", "this guest or node alone")
    .option("--role <role>", "this role alone")
    .option("--json", "as JSON")
    .option("--jobs <number>", "how many guests are looked at at a time", jobs, 10)
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .addHelpText("after", "Here: 0 nothing drifted, 2 something did, 1 something could not be checked, or wrong use.")
    .action(async (target: string, options: DriftOptions) => done(await drift(target, options, io)));
  const keys = program.command("keys").description("SSH keys of people.");
  tellingOptions(keys.command("sync"), "keys sync")
    .description("Pins the SSH keys of GitHub accounts (github_accounts) in the inventory's base_users.")
    .argument("LAB", LAB)
    .option("--write", "write the files; without it, what would change is shown")
    .addHelpText("after", examples("keys sync tiers", "keys sync tiers --write"))
    .action(async (target: string, options: KeysOptions) => done(await syncKeys(target, options, io)));
}
