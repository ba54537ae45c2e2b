import { z } from "zod";
import { timeZone, userName } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole } from "../role";
import { journalAge, journalSize, listenAddress, packageName } from "../settings";
import { damageOf } from "./public-key";

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
    sudo: z
      .boolean()
      .optional()
      .describe(
        "May become root without a password; /etc/sudoers must include /etc/sudoers.d, as it does by default. Default: false.",
      ),
    groups: z
      .array(text("a group's name", /^[a-z_][a-z0-9_-]{0,30}$/))
      .optional()
      .describe(
        "Further groups that the user belongs to; they must exist. One that is taken off the list is left, unless the user was in it before.",
      ),
    shell: text("the absolute path of a shell such as /bin/bash", /^(\/\w[\w.-]*)+$/, (value) => `/bin/${value}`)
      .optional()
      .describe("Login shell, which must be there. Default: /bin/bash where it is installed, else /bin/sh."),
  })
  .superRefine(({ ssh_keys = [] }, context) => {
    for (const [index, key] of ssh_keys.entries()) {
      const damage = damageOf(key);
      const message = `nobody could log in with this public key: ${damage}`;
      const params = { fix: "copy the whole line again: cat ~/.ssh/id_ed25519.pub" };
      if (damage) context.addIssue({ code: "custom", path: ["ssh_keys", index], message, params });
    }
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
      .superRefine((users, context) => {
        const names = users.map(({ name }) => name);
        for (const [index, name] of names.entries()) {
          if (names.indexOf(name) === index) continue;
          const message = `${name} is in the list twice`;
          const params = { fix: "write one entry with all keys and groups" };
          context.addIssue({ code: "custom", path: [index, "name"], message, params });
        }
      })
      .optional()
      .describe(
        "Accounts for people. One that is taken off the list keeps its account, but loses the keys, sudo, and groups that it got here.",
      ),
    base_ssh_hardening: z
      .boolean()
      .optional()
      .describe(
        "For sshd, also one that is installed later: keys only, root only by key, no empty passwords, few tries. Default: true.",
      ),
    base_ssh_password_authentication: z
      .boolean()
      .optional()
      .describe("Leave logins by password allowed in spite of the hardening. Default: false."),
    base_security_upgrades: z
      .boolean()
      .optional()
      .describe(
        "Unattended upgrades, from the origins that the distribution gives them; false turns them off where the package is there. Default: true. Not on Alpine.",
      ),
    base_journal_max_use: journalSize()
      .optional()
      .describe("Disk space that the journal may take, such as 200M; at least 1M. Default: 200M. Only under systemd."),
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
