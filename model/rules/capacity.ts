import type { Guest, Lab, Node, NodeStorage } from "../lab";
import type { Problem } from "../problem";
import type { Rule } from "./rule";

/** Above this share of a node's memory its own services run short. */
const TIGHT = 0.9;

/**
 * `memory-overcommitted` and `memory-tight`: running guests fit into their node's memory, with a tenth to spare;
 * `memory-of-stopped`: with those that are stopped now, they would not. Cores are shared by design and never counted.
 */
export const memoryFits: Rule = function* ({ lab }) {
  const guests = byNode(lab);
  for (const node of lab.nodes) {
    const has = node.memoryMiB;
    if (has === undefined) continue;
    const mine = guests.get(node.name) ?? [];
    const running = sum(mine.filter((guest) => guest.started));
    const stopped = sum(mine.filter((guest) => !guest.started));
    if (running > has * TIGHT) yield tooMuch(node, mine, running, has);
    else if (running + stopped > has) yield withStopped(node, running, stopped, has);
  }
};

const sum = (guests: readonly Guest[]) => guests.reduce((total, guest) => total + guest.memoryMiB, 0);

function tooMuch(node: Node, guests: readonly Guest[], running: number, has: number): Problem {
  const isOver = running > has;
  const largest = guests.filter((guest) => guest.started).sort((a, b) => b.memoryMiB - a.memoryMiB)[0]!;
  return {
    rule: isOver ? "memory-overcommitted" : "memory-tight",
    severity: isOver ? "error" : "warning",
    at: node.source.of.memory ?? node.source.at,
    also: [
      { at: largest.source.of.memory ?? largest.source.at, note: `${largest.name} has most: ${largest.memoryMiB} MiB` },
    ],
    path: "proxmox_node.memory",
    subject: node.name,
    message: `running guests are promised ${running} MiB of the ${has} MiB of ${node.name} (${percent(running, has)})`,
    fix: isOver
      ? "give guests less memory, stop one (started: false), or move one to another node"
      : "leave a tenth for the node itself",
  };
}

const withStopped = (node: Node, running: number, stopped: number, has: number): Problem => ({
  rule: "memory-of-stopped",
  severity: "warning",
  at: node.source.of.memory ?? node.source.at,
  path: "proxmox_node.memory",
  subject: node.name,
  message: `the guests of ${node.name} do not fit all at once: ${running} MiB running and ${stopped} MiB stopped of ${has} MiB`,
  fix: "stop a running guest before you start a stopped one",
});

/** Storages that take whole disks when they are made; all others grow with what is written. */
const THICK: ReadonlySet<string> = new Set(["lvm", "iscsi", "iscsidirect", "zfs"]);
/** Storages that every node sees: one capacity, however many nodes list it. */
const SHARED: ReadonlySet<string> = new Set([
  "cephfs",
  "cifs",
  "esxi",
  "iscsi",
  "iscsidirect",
  "nfs",
  "pbs",
  "rbd",
  "zfs",
]);

/** `disk-overcommitted`: disks fit on their storage. Where disks only grow as they fill, it is a warning. */
export const disksFit: Rule = function* ({ lab }) {
  const pools = new Map<string, { node: Node; storage: NodeStorage; promised: number }>();
  const keyOf = (node: string, storage: NodeStorage) =>
    SHARED.has(storage.type) ? storage.name : `${node}/${storage.name}`;
  const known = new Map<string, { node: Node; storage: NodeStorage }>();
  for (const node of lab.nodes)
    for (const storage of node.storages) known.set(`${node.name}/${storage.name}`, { node, storage });
  for (const guest of lab.guests) {
    for (const { storage: name, sizeGiB } of disksOf(guest)) {
      const found = known.get(`${guest.node}/${name}`);
      if (found?.storage.sizeGiB === undefined) continue;
      const key = keyOf(guest.node, found.storage);
      const pool = pools.get(key) ?? { ...found, promised: 0 };
      pool.promised += sizeGiB;
      pools.set(key, pool);
    }
  }
  for (const { node, storage, promised } of pools.values()) {
    const size = storage.sizeGiB!;
    if (promised > size) yield tooFull(node, storage, promised, size);
  }
};

function disksOf(guest: Guest): { storage: string; sizeGiB: number }[] {
  const root = { storage: guest.storage, sizeGiB: guest.diskGiB };
  const volumes =
    guest.kind === "container" ? guest.mounts.flatMap((mount) => (mount.kind === "volume" ? [mount] : [])) : [];
  return [root, ...volumes];
}

function tooFull(node: Node, storage: NodeStorage, promised: number, size: number): Problem {
  const isThick = THICK.has(storage.type);
  return {
    rule: "disk-overcommitted",
    severity: isThick ? "error" : "warning",
    at: node.source.of[`storages.${storage.name}`] ?? node.source.at,
    path: `proxmox_node.storages.${storage.name}.size`,
    subject: node.name,
    message: `guests are promised ${promised} GiB of the ${size} GiB of the storage "${storage.name}" (${percent(promised, size)})`,
    fix: isThick
      ? "make disks smaller, or put some on another storage"
      : "watch how full it gets: disks here grow as they are written",
  };
}

const percent = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`;

function byNode(lab: Lab): ReadonlyMap<string, readonly Guest[]> {
  const result = new Map<string, Guest[]>();
  for (const guest of lab.guests) {
    const list = result.get(guest.node);
    if (list) list.push(guest);
    else result.set(guest.node, [guest]);
  }
  return result;
}
