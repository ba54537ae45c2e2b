import { Argument, Command, CommanderError, Option } from "commander";
import { credentials } from "./credentials";
import { explain } from "./explain";
import { graph } from "./graph";
import { type ListOptions, list } from "./list";
import { EXIT, type ExitCode, type Io, UsageError } from "./output";
import { schema } from "./schema";
import { show } from "./show";
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
      return EXIT.usage;
    }
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

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
    program
      .command(name)
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
    .action((target: string | undefined, options: { format: Format }) => done(validate(target, options, io)));
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
    "show tiers/pve1",
  )
    .argument("LAB/HOST", HOST)
    .action((target: string) => done(show(target, io)));
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
  return program;
}
