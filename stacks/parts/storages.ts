import type { TerraformResource } from "cdktf";
import { Storage, type StorageTarget, zfsDatasetStep } from "../../constructs/storage";
import type { Storage as LabStorage } from "../../model/lab";
import { literal, literals } from "../escape";
import type { LabContext } from "../lab-context";

/** Tells Proxmox VE of the lab's storages, after its nodes are configured; what uses one waits for it. */
export function makeStorages(context: LabContext): void {
  const active = new Set(context.lab.nodes.filter((node) => node.active).map(({ name }) => name));
  for (const storage of context.lab.storages ?? []) {
    const nodes = storage.nodes.filter((name) => active.has(name));
    if (nodes.length === 0) continue;
    const before = nodes.flatMap((node) => beforeIt(storage, node, context));
    const { resource } = new Storage(context.stack, `:storage-${storage.name}`, {
      name: literal(storage.name),
      content: storage.content,
      nodes: nodes.map(literal),
      enabled: storage.enabled,
      target: targetOf(storage, context),
      after: [...new Set(before)],
    });
    context.addStorage(storage.name, resource);
    // Guests have nothing to do with a storage of backups: they need not wait for its server.
    if (storage.content.some((content) => content !== "backup")) {
      for (const node of nodes) context.setReady(node, resource);
    }
  }
}

function beforeIt({ name, target }: LabStorage, node: string, context: LabContext): TerraformResource[] {
  const after = context.readyOf(node);
  const access = context.nodes.get(node);
  if (target.type !== "zfspool" || !target.dataset || !access) return after;
  const { resource } = zfsDatasetStep(context.nodeScope(node), `zfs-dataset-${name}`, {
    providers: context.providers,
    node: access,
    name: target.pool,
    properties: target.dataset,
    after,
  });
  return [resource];
}

function targetOf({ target }: LabStorage, { secret }: LabContext): StorageTarget {
  switch (target.type) {
    case "cifs":
      return { ...literals(target), password: secret(target.password) };
    case "pbs": {
      const { encryptionKey, ...rest } = target;
      const key = encryptionKey === undefined ? {} : { encryptionKey: secret(encryptionKey) };
      return { ...literals(rest), password: secret(target.password), ...key };
    }
    case "zfspool": {
      const { dataset: _, ...rest } = target;
      return literals(rest);
    }
    default:
      return literals(target);
  }
}
