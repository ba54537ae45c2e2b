import { Command, CommanderError } from "commander";
import { HOW_TO_GIVE } from "../model/vault";
import { inventoryCommands } from "./commands";
import { operationCommands } from "./operations";
import { EXIT, type ExitCode, type Io, UsageError } from "./output";
import type { Program } from "./subcommand";

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

function build(io: Io, done: Program["done"]): Command {
  const root = new Command("lab")
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
  const under =
    (parent: Command, prefix = ""): Program["add"] =>
    (name, summary, ...lines) =>
      tellingOptions(parent.command(name), prefix + name)
        .description(summary)
        .addHelpText("after", examples(...lines));
  const group: Program["group"] = (name, summary) => under(root.command(name).description(summary), `${name} `);
  const program: Program = { add: under(root), group, done, io };
  inventoryCommands(program);
  operationCommands(program);
  return root;
}

/** An option that does not exist is answered with those that do. */
function tellingOptions(command: Command, name: string): Command {
  const tail = (flag: string) => {
    const own = command.options.flatMap(({ long }) => long ?? []);
    const isOfVault = /^--?(ask-)?vault|^-J$/.test(flag);
    if (isOfVault && !own.includes("--vault-password-file"))
      return `lab ${name} decrypts nothing, and needs no password`;
    if (/^--?(hosts?|subset)$/.test(flag) && own.includes("--limit")) return "write --limit HOSTS";
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
