import { claimsOf, disksOf, isShared, type NodeCapacity, nodeCapacities, TIGHT } from "./capacity";
import type { GpuClaim, Guest, Lab, Node } from "./lab";

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
  /** Cards and USB devices in use by guests that run there or were given their place there. */
  readonly claims: GpuClaim[];
  readonly sticks: Set<string>;
}

function lossOf(lab: Lab, { guests, node }: NodeCapacity, others: readonly NodeCapacity[]): NodeLoss {
  const refuges = others.map(({ guests: there, memoryMiB: { has, running }, node: other }): Refuge => {
    const up = there.filter(({ started }) => started);
    const spare = has === undefined ? undefined : has * TIGHT - running;
    return { node: other, spare, claims: up.flatMap(claimsOf), sticks: new Set(up.flatMap(sticksOf)) };
  });
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
      best.refuge.claims.push(...cardsFor(guest, node, best.refuge).flatMap(({ found }) => found ?? []));
      for (const stick of sticksOf(guest)) best.refuge.sticks.add(stick);
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

function* whyNot(guest: Guest, from: Node, refuge: Refuge): Iterable<string> {
  const { node, spare, sticks } = refuge;
  if (spare === undefined) yield `${node.name}: its memory is not stated`;
  else if (spare < guest.memoryMiB)
    yield `${node.name} has ${Math.max(0, Math.floor(spare))} MiB to spare, ${guest.memoryMiB} MiB are needed`;
  const bridges = new Set(guest.nics.map(({ bridge }) => bridge));
  for (const bridge of bridges) if (!node.bridges.includes(bridge)) yield `${node.name} has no bridge ${bridge}`;
  const storages = new Set(disksOf(guest).map(({ storage }) => storage));
  for (const name of storages)
    if (!node.storages.some((storage) => storage.name === name)) yield `${node.name} has no storage ${name}`;
  for (const name of sticksOf(guest)) {
    if (!node.usb.some((stick) => stick.name === name)) yield `${node.name} has no USB device ${name}`;
    else if (sticks.has(name)) yield `the USB device ${name} of ${node.name} is in use`;
  }
  const cards = cardsFor(guest, from, refuge);
  for (const vendor of new Set(cards.map((card) => card.vendor))) {
    const wanted = cards.filter((card) => card.vendor === vendor);
    const there = wanted.filter(({ found }) => found);
    if (there.length < wanted.length)
      yield `${node.name} has ${there.length} of ${wanted.length} ${vendor} cards to spare`;
  }
}

const sticksOf = (guest: Guest): readonly string[] => (guest.kind === "vm" ? guest.usb.map(({ name }) => name) : []);

/** For each card that a guest has on its node one of that vendor and use elsewhere, which nobody has who would not share it. */
function cardsFor(guest: Guest, from: Node, { claims, node }: Refuge) {
  const taken = new Set<string>();
  return claimsOf(guest).flatMap(({ exclusive, gpu }) => {
    const card = from.gpus.find(({ name }) => name === gpu);
    if (!card) return [];
    const found = node.gpus.find(
      ({ name, use, vendor }) =>
        vendor === card.vendor &&
        use === card.use &&
        !taken.has(name) &&
        !claims.some((claim) => claim.gpu === name && (exclusive || claim.exclusive)),
    );
    if (found) taken.add(found.name);
    return [{ vendor: card.vendor, ...(found ? { found: { gpu: found.name, exclusive } } : {}) }];
  });
}
