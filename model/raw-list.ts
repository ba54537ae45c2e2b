import type { Group, Inventory } from "./inventory";
import { effectiveVars } from "./merge";
import type { ScalarTree, Tree } from "./tree";
import { pythonNumber } from "./yaml/scalar";

/** JSON as Ansible writes it: integers of any size, and floats that stay floats when printed. */
export type Raw =
  | null
  | boolean
  | string
  | number
  | bigint
  | RawFloat
  | readonly Raw[]
  | { readonly [key: string]: Raw };

/** A number that was written as a float: `1.0`, not `1`. */
class RawFloat {
  constructor(readonly value: number) {}

  toJSON(): number {
    return this.value;
  }
}

/** Variables that Ansible sets itself and leaves out of the list (INTERNAL_STATIC_VARS in ansible/constants.py). */
const INTERNAL: ReadonlySet<string> = new Set(
  (
    "ansible_async_path ansible_collection_name ansible_config_file ansible_dependent_role_names ansible_diff_mode " +
    "ansible_facts ansible_forks ansible_inventory_sources ansible_limit ansible_play_batch ansible_play_hosts " +
    "ansible_play_hosts_all ansible_play_role_names ansible_playbook_python ansible_role_name ansible_role_names " +
    "ansible_run_tags ansible_skip_tags ansible_verbosity ansible_version group_names groups hostvars inventory_dir " +
    "inventory_file inventory_hostname inventory_hostname_short play_hosts playbook_dir role_name role_names role_path " +
    "role_uuid"
  ).split(" "),
);

/** The data that `ansible-inventory --list` prints. Whole floats are plain numbers in it; see `rawListText`. */
export function rawList(inventory: Inventory): unknown {
  return plainNumbers(list(inventory));
}

/** Exactly the text that `ansible-inventory --list` prints, with the line break at its end. */
export function rawListText(inventory: Inventory): string {
  return `${print(list(inventory), "")}\n`;
}

function list(inventory: Inventory): { [key: string]: Raw } {
  const hostvars: [string, Raw][] = [];
  for (const host of inventory.hosts.keys()) {
    const vars = [...effectiveVars(inventory, host)].filter(([name]) => !INTERNAL.has(name));
    if (vars.length > 0) hostvars.push([host, object(vars.map(([name, { winner }]) => [name, raw(winner.tree)]))]);
  }
  const groups = new Map<string, Raw>();
  const all = inventory.groups.get("all");
  if (all) addGroup(all, inventory, groups, new Set());
  groups.set(
    "_meta",
    object([
      ["hostvars", object(hostvars)],
      ["profile", "inventory_legacy"],
    ]),
  );
  return object([...groups]);
}

/** Groups without hosts and children are left out, and `all` never names its hosts. */
function addGroup(group: Group, inventory: Inventory, into: Map<string, Raw>, seen: Set<string>): void {
  const parts: [string, Raw][] = [];
  if (group.children.length > 0) parts.push(["children", group.children]);
  if (group.name !== "all" && group.hosts.size > 0) parts.push(["hosts", [...group.hosts.keys()]]);
  for (const name of group.children) {
    const child = inventory.groups.get(name);
    if (!child || seen.has(name)) continue;
    seen.add(name);
    addGroup(child, inventory, into, seen);
  }
  if (parts.length > 0) into.set(group.name, object(parts));
}

function raw(tree: Tree): Raw {
  switch (tree.kind) {
    case "scalar":
      return rawScalar(tree);
    case "sequence":
      return tree.items.map(raw);
    case "mapping":
      return object([...tree.entries].map(([key, { value }]) => [key, raw(value)]));
  }
}

function rawScalar({ value, tag, float, secret }: ScalarTree): Raw {
  if (secret?.origin.kind === "file") return object([["secret", secret.name]]);
  if (tag) return object([[tag === "vault" ? "__ansible_vault" : "__ansible_unsafe", value]]);
  return float && typeof value === "number" ? new RawFloat(value) : value;
}

/** `__proto__` is a name like any other. */
function object(entries: readonly (readonly [string, Raw])[]): { [key: string]: Raw } {
  return Object.fromEntries(entries);
}

function plainNumbers(value: Raw): unknown {
  if (value instanceof RawFloat) return value.value;
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plainNumbers(part)]));
}

/** Python's `json.dumps(value, sort_keys=True, indent=4, ensure_ascii=False)`. */
function print(value: Raw, indent: string): string {
  if (value instanceof RawFloat) return pythonNumber(value.value, true);
  if (typeof value === "number" || typeof value === "bigint") return pythonNumber(value, false);
  if (typeof value === "string") return printString(value);
  if (value === null || typeof value === "boolean") return String(value);
  const deeper = `${indent}    `;
  const [open, close, parts] = Array.isArray(value)
    ? ["[", "]", value.map((part) => print(part, deeper))]
    : [
        "{",
        "}",
        Object.entries(value)
          .sort(byKey)
          .map(([key, part]) => `${printString(key)}: ${print(part, deeper)}`),
      ];
  return parts.length === 0
    ? open + close
    : `${open}\n${parts.map((part) => deeper + part).join(",\n")}\n${indent}${close}`;
}

function byKey([a]: [string, Raw], [b]: [string, Raw]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Python writes DEL and lone surrogates as they are, as JavaScript does all but the latter, which YAML cannot hold. */
function printString(text: string): string {
  return JSON.stringify(text);
}
