import type { Role } from "../../provision/registry";
import type { Group, Host } from "../inventory";
import type { Problem } from "../problem";
import type { HostFacts } from "../resolve/facts";
import { NODES } from "../resolve/node";
import { VARIABLES } from "../schema/variables";
import { treeAt } from "../tree";
import type { Rule, RuleInput } from "./rule";

const GPUS = "gpu_access";

/**
 * `setting-without-group`: a role's variable of a host, or of a group of its own, that no group has read. What group `all` sets is for
 * whoever needs it; so is what a group sets of whose members one is in the role's group.
 */
export const settingsAreRead: Rule = function* ({ facts }) {
  const { groups, hosts } = facts.inventory;
  const readers = readersOf(facts.roles);
  const isIn = (host: string) => (group: string) => facts.members.get(group)?.has(host) ?? false;
  for (const host of hosts.values()) {
    yield* unread(host, readers, isIn(host.name), `${host.name} is`);
    const about = facts.hosts.get(host.name);
    if (about?.values.proxmox_lxc?.gpus?.length && !isIn(host.name)(GPUS)) yield idleCards(about);
  }
  for (const group of groups.values()) {
    const members = [...(facts.members.get(group.name)?.keys() ?? [])];
    // A group without members sets nothing for anybody yet; a role's own group is where its settings belong.
    if (group.name === "all" || group.name === "ungrouped" || members.length === 0) continue;
    yield* unread(
      group,
      readers,
      (wanted) => members.some((host) => isIn(host)(wanted)),
      `no member of ${group.name} is`,
    );
  }
};

/** By variable the groups whose members have it read; variables that any host may have, or the model itself reads, are left out. */
function readersOf(roles: readonly Role[]): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, Set<string>>();
  for (const { group, ofAnyHost = [], variables } of roles)
    for (const name of Object.keys(variables.shape)) {
      const known = result.get(name) ?? new Set();
      result.set(name, known.add(ofAnyHost.includes(name) ? "all" : group));
    }
  const ofGroups = [...result].filter(([name, groups]) => !groups.has("all") && !Object.hasOwn(VARIABLES, name));
  return new Map(ofGroups.map(([name, groups]) => [name, [...groups]]));
}

function* unread(
  { layers, name: owner }: Group | Host,
  readers: ReadonlyMap<string, readonly string[]>,
  isIn: (group: string) => boolean,
  who: string,
): Iterable<Problem> {
  for (const { vars } of layers) {
    for (const [name, { keyAt }] of vars.entries) {
      const groups = readers.get(name);
      if (!groups || groups.some(isIn)) continue;
      const wanted = groups.join(" or ");
      yield {
        rule: "setting-without-group",
        severity: "warning",
        at: keyAt,
        path: name,
        subject: owner,
        message: `${name} has no effect: it is read for members of ${wanted}, and ${who} not in there`,
        fix: `add ${who.startsWith("no ") ? "them" : owner} to ${wanted}, or delete ${name}`,
      };
    }
  }
}

/** The cards that a container names are for members of `gpu_access`; VMs get theirs without it. */
function idleCards({ name, trees }: HostFacts): Problem {
  const gpus = treeAt(trees.get("proxmox_lxc")!, ["gpus"]);
  return {
    rule: "setting-without-group",
    severity: "warning",
    at: gpus.keyAt ?? gpus.tree.at,
    path: "proxmox_lxc.gpus",
    subject: name,
    message: `gpus has no effect: only members of ${GPUS} get cards, and ${name} is not in there`,
    fix: `add ${name} to ${GPUS}, or delete gpus`,
  };
}

const KINDS = { container: "a container", vm: "a VM", node: "a node" } as const;

/** `group-without-effect`: a member of a role's group that is of a kind which none of its roles is for. */
export const groupsAct: Rule = function* ({ facts, lab, nodes }: RuleInput) {
  const kinds = new Map<string, keyof typeof KINDS>([...nodes.keys()].map((name) => [name, "node"]));
  for (const { kind, name } of lab.guests) kinds.set(name, kind);
  for (const [group, targets] of targetsByGroup(facts.roles)) {
    for (const [host, at] of facts.members.get(group) ?? []) {
      const kind = kinds.get(host);
      // That a VM is in gpu_access is told with what to do about it.
      if (!kind || targets.has(kind) || (group === GPUS && kind === "vm")) continue;
      yield {
        rule: "group-without-effect",
        severity: "warning",
        at,
        subject: host,
        message: `${host} is ${KINDS[kind]}, and nothing that ${group} brings is for one: it has no effect`,
        fix: `take ${host} out of ${group}; its roles are for ${[...targets].map((each) => KINDS[each].replace(/^an? /, "")).join("s and ")}s`,
      };
    }
  }
};

function targetsByGroup(roles: readonly Role[]): ReadonlyMap<string, ReadonlySet<keyof typeof KINDS>> {
  const result = new Map<string, Set<keyof typeof KINDS>>();
  for (const { group, targets } of roles) {
    if (group === "all" || group === NODES) continue;
    const known = result.get(group) ?? new Set();
    for (const target of targets ?? (["container", "vm"] as const)) known.add(target);
    result.set(group, known);
  }
  return result;
}
