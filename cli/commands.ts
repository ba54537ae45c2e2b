import { Option } from "commander";
import { credentials } from "./credentials";
import { explain } from "./explain";
import { graph } from "./graph";
import { gathered, type SecretSources, VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP } from "./lab-secrets";
import { type ListOptions, list } from "./list";
import { schema } from "./schema";
import { type ShowOptions, show } from "./show";
import { HOST, LAB, type Program } from "./subcommand";
import { FORMATS, type Format, validate } from "./validate";

/** The commands that tell what an inventory says. */
export function inventoryCommands(program: Program): void {
  validateCommand(program);
  explainCommand(program);
  credentialsCommand(program);
  listCommand(program);
  showCommand(program);
  graphCommand(program);
  schemaCommand(program);
}

function validateCommand({ add, done, io }: Program): void {
  const summary = "Tells everything that is wrong with a lab, or with all of them.";
  add("validate", summary, "validate", "validate tiers", "validate tiers --format github")
    .argument("[LAB]", `${LAB}; all labs if left out`)
    .addOption(new Option("--format <format>", "how problems are written").choices(FORMATS).default("text"))
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .action((target: string | undefined, options: { format: Format } & SecretSources) =>
      done(validate(target, options, io)),
    );
}

function explainCommand({ add, done, io }: Program): void {
  const summary = "Tells a host's final values, and which file and line they come from.";
  add("explain", summary, "explain tiers/jellyfin", "explain tiers/jellyfin proxmox_lxc.memory")
    .argument("LAB/HOST", HOST)
    .argument("[KEY]", "a variable, or a key in it: proxmox_lxc.memory; all if left out")
    .action((target: string, key: string | undefined) => done(explain(target, key, io)));
}

function credentialsCommand({ add, done, io }: Program): void {
  const summary = "Tells which credential each option needs, and the smallest Proxmox VE roles.";
  add("credentials", summary, "credentials tiers")
    .argument("LAB", LAB)
    .action((target: string) => done(credentials(target, io)));
}

function listCommand({ add, done, io }: Program): void {
  add("list", "Lists groups, hosts and variables.", "list tiers", "list tiers --json", "list tiers --json --raw")
    .argument("LAB", LAB)
    .option("--json", "as JSON, in the shape of ansible-inventory --list")
    .option("--raw", "exactly what ansible-inventory --list prints: {{ … }} stays as it is written")
    .action((target: string, options: ListOptions) => done(list(target, options, io)));
}

function showCommand({ add, done, io }: Program): void {
  const summary = "Shows everything that a guest or node is after all defaults, groups and references.";
  add("show", summary, "show tiers/media", "show tiers/pve1 --json")
    .argument("LAB/HOST", HOST)
    .option("--json", "as JSON")
    .action((target: string, options: ShowOptions) => done(show(target, options, io)));
}

function graphCommand({ add, done, io }: Program): void {
  const summary = "Draws nodes, bridges, networks, guests and groups as a Mermaid flowchart.";
  add("graph", summary, "graph tiers > tiers.mmd")
    .argument("LAB", LAB)
    .action((target: string) => done(graph(target, io)));
}

function schemaCommand({ add, done, io }: Program): void {
  add("schema", "Exports the JSON Schemas that editors check an inventory with.", "schema", "schema --write")
    .option("--write", "write the files under schemas/inventory/")
    .action((options: { write?: boolean }) => done(schema(options, io)));
}
