const PASSWORD = "--vault-password-file FILE, LAB_VAULT_PASSWORD_FILE or LAB_VAULT_PASSWORD";
const INSIDE = "a step is chosen by -target=null_resource.HOST_ROLE, or made to run again by -replace=…";
const LIMIT = "write --limit HOSTS, such as --limit web,docker_hosts";
const USER = "proxmox_ssh_user in the inventory says who logs in; another than root needs sudo without a password";
const DIFF = "npm run diff -- LAB shows what would change, lab drift LAB what did inside guests";

/** What is taken for an option because Ansible or another command of ours has it, and what there is in its place. */
const FOREIGN: readonly (readonly [names: string, instead: string])[] = [
  ["ask-vault-pass ask-vault-password J", `nobody is asked for the vault password: give it by ${PASSWORD}`],
  ["vault-id vault-pass-file", "write --vault-password-file [ID@]FILE"],
  ["subset host hosts", LIMIT],
  ["list-hosts list-tasks list-tags", "lab list LAB lists hosts, npm run diff -- LAB what would be done"],
  ["syntax-check", "lab validate LAB says all that is wrong"],
  ["step", "npm run deploy shows the whole plan and asks once"],
  ["tags t skip-tags role roles start-at-task", INSIDE],
  ["check C dry-run diff D", DIFF],
  ["inventory inventory-file i", "the lab stands in front, by its name or path"],
  ["extra-vars e", "variables belong in the inventory; a secret's value may come from TF_VAR_<name>"],
  ["forks f jobs", "write -parallelism=N"],
  ["become b become-user become-method user u remote-user", USER],
  ["ask-become-pass K ask-pass k", USER],
  ["private-key key-file", "give the key's text in TF_VAR_proxmox_ssh_private_key, or ssh-add it"],
  ["v vv vvv vvvv", "write --verbose"],
  ["yes y", "write --auto-approve, which npm run deploy takes"],
  ["plan", "lab guard LAB --plan FILE judges a plan that is there"],
  ["from-backup", "lab rebuild LAB/HOST --from-backup latest"],
];
const INSTEAD = new Map(
  FOREIGN.flatMap(([names, instead]) => names.split(" ").map((name) => [name, instead] as const)),
);

/** What there is in place of an option that is neither ours nor Terraform's, by its name without hyphens; `l` is not `L`. */
export const insteadOf = (name: string): string | undefined => INSTEAD.get(name.replaceAll("_", "-"));
