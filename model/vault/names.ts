import type { Definition, Inventory } from "../inventory";
import { groupsOf } from "../merge";
import type { Position } from "../problem";
import { holdsVaultText } from "../traits";
import type { MappingEntry, ScalarTree, Tree } from "../tree";

type Owner = Definition["owner"];

/** The group that `{ secret: name }` and the lab's own credentials are looked up in. */
const LAB_WIDE = "all";

/**
 * The Terraform variable for a secret: the variable's path, with the group or host that sets it in front unless that is
 * `all`. `db.password` of group `docker_hosts` is `docker_hosts_db_password`, of group `all` it is `db_password`.
 */
export function secretName({ kind, name }: Owner, path: readonly string[]): string {
  const parts = kind === "group" && name === LAB_WIDE ? path : [name, ...path];
  const text = parts
    .join("_")
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, "_");
  return /^[a-z]/.test(text) ? text : `s_${text}`;
}

const named = new WeakMap<Tree, Map<string, Tree>>();

/** The value of a definition, in which all vault text knows which secret it is. */
export function withSecretNames({ name, owner, tree }: Definition): Tree {
  if (!holdsVaultText(tree)) return tree;
  const key = `${owner.kind} ${owner.name}`;
  const known = named.get(tree) ?? new Map<string, Tree>();
  named.set(tree, known);
  const found = known.get(key) ?? label(tree, owner, [name]);
  known.set(key, found);
  return found;
}

function label(tree: Tree, owner: Owner, path: readonly string[]): Tree {
  if (!holdsVaultText(tree)) return tree;
  if (tree.kind === "sequence") {
    return { ...tree, items: tree.items.map((item, index) => label(item, owner, [...path, String(index)])) };
  }
  if (tree.kind === "mapping") {
    const entries = [...tree.entries].map(([key, entry]): [string, MappingEntry] => [
      key,
      { ...entry, value: label(entry.value, owner, [...path, key]) },
    ]);
    return { ...tree, entries: new Map(entries) };
  }
  const of = `${path.join(".")} of ${owner.kind} ${owner.name}`;
  const origin = { kind: "text", text: String(tree.value), at: tree.at, owner: of } as const;
  return { ...tree, secret: { name: secretName(owner, path), origin } };
}

/** What stands in a tree for a value that is not known; not empty, or a default would take its place. */
const UNKNOWN = "(secret)";

/**
 * A name that no readable file sets, for a host that sees encrypted ones: it can only be in there. Undefined when the
 * host sees none.
 *
 * Which file has it is not known without the password, and the name must not depend on the password. So it is named by
 * the one group or host whose encrypted files the host sees, or by the host itself where it sees those of several.
 */
export function sealedSecret(
  inventory: Inventory,
  host: string,
  path: readonly string[],
  at: Position,
  instead: () => string | undefined = () => undefined,
): ScalarTree | undefined {
  const owners = sealedOwners(inventory, host);
  const [only] = owners;
  if (!only) return undefined;
  const owner = owners.length === 1 ? only : ({ kind: "host", name: host } as const);
  const of = `${path.join(".")} of ${owner.kind} ${owner.name}`;
  const fix = instead();
  return {
    kind: "scalar",
    at,
    value: UNKNOWN,
    tag: "vault",
    secret: {
      name: secretName(owner, path),
      origin: { kind: "file", host, owner: of, path },
      ...(fix === undefined ? {} : { instead: fix }),
    },
  };
}

/** A part of a value that is in an encrypted file; undefined for any other. */
export function sealedPart(inventory: Inventory, tree: Tree, key: string): ScalarTree | undefined {
  const origin = tree.kind === "scalar" ? tree.secret?.origin : undefined;
  if (origin?.kind !== "file") return undefined;
  return sealedSecret(inventory, origin.host, [...origin.path, key], tree.at, () =>
    tree.kind === "scalar" ? tree.secret?.instead : undefined,
  );
}

/** The groups and the host whose encrypted files a host sees, weakest first. */
function sealedOwners(inventory: Inventory, host: string): Owner[] {
  const groups = groupsOf(inventory, host).filter(({ sealed }) => sealed);
  const owners: Owner[] = groups.map(({ name }) => ({ kind: "group", name }));
  return inventory.hosts.get(host)?.sealed ? [...owners, { kind: "host", name: host }] : owners;
}

/** The encrypted files that a host sees, weakest first; without a host, those of the whole lab. */
export function sealedFiles(inventory: Inventory, host?: string): string[] {
  if (host === undefined) return [...(inventory.groups.get(LAB_WIDE)?.sealed ?? [])];
  const ofGroups = groupsOf(inventory, host).flatMap(({ sealed = [] }) => sealed);
  return [...ofGroups, ...(inventory.hosts.get(host)?.sealed ?? [])];
}
