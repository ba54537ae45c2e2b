import { variableOf } from "../lab";
import type { Problem } from "../problem";
import { describesGuest } from "../resolve/facts";
import type { Rule } from "./rule";

/** `no-network`: a guest without a network card is meant to have none only if it says so. */
export const someCard: Rule = function* ({ lab, facts }) {
  for (const guest of lab.guests) {
    const host = facts.hosts.get(guest.name);
    const variable = variableOf(guest);
    const tree = host?.trees.get(variable);
    if (guest.nics.length > 0 || tree?.kind !== "mapping" || tree.entries.has("networks")) continue;
    const network = host?.values.proxmox_default_network === undefined ? "network: lan, " : "";
    yield {
      rule: "no-network",
      severity: "warning",
      at: guest.source.at,
      path: `${variable}.networks`,
      subject: guest.name,
      message: `${guest.name} has no network card`,
      fix: `add networks: [{ ${network}ip: dhcp }] (or its address) to ${variable}, or networks: [] if it is to have none`,
    };
  }
};

/** `no-guests`: a lab of nodes alone is sound, but seldom what was meant. */
export const someGuest: Rule = function* ({ facts }): Iterable<Problem> {
  const hosts = [...facts.hosts.values()];
  if (hosts.some(describesGuest)) return;
  yield {
    rule: "no-guests",
    severity: "warning",
    at: { file: facts.inventory.sources[0] ?? facts.inventory.folder, line: 1, column: 1 },
    message: "the lab has no guest: no host has proxmox_lxc or proxmox_vm",
    fix: "add host_vars/<host>.yml with proxmox_lxc: for a host of a group",
  };
};
