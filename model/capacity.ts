import { groupBy, withoutUndefined } from "./collections";
import type { GpuClaim, Guest, Lab, Node, NodeStorage } from "./lab";

/** Above this share of a node's memory its own services run short. */
export const TIGHT = 0.9;

/** What guests are promised of something; what it has is absent where the inventory does not say. */
export interface Load {
  readonly has?: number;
  /** Promised to guests that are started. */
  readonly running: number;
  /** Promised to guests that are stopped. */
  readonly stopped: number;
}

/** A storage that guests have disks on: of one node, or one that several nodes see. */
export interface Pool extends Load {
  readonly storage: NodeStorage;
  /** The nodes that see it; the first is the one that describes it. */
  readonly nodes: readonly [Node, ...Node[]];
  readonly isShared: boolean;
}

export interface GpuLoad {
  readonly name: string;
  readonly model?: string;
  readonly memoryMiB?: number;
  readonly claims: readonly CardClaim[];
}

/** A guest's use of a card. */
export interface CardClaim extends GpuClaim {
  readonly guest: string;
  readonly started: boolean;
}

export interface NodeCapacity {
  readonly node: Node;
  readonly cores: Load;
  readonly memoryMiB: Load;
  readonly gpus: readonly GpuLoad[];
  /** In order of VMID. */
  readonly guests: readonly Guest[];
}

export interface Disk {
  readonly storage: string;
  readonly sizeGiB: number;
}

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

/** Whether all nodes that list a storage see the same data: by its type, or because the lab says so of a folder. */
export function isShared({ storages = [] }: Lab, { name, type }: NodeStorage): boolean {
  const made = storages.find((storage) => storage.name === name)?.target;
  return SHARED.has(type) || (made?.type === "dir" && made.shared);
}

/** Cores, memory and cards of every node, with what its guests are promised of them. */
export function nodeCapacities(lab: Lab): readonly NodeCapacity[] {
  const guests = guestsByNode(lab);
  return lab.nodes.map((node) => {
    const mine = guests.get(node.name) ?? [];
    return {
      node,
      cores: load(mine, node.cores, cpusOf),
      memoryMiB: load(mine, node.memoryMiB, ({ memoryMiB }) => memoryMiB),
      gpus: node.gpus.map(({ memoryMiB, model, name }) => ({
        name,
        ...withoutUndefined({ model, memoryMiB }),
        claims: mine.flatMap((guest) => claimsOf(guest).filter(({ gpu }) => gpu === name)),
      })),
      guests: mine,
    };
  });
}

/** Every storage of the nodes, in their order; one that several nodes see once. */
export function poolsOf(lab: Lab): readonly Pool[] {
  const pools = new Map<string, { storage: NodeStorage; nodes: [Node, ...Node[]]; running: number; stopped: number }>();
  const byPlace = new Map<string, { running: number; stopped: number }>();
  for (const node of lab.nodes) {
    for (const storage of node.storages) {
      const key = isShared(lab, storage) ? storage.name : `${node.name}/${storage.name}`;
      const pool = pools.get(key);
      if (pool) pool.nodes.push(node);
      const mine = pool ?? { storage, nodes: [node], running: 0, stopped: 0 };
      pools.set(key, mine);
      byPlace.set(`${node.name}/${storage.name}`, mine);
    }
  }
  for (const guest of lab.guests)
    for (const { sizeGiB, storage } of disksOf(guest)) {
      const pool = byPlace.get(`${guest.node}/${storage}`);
      if (pool) pool[guest.started ? "running" : "stopped"] += sizeGiB;
    }
  return [...pools.values()].map(({ storage, ...pool }) => ({
    ...pool,
    storage,
    ...(storage.sizeGiB === undefined ? {} : { has: storage.sizeGiB }),
    isShared: isShared(lab, storage),
  }));
}

/** The CPUs that a guest sees. */
export const cpusOf = (guest: Guest): number => guest.cores * (guest.kind === "vm" ? guest.cpu.sockets : 1);

/** The disks that a guest is promised, root disk first. */
export function disksOf(guest: Guest): readonly Disk[] {
  if (guest.kind === "vm") return guest.disks;
  const volumes = guest.mounts.flatMap((mount) => (mount.kind === "volume" ? [mount] : []));
  return [{ storage: guest.storage, sizeGiB: guest.diskGiB }, ...volumes];
}

/** The cards of its node that a guest uses. */
export const claimsOf = ({ capabilities, name, started }: Guest): readonly CardClaim[] =>
  capabilities.flatMap((each) =>
    each.kind === "gpu" ? each.gpus.map((claim) => ({ ...claim, guest: name, started })) : [],
  );

/** All that is promised. */
export const promised = ({ running, stopped }: Load): number => running + stopped;

function load(guests: readonly Guest[], has: number | undefined, of: (guest: Guest) => number): Load {
  let running = 0;
  let stopped = 0;
  for (const guest of guests) {
    if (guest.started) running += of(guest);
    else stopped += of(guest);
  }
  return { ...(has === undefined ? {} : { has }), running, stopped };
}

const guestsByNode = (lab: Lab): ReadonlyMap<string, readonly Guest[]> => groupBy(lab.guests, ({ node }) => node);
