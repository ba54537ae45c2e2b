import { z } from "zod";
import { text } from "../../model/schema/scalar";
import { defineRole } from "../role";
import { journalAge, journalSize, listenAddress, packageName } from "../settings";

export default defineRole({
  summary:
    "What a Proxmox VE node has beside its guests: packages, a tuning profile, logins by key only, security upgrades, time, journal, metrics.",
  group: "proxmox_nodes",
  targets: ["node"],
  when: "set",
  variables: z.object({
    node_packages: z.array(packageName()).optional().describe("Packages of the node, by Debian's name."),
    node_profile: z
      .enum(["virtualization", "none"])
      .optional()
      .describe("Kernel and disk settings for a host of many guests; none: taken away. Default: none."),
    node_sysctl: z
      .array(text("a setting such as vm.swappiness=1", /^[a-z][\w./-]*=[^\p{Cc}]+$/u))
      .optional()
      .describe("Kernel settings of your own, which win over the profile's: vm.swappiness=1."),
    node_ssh_hardening: z
      .boolean()
      .optional()
      .describe("Logins by key only, root only by key, few tries. Refused while nobody has a key. Default: true."),
    node_security_upgrades: z
      .boolean()
      .optional()
      .describe(
        "Unattended upgrades from Debian's security archive; Proxmox VE's own packages are left. false turns them off. Default: true.",
      ),
    node_time_servers: z
      .array(text("a name or an address", /^[A-Za-z0-9][A-Za-z0-9.:-]*$/))
      .optional()
      .describe("Time servers for chrony, beside those that it has."),
    node_journal_max_use: journalSize().optional().describe("Disk space that the journal may take. Default: 1G."),
    node_journal_retention: journalAge().optional().describe("Age at which entries leave the journal. Default: 31day."),
    node_exporter: z
      .boolean()
      .optional()
      .describe("Prometheus' node exporter, from Debian's packages. Default: false."),
    node_exporter_listen: listenAddress()
      .optional()
      .describe("Where the node exporter listens. Default: :9100, on every address of the node."),
  }),
});
