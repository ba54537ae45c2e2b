import { placeOf } from "../lab";
import type { Position, Problem } from "../problem";
import { TIERS } from "../resolve/exceptions";
import { describesGuest } from "../resolve/facts";
import { childrenOf } from "../resolve/members";
import { NODES } from "../resolve/node";
import { TERRAFORM_NAME, terraformName } from "../schema/formats";
import { suggest } from "../schema/nearest";
import { treeAt } from "../tree";
import type { Rule, RuleInput } from "./rule";

/** `group-subset`: members of a subset are members of its superset; `unknown-group`: both exist. */
export const groupSubsets: Rule = function* ({ facts, wide }) {
  const tree = wide.trees.get("group_subsets");
  if (!tree) return;
  for (const [subset, superset] of Object.entries(wide.values.group_subsets ?? {})) {
    const place = treeAt(tree, [subset]);
    const unknown = [subset, superset].filter((name) => !facts.inventory.groups.has(name));
    for (const name of unknown) {
      yield unknownGroup(
        name,
        name === subset ? (place.keyAt ?? place.tree.at) : place.tree.at,
        facts.inventory.groups.keys(),
      );
    }
    if (unknown.length > 0) continue;
    for (const [host, at] of facts.members.get(subset) ?? []) {
      if (facts.members.get(superset)?.has(host)) continue;
      yield {
        rule: "group-subset",
        severity: "error",
        at,
        also: [{ at: place.tree.at, note: `says that ${subset} is a subset of ${superset}` }],
        subject: host,
        message: `${host} is in ${subset}, but not in ${superset}`,
        fix: `add ${host} to ${superset}, or take it out of ${subset}`,
      };
    }
  }
};

const unknownGroup = (name: string, at: Position, known: Iterable<string>): Problem => ({
  rule: "unknown-group",
  severity: "error",
  at,
  path: "group_subsets",
  message: `no group is called "${name}"`,
  fix: `${suggest(name, known)}; or delete the line`,
});

/** `member-without-guest`: who is in a tier or a functional group is a guest. */
export const membersAreGuests: Rule = function* ({ facts }) {
  const bare = new Set<string>();
  for (const host of facts.hosts.values()) {
    if (!describesGuest(host) && !host.trees.has("proxmox_node")) bare.add(host.name);
  }
  if (bare.size === 0) return;
  const groups = [...childrenOf(facts.inventory, TIERS), ...childrenOf(facts.inventory, "functional_groups")];
  for (const group of groups) {
    for (const [name, at] of facts.members.get(group) ?? []) {
      if (!bare.delete(name)) continue;
      yield {
        rule: "member-without-guest",
        severity: "error",
        at,
        subject: name,
        message: `${name} is in ${group}, but nothing says what it is: it has neither proxmox_lxc nor proxmox_vm`,
        fix: TERRAFORM_NAME.test(name)
          ? `add host_vars/${name}.yml with proxmox_lxc: { vmid: … }`
          : `rename it to ${terraformName(name)}: a guest's name has letters, digits, - and _, no digit first`,
      };
    }
  }
};

/** `switch-without-group`: a switch that is on for a host outside the group that it belongs to does nothing. */
export const switchesInGroups: Rule = function* ({ facts }) {
  const known = { enable_gpu: "gpu_access", install_docker: "docker_hosts" };
  const switches = new Map<string, string>(Object.entries(known));
  for (const role of facts.roles)
    if (role.switch !== undefined && role.group !== "all") switches.set(role.switch, role.group);
  for (const host of facts.hosts.values()) {
    for (const [name, group] of switches) {
      const tree = host.trees.get(name);
      if (tree?.kind !== "scalar" || tree.value !== true || facts.members.get(group)?.has(host.name)) continue;
      yield {
        rule: "switch-without-group",
        severity: "warning",
        at: tree.at,
        path: name,
        subject: host.name,
        message: `${name} is set for ${host.name}, which is not in ${group}: it does nothing there`,
        fix: `add ${host.name} to ${group}, or set ${name} in group_vars/${group}`,
      };
    }
  }
};

/** `docker-without-nesting`: Docker makes namespaces and mounts of its own, which LXC allows with nesting only. */
export const dockerNests: Rule = function* ({ lab }) {
  for (const guest of lab.guests) {
    if (guest.kind !== "container" || guest.features.nesting) continue;
    if (!guest.capabilities.some((capability) => capability.kind === "docker")) continue;
    yield {
      rule: "docker-without-nesting",
      severity: "warning",
      at: placeOf(guest.source, "features", "unprivileged"),
      path: "proxmox_lxc.features.nesting",
      subject: guest.name,
      message: `${guest.name} is to run Docker without nesting`,
      fix: "set features: { nesting: true }, in proxmox_lxc or as lxc_features of docker_hosts",
    };
  }
};

/** `lab-name`: a lab's name, which is its folder's, is also that of its stack and of its state. */
export const labName: Rule = function* ({ facts: { inventory } }) {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(inventory.name)) return;
  yield {
    rule: "lab-name",
    severity: "error",
    at: { file: inventory.sources[0] ?? inventory.folder, line: 1, column: 1 },
    message: `the lab's name is used for its stack and its state: expected letters, digits, - and _, got "${inventory.name}"`,
    fix: `rename the folder to ${inventory.name.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[-_]+/, "") || "lab"}`,
  };
};

/** `no-nodes`: a lab has a node at least. */
export const someNode: Rule = function* ({ facts }: RuleInput) {
  if ((facts.members.get(NODES)?.size ?? 0) > 0) return;
  const at = facts.inventory.groups.get(NODES)?.at ?? {
    file: facts.inventory.sources[0] ?? facts.inventory.folder,
    line: 1,
    column: 1,
  };
  yield {
    rule: "no-nodes",
    severity: "error",
    at,
    message: `the inventory names no Proxmox VE node: the group ${NODES} has no hosts`,
    fix: `add a group ${NODES} with your nodes, and host_vars/<node>.yml with proxmox_node:`,
  };
};
