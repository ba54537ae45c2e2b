import { z } from "zod";
import { timeZone, userName } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole } from "../role";
import { journalAge, journalSize, listenAddress, packageName } from "../settings";

const user = z
  .strictObject({
    name: userName().describe("Login name."),
    ssh_keys: z
      .array(
        text(
          'a public key such as "ssh-ed25519 AAAA… ann@desk"',
          /^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\r\n]*)?$/,
          (value) => (value.trim() === value ? undefined : value.trim()),
        ),
      )
      .optional()
      .describe("Public keys that may log in as this user, one `ssh-ed25519 AAAA… comment` each."),
    sudo: z.boolean().optional().describe("May become root without a password. Default: false."),
    groups: z
      .array(text("a group's name", /^[a-z_][a-z0-9_-]{0,30}$/))
      .optional()
      .describe("Further groups that the user belongs to; they must exist."),
    shell: text("the absolute path of a shell such as /bin/bash", /^(\/\w[\w.-]*)+$/, (value) => `/bin/${value}`)
      .optional()
      .describe("Login shell. Default: /bin/bash where it is installed, else /bin/sh."),
  })
  .meta({ id: "base_user", description: "An account in the guest." });

export default defineRole({
  summary:
    "What every guest has: locale, time zone, packages, accounts and their keys, a strict sshd, security upgrades, metrics.",
  group: "all",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu", "alpine"],
  after: ["cloud-init"],
  variables: z.object({
    base_timezone: timeZone().optional().describe("Time zone, such as Europe/Berlin. Default: as the template has it."),
    base_locale: text("a locale such as en_US.UTF-8", /^[A-Za-z_]+(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/)
      .optional()
      .describe("Locale of the system, such as en_US.UTF-8. Default: as the template has it. Not on Alpine."),
    base_packages: z
      .array(packageName())
      .optional()
      .describe("Packages that every guest has, by the distribution's name."),
    base_users: z
      .array(user)
      .optional()
      .describe("Accounts for people. One that is taken off the list keeps its account, but loses its keys and sudo."),
    base_ssh_hardening: z
      .boolean()
      .optional()
      .describe("Where sshd is installed: keys only, root only by key, no empty passwords, few tries. Default: true."),
    base_ssh_password_authentication: z
      .boolean()
      .optional()
      .describe("Leave logins by password allowed in spite of the hardening. Default: false."),
    base_security_upgrades: z
      .boolean()
      .optional()
      .describe(
        "Unattended upgrades, from the origins that the distribution gives them. Default: true. Not on Alpine.",
      ),
    base_journal_max_use: journalSize()
      .optional()
      .describe("Disk space that the journal may take, such as 200M. Default: 200M. Only under systemd."),
    base_journal_retention: journalAge()
      .optional()
      .describe("Age at which entries leave the journal, such as 31day. Default: 31day. Only under systemd."),
    base_node_exporter: z
      .boolean()
      .optional()
      .describe("Prometheus' node exporter, from the distribution's packages. Default: false."),
    base_node_exporter_listen: listenAddress()
      .optional()
      .describe("Where the node exporter listens. Default: :9100, on every address of the guest."),
  }),
});
