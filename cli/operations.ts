import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { type CapacityOptions, capacity } from "./capacity";
import { type DocsOptions, docs } from "./docs";
import { type DriftOptions, drift } from "./drift";
import { type GuardOptions, guard } from "./guard";
import { type KeysOptions, syncKeys } from "./keys";
import { gathered, type SecretSources, VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP } from "./lab-secrets";
import { LIMIT_HELP } from "./limit";
import { type RebuildOptions, rebuild } from "./rebuild";
import { secrets } from "./secrets";
import { LAB, type Program } from "./subcommand";
import { onTerminal } from "./terraform/terminal";

/** The commands around a lab's life: what it can hold, what a plan would do to it, how it comes back, what it is, its secrets. */
export function operationCommands(program: Program): void {
  capacityCommand(program);
  guardCommand(program);
  rebuildCommand(program);
  docsCommand(program);
  secretsCommand(program);
  driftCommand(program);
  keysCommands(program);
}

function capacityCommand({ add, done, io }: Program): void {
  const summary = "Tells what nodes, storages and cards are promised, and what fits when a node is lost.";
  add("capacity", summary, "capacity tiers", "capacity tiers --json")
    .argument("LAB", LAB)
    .option("--json", "as JSON")
    .action((target: string, options: CapacityOptions) => done(capacity(target, options, io)));
}

function guardCommand({ add, done, io }: Program): void {
  const summary = "Tells what a Terraform plan would do to each guest, and refuses to destroy.";
  add("guard", summary, "guard tiers", "guard tiers --plan plan --allow media")
    .argument("LAB", LAB)
    .option("--plan <file>", "a plan of terraform plan -out, or its JSON; a plan is made if left out")
    .option("--allow <name>", "what may be destroyed: a guest, or a Terraform address; may be repeated", gathered)
    .option("--offline", "do not ask the host whether VMIDs are free")
    .option("--json", "as JSON")
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .addHelpText(
      "after",
      "Here also: 3 something would be destroyed that is not allowed by name, or a change would fail.",
    )
    .action(async (target: string, options: GuardOptions) => done(await guard(target, options, io)));
}

function rebuildCommand({ add, done, io }: Program): void {
  add(
    "rebuild",
    "Brings a guest, or a node with all its guests, back: from nothing or from backups.",
    "rebuild tiers/media",
    "rebuild tiers/media --from-backup latest",
    "rebuild tiers/pve1 --from-backup latest --yes",
  )
    .argument("LAB/HOST", "a lab and one of its guests or nodes: what is behind the last slash is the host")
    .option("--from-backup <latest|VOLID>", "restore a backup of the guest instead of creating it anew")
    .option("--yes", "ask nothing")
    .option("--verbose", "show all that the steps' scripts say")
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .addHelpText("after", "Here also: 3 more would be destroyed than what is rebuilt.")
    .action(async (target: string, options: RebuildOptions) =>
      done(await rebuild(target, { ...onTerminal(), ...options }, io)),
    );
}

function docsCommand({ add, done, io }: Program): void {
  const summary = "Describes a lab as Markdown: topology, addresses, guests, services, credentials.";
  add("docs", summary, "docs tiers", "docs --write", "docs --check")
    .argument("[LAB]", `${LAB}; with --write and --check all labs if left out`)
    .option("--write", "write docs/labs/LAB.md")
    .option("--check", "fail when a docs/labs/LAB.md that is there is not up to date")
    .action((target: string | undefined, options: DocsOptions) => done(docs(target, options, io)));
}

function secretsCommand({ add, done, io }: Program): void {
  add("secrets", "Lists secrets: who uses each, where its value comes from; never the value.", "secrets tiers")
    .argument("LAB", LAB)
    .option("--encrypt", "read a value from standard input and print it as !vault text")
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .action((target: string, { encrypt, ...sources }: SecretSources & { encrypt?: boolean }) =>
      done(secrets(target, { ...sources, ...(encrypt ? { encrypt: () => readFileSync(0, "utf8") } : {}) }, io)),
    );
}

function driftCommand({ add, done, io }: Program): void {
  const summary = "Tells what applying the lab would change inside guests and nodes; changes nothing.";
  add("drift", summary, "drift tiers", "drift tiers --limit media --role docker")
    .argument("LAB", LAB)
    .option("-l, --limit <hosts>", LIMIT_HELP, (hosts: string, before?: string) =>
      before ? `${before},${hosts}` : hosts,
    )
    .option("--role <role>", "this role alone")
    .option("--json", "as JSON")
    .option("--jobs <number>", "how many guests are looked at at a time", jobs, 10)
    .option(VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP, gathered)
    .addHelpText("after", "Here: 0 nothing drifted, 2 something did, 1 something could not be checked, or wrong use.")
    .action(async (target: string, options: DriftOptions) => done(await drift(target, options, io)));
}

function jobs(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError("expected a number from 1 to 999.");
  return Number(text);
}

function keysCommands({ done, group, io }: Program): void {
  const add = group("keys", "SSH keys of people.");
  const summary = "Pins the SSH keys of GitHub accounts (github_accounts) in the inventory's base_users.";
  add("sync", summary, "keys sync tiers", "keys sync tiers --write")
    .argument("LAB", LAB)
    .option("--write", "write the files; without it, what would change is shown")
    .action(async (target: string, options: KeysOptions) => done(await syncKeys(target, options, io)));
}
