import type { Command } from "commander";
import { type CapacityOptions, capacity } from "./capacity";
import { type DocsOptions, docs } from "./docs";
import { type GuardOptions, guard } from "./guard";
import { gathered, VAULT_PASSWORD_FILE, VAULT_PASSWORD_FILE_HELP } from "./lab-secrets";
import type { ExitCode, Io } from "./output";
import { type RebuildOptions, rebuild } from "./rebuild";
import { onTerminal } from "./terraform/terminal";

type Subcommand = (name: string, summary: string, ...help: string[]) => Command;

/** The commands around a lab's life: what it can hold, what a plan would do to it, how it comes back, what it is. */
export function operationCommands(command: Subcommand, lab: string, done: (code: ExitCode) => void, io: Io): void {
  command(
    "capacity",
    "Tells what nodes, storages and cards are promised, and what fits when a node is lost.",
    "capacity tiers",
    "capacity tiers --json",
  )
    .argument("LAB", lab)
    .option("--json", "as JSON")
    .action((target: string, options: CapacityOptions) => done(capacity(target, options, io)));
  command(
    "guard",
    "Tells what a Terraform plan would do to each guest, and refuses to destroy.",
    "guard tiers",
    "guard tiers --plan plan --allow media",
  )
    .argument("LAB", lab)
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
  rebuildCommand(command, done, io);
  command(
    "docs",
    "Describes a lab as Markdown: topology, addresses, guests, services, credentials.",
    "docs tiers",
    "docs --write",
    "docs --check",
  )
    .argument("[LAB]", `${lab}; with --write and --check all labs if left out`)
    .option("--write", "write docs/labs/LAB.md")
    .option("--check", "fail when a docs/labs/LAB.md that is there is not up to date")
    .action((target: string | undefined, options: DocsOptions) => done(docs(target, options, io)));
}

function rebuildCommand(command: Subcommand, done: (code: ExitCode) => void, io: Io): void {
  command(
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
