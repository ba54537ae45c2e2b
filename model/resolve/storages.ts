import { withoutUndefined } from "../collections";
import { type Node, placeOf, type Storage, type StorageTarget } from "../lab";
import type { Problem } from "../problem";
import { suggest } from "../schema/nearest";
import type { StorageVars } from "../schema/storage";
import { type Tree, treeAt } from "../tree";
import type { Facts } from "./facts";
import type { LabWide } from "./lab-wide";
import { NODES } from "./node";
import { Origins } from "./origins";
import type { Secrets } from "./steps";

const VARIABLE = "proxmox_storages";

interface Inputs {
  readonly nodes: readonly Node[];
  readonly wide: LabWide;
  readonly facts: Facts;
  readonly secrets: Secrets;
  readonly report: (problem: Problem) => void;
}

/** The storages that the lab makes, and the nodes with those among theirs. */
export function storagesOf(inputs: Inputs): { storages: Storage[]; nodes: Node[] } {
  const tree = inputs.wide.trees.get(VARIABLE);
  if (!tree) return { storages: [], nodes: [...inputs.nodes] };
  const given = Object.entries(inputs.wide.values[VARIABLE] ?? {});
  const storages = given.map(([name, vars]) => storageOf(name, vars, tree, inputs));
  return { storages, nodes: inputs.nodes.map((node) => withStorages(node, storages, inputs.report)) };
}

function storageOf(name: string, vars: StorageVars, tree: Tree, inputs: Inputs): Storage {
  const written = treeAt(tree, [name]).tree;
  const origins = new Origins(written.at, written);
  origins.noteAll();
  return {
    name,
    content: vars.content ?? ["backup"],
    nodes: nodesOf(name, vars, tree, inputs),
    ...withoutUndefined({ sizeGiB: vars.size }),
    enabled: vars.enabled ?? true,
    target: targetOf(vars, (key, { secret }) => {
      inputs.secrets.add(secret, treeAt(written, [key]).tree);
      return secret;
    }),
    source: origins.sources(),
  };
}

function nodesOf(storage: string, { nodes }: StorageVars, tree: Tree, { facts, nodes: all, report }: Inputs): string[] {
  if (!nodes) return all.map(({ name }) => name);
  const declared = facts.members.get(NODES);
  return [...new Set(nodes)].filter((name, index) => {
    if (declared?.has(name)) return true;
    report({
      rule: "unknown-node",
      severity: "error",
      at: treeAt(tree, [storage, "nodes", index]).tree.at,
      path: `${VARIABLE}.${storage}.nodes.${index}`,
      message: `no node is called "${name}"`,
      fix: suggest(name, declared?.keys() ?? []),
    });
    return false;
  });
}

type SecretKey = "password" | "encryption_key";

function targetOf(
  vars: StorageVars,
  secret: (key: SecretKey, value: { readonly secret: string }) => string,
): StorageTarget {
  switch (vars.type) {
    case "dir":
      return { type: "dir", path: vars.path, shared: vars.shared ?? false };
    case "nfs":
      return { type: "nfs", server: vars.server, export: vars.export, ...withoutUndefined({ options: vars.options }) };
    case "cifs": {
      const { domain, options, server, share, subdirectory, username } = vars;
      const password = secret("password", vars.password);
      return {
        type: "cifs",
        server,
        share,
        username,
        password,
        ...withoutUndefined({ domain, subdirectory, options }),
      };
    }
    case "zfspool":
      return {
        type: "zfspool",
        pool: vars.pool,
        thin: vars.thin ?? true,
        ...withoutUndefined({ blockSize: vars.block_size, dataset: vars.dataset?.properties }),
      };
    case "pbs": {
      const { datastore, encryption_key: key, fingerprint, namespace, server, username } = vars;
      const password = secret("password", vars.password);
      const encryptionKey = key && secret("encryption_key", key);
      return {
        type: "pbs",
        server,
        datastore,
        username,
        password,
        ...withoutUndefined({ namespace, fingerprint, encryptionKey }),
      };
    }
  }
}

/** A node has the storages of the lab beside its own, so that every rule about storages holds for them. */
function withStorages(node: Node, storages: readonly Storage[], report: (problem: Problem) => void): Node {
  const mine = storages.filter((storage) => storage.enabled && storage.nodes.includes(node.name));
  const own = new Set(node.storages.map(({ name }) => name));
  for (const storage of storages) {
    if (!own.has(storage.name)) continue;
    report({
      rule: "storage-twice",
      severity: "error",
      at: storage.source.at,
      also: [{ at: placeOf(node.source, `storages.${storage.name}`), note: `is there on ${node.name}` }],
      path: `${VARIABLE}.${storage.name}`,
      message: `the storage "${storage.name}" is to be made, and is also described as there already`,
      fix: "delete one of the two",
    });
  }
  if (mine.length === 0) return node;
  const of = { ...node.source.of };
  for (const { name, source } of mine) of[`storages.${name}`] ??= source.at;
  const added = mine
    .filter(({ name }) => !own.has(name))
    .map(({ content, name, sizeGiB, target }) => ({
      name,
      type: target.type,
      content,
      ...withoutUndefined({ sizeGiB }),
    }));
  return { ...node, storages: [...node.storages, ...added], source: { ...node.source, of } };
}
