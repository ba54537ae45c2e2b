import { claimsOf, disksOf, isShared, type NodeCapacity, nodeCapacities, TIGHT } from "./capacity";
import type { Guest, Lab, Node } from "./lab";

/** What becomes of the running guests of a node that is lost. */
export interface NodeLoss {
  readonly node: string;
  /** Guests that fit elsewhere, with where. */
  readonly moved: readonly { readonly guest: string; readonly to: string; readonly memoryMiB: number }[];
  /** Guests that fit nowhere, and why not, for each other node. */
  readonly stranded: readonly { readonly guest: string; readonly reasons: readonly string[] }[];
}

/**
 * For each active node: which of its running guests the other active nodes can take, by memory (up to the 90 % line), bridges,
 * shared storages and cards. The largest guest finds its place first, on the node with the most memory to spare; so what is
 * said to fit fits all at once.
 */
export function nodeLosses(lab: Lab): readonly NodeLoss[] {
  const capacities = nodeCapacities(lab).filter(({ node }) => node.active);
  return capacities.map((lost) =>
    lossOf(
      lab,
      lost,
      capacities.filter((each) => each !== lost),
    ),
  );
}

interface Refuge {
  readonly node: Node;
  /** MiB under the 90 % line; absent where the inventory does not say how much the node has. */
  spare: number | undefined;
}

function lossOf(lab: Lab, { guests, node }: NodeCapacity, others: readonly NodeCapacity[]): NodeLoss {
  const refuges = others.map(
    ({ memoryMiB: { has, running }, node: other }): Refuge => ({
      node: other,
      spare: has === undefined ? undefined : has * TIGHT - running,
    }),
  );
  const moved: NodeLoss["moved"][number][] = [];
  const stranded: NodeLoss["stranded"][number][] = [];
  const running = guests.filter(({ started }) => started);
  for (const guest of [...running].sort((a, b) => b.memoryMiB - a.memoryMiB || a.vmid - b.vmid)) {
    const { name, memoryMiB } = guest;
    const bound = boundTo(lab, guest, node);
    const answers = refuges.map((refuge) => ({ refuge, reasons: [...whyNot(guest, node, refuge)] }));
    const [best] = answers
      .filter(({ reasons }) => bound.length === 0 && reasons.length === 0)
      .sort((a, b) => (b.refuge.spare ?? 0) - (a.refuge.spare ?? 0));
    if (best) {
      best.refuge.spare = (best.refuge.spare ?? 0) - memoryMiB;
      moved.push({ guest: name, to: best.refuge.node.name, memoryMiB });
    } else {
      const elsewhere =
        refuges.length === 0 ? ["there is no other active node"] : answers.flatMap(({ reasons }) => reasons);
      stranded.push({ guest: name, reasons: bound.length > 0 ? bound : elsewhere });
    }
  }
  return { node: node.name, moved, stranded };
}

/** What a guest has on its node alone: gone with it, whatever the others offer. */
function boundTo(lab: Lab, guest: Guest, node: Node): string[] {
  const reasons = disksOf(guest).flatMap(({ storage: name }) => {
    const storage = node.storages.find((each) => each.name === name);
    return storage && isShared(lab, storage) ? [] : [`its disk on ${name} is on ${node.name} alone`];
  });
  const binds =
    guest.kind === "container" ? guest.mounts.flatMap((mount) => (mount.kind === "bind" ? [mount.source] : [])) : [];
  return [...new Set([...reasons, ...binds.map((source) => `${source} is a folder of ${node.name}`)])];
}

function* whyNot(guest: Guest, from: Node, { node, spare }: Refuge): Iterable<string> {
  if (spare === undefined) yield `${node.name}: its memory is not stated`;
  else if (spare < guest.memoryMiB)
    yield `${node.name} has ${Math.max(0, Math.floor(spare))} MiB to spare, ${guest.memoryMiB} MiB are needed`;
  const bridges = new Set(guest.nics.map(({ bridge }) => bridge));
  for (const bridge of bridges) if (!node.bridges.includes(bridge)) yield `${node.name} has no bridge ${bridge}`;
  const storages = new Set(disksOf(guest).map(({ storage }) => storage));
  for (const name of storages)
    if (!node.storages.some((storage) => storage.name === name)) yield `${node.name} has no storage ${name}`;
  const sticks = guest.kind === "vm" ? guest.usb.map(({ name }) => name) : [];
  for (const name of sticks)
    if (!node.usb.some((stick) => stick.name === name)) yield `${node.name} has no USB device ${name}`;
  const cards = claimsOf(guest).flatMap(({ gpu }) => from.gpus.filter(({ name }) => name === gpu));
  for (const vendor of new Set(cards.map((card) => card.vendor))) {
    const wanted = cards.filter((card) => card.vendor === vendor).length;
    const there = node.gpus.filter((card) => card.vendor === vendor).length;
    if (there < wanted) yield `${node.name} has ${there} of ${wanted} ${vendor} cards`;
  }
}
