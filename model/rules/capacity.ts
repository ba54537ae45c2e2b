import { nodeCapacities, poolsOf, promised, TIGHT } from "../capacity";
import { type Guest, type Node, type NodeStorage, placeOf } from "../lab";
import type { Problem } from "../problem";
import type { Rule } from "./rule";

/**
 * `memory-overcommitted` and `memory-tight`: running guests fit into their node's memory, with a tenth to spare;
 * `memory-of-stopped`: with those that are stopped now, they would not. Cores are shared by design and never counted.
 */
export const memoryFits: Rule = function* ({ lab }) {
  for (const { guests, memoryMiB, node } of nodeCapacities(lab)) {
    const { has, running, stopped } = memoryMiB;
    if (has === undefined) continue;
    if (running > has * TIGHT) yield tooMuch(node, guests, running, has);
    else if (running + stopped > has) yield withStopped(node, running, stopped, has);
  }
};

function tooMuch(node: Node, guests: readonly Guest[], running: number, has: number): Problem {
  const isOver = running > has;
  const largest = guests.filter((guest) => guest.started).sort((a, b) => b.memoryMiB - a.memoryMiB)[0]!;
  return {
    rule: isOver ? "memory-overcommitted" : "memory-tight",
    severity: isOver ? "error" : "warning",
    at: placeOf(node.source, "memory"),
    also: [{ at: placeOf(largest.source, "memory"), note: `${largest.name} has most: ${largest.memoryMiB} MiB` }],
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
  at: placeOf(node.source, "memory"),
  path: "proxmox_node.memory",
  subject: node.name,
  message: `the guests of ${node.name} do not fit all at once: ${running} MiB running and ${stopped} MiB stopped of ${has} MiB`,
  fix: "stop a running guest before you start a stopped one",
});

/** Storages that take whole disks when they are made; all others grow with what is written. */
const THICK: ReadonlySet<string> = new Set(["lvm", "iscsi", "iscsidirect", "zfs"]);

/** `disk-overcommitted`: disks fit on their storage. Where disks only grow as they fill, it is a warning. */
export const disksFit: Rule = function* ({ lab }) {
  for (const pool of poolsOf(lab)) {
    const { has, nodes, storage } = pool;
    if (has !== undefined && promised(pool) > has) yield tooFull(nodes[0], storage, promised(pool), has);
  }
};

function tooFull(node: Node, storage: NodeStorage, promised: number, size: number): Problem {
  const isThick = THICK.has(storage.type);
  return {
    rule: "disk-overcommitted",
    severity: isThick ? "error" : "warning",
    at: placeOf(node.source, `storages.${storage.name}`),
    path: `proxmox_node.storages.${storage.name}.size`,
    subject: node.name,
    message: `guests are promised ${promised} GiB of the ${size} GiB of the storage "${storage.name}" (${percent(promised, size)})`,
    fix: isThick
      ? "make disks smaller, or put some on another storage"
      : "watch how full it gets: disks here grow as they are written",
  };
}

const percent = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`;
