import type { Definition, EffectiveVar, Group, Host, Inventory, VarLayer } from "./inventory";
import { Overlay } from "./overlay";

type Vars = ReadonlyMap<string, EffectiveVar>;

interface Cache {
  readonly hosts: Map<string, Vars>;
  /** By the groups' names, since hosts of the same groups share all but their own variables. */
  readonly groups: Map<string, Vars>;
  readonly sources: ReadonlySet<string>;
  readonly ancestors: Map<string, ReadonlySet<string>>;
}

const caches = new WeakMap<Inventory, Cache>();
const NONE: Vars = new Map();

/**
 * A host's variables as Ansible merges them, each with every definition that took part, weakest first.
 *
 * The order, from weak to strong (ansible/vars/manager.py, VARIABLE_PRECEDENCE): variables in hosts files of `all`, of the
 * other groups; `group_vars` of `all`, of the other groups; the host's own in hosts files; `host_vars`. Groups stand in
 * order of depth, then `ansible_group_priority`, then name. An unknown host has no variables.
 */
export function effectiveVars(inventory: Inventory, host: string): ReadonlyMap<string, EffectiveVar> {
  const cache = cacheOf(inventory);
  const known = cache.hosts.get(host);
  if (known) return known;
  const found = inventory.hosts.get(host);
  const vars = found ? mergeHost(inventory, found) : NONE;
  cache.hosts.set(host, vars);
  return vars;
}

/**
 * The variables that a host has from its groups: one and the same map for all hosts of the same groups, whose entries
 * `effectiveVars` of each has too, but for those that the host sets itself.
 */
export function sharedVars(inventory: Inventory, { groups, name }: Host): ReadonlyMap<string, EffectiveVar> {
  const cache = cacheOf(inventory);
  // Hosts of the same groups have them in the same order: that of the inventory.
  const key = groups.join("\0");
  let shared = cache.groups.get(key);
  if (!shared) {
    shared = mergeGroups(groupsOf(inventory, name), cache.sources);
    cache.groups.set(key, shared);
  }
  return shared;
}

/** Every group a host is in, through children too, in the order in which their variables are merged; `all` comes first. */
export function groupsOf(inventory: Inventory, host: string): readonly Group[] {
  const { ancestors } = cacheOf(inventory);
  const names = new Set<string>(["all"]);
  for (const group of inventory.hosts.get(host)?.groups ?? []) {
    for (const name of ancestorsOf(inventory, group, ancestors)) names.add(name);
  }
  const groups = [...names].map((name) => inventory.groups.get(name)).filter((group) => group !== undefined);
  return groups.sort(
    (a, b) => rankAll(a) - rankAll(b) || a.depth - b.depth || a.priority - b.priority || compare(a.name, b.name),
  );
}

function rankAll({ name }: Group): number {
  return name === "all" ? 0 : 1;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function cacheOf(inventory: Inventory): Cache {
  let cache = caches.get(inventory);
  if (!cache) {
    cache = { hosts: new Map(), groups: new Map(), sources: new Set(inventory.sources), ancestors: new Map() };
    caches.set(inventory, cache);
  }
  return cache;
}

/** A group and all groups above it. */
function ancestorsOf(inventory: Inventory, name: string, known: Map<string, ReadonlySet<string>>): ReadonlySet<string> {
  const before = known.get(name);
  if (before) return before;
  const names = new Set([name]);
  for (const each of names) for (const parent of inventory.groups.get(each)?.parents ?? []) names.add(parent);
  known.set(name, names);
  return names;
}

function mergeHost(inventory: Inventory, host: Host): Vars {
  const vars = new Overlay(sharedVars(inventory, host));
  for (const layer of host.layers) addLayer(vars, layer, { kind: "host", name: host.name });
  return vars;
}

function mergeGroups(groups: readonly Group[], sources: ReadonlySet<string>): Vars {
  const vars = new Map<string, EffectiveVar>();
  for (const fromHostsFile of [true, false]) {
    for (const { name, layers } of groups) {
      for (const layer of layers) {
        if (sources.has(layer.file) === fromHostsFile) addLayer(vars, layer, { kind: "group", name });
      }
    }
  }
  return vars;
}

function addLayer(
  vars: Map<string, EffectiveVar> | Overlay<EffectiveVar>,
  layer: VarLayer,
  owner: Definition["owner"],
): void {
  for (const [name, { keyAt, value }] of layer.vars.entries) {
    const winner: Definition = { name, tree: value, at: keyAt, owner };
    const before = vars.get(name);
    vars.set(name, { name, chain: before ? [...before.chain, winner] : [winner], winner });
  }
}
