import { groupBy } from "../collections";
import { type Capability, type Gpu, type GpuClaim, type Guest, type Node, placeOf, variableOf } from "../lab";
import type { Position, Problem } from "../problem";
import type { Rule } from "./rule";

interface Use extends GpuClaim {
  readonly guest: Guest;
  /** Which of its guest's claims it is. */
  readonly index: number;
}

const placeOfUse = ({ guest: { source }, index }: Use): Position => placeOf(source, `gpus.${index}`, "gpus");

/**
 * `gpu-claimed-twice`: a card that one guest has for itself is used by no other. Between running guests that is an error; where
 * one of them is stopped, a warning, for it cannot be started beside the other.
 */
export const soleCards: Rule = function* ({ lab, nodes }) {
  if (!lab.guests.some(({ capabilities }) => capabilities.some(isSole))) return;
  for (const { gpu, node, uses } of cards(lab.guests, nodes)) {
    if (!uses.some(({ exclusive }) => exclusive)) continue;
    // Running guests first, and first among them those with the card for themselves: each use is told once.
    const [first, ...others] = [...uses].sort((a, b) => rank(a) - rank(b));
    let sole = first?.exclusive ? first : undefined;
    for (const use of others) {
      const rival = use.exclusive ? first : sole;
      if (rival) yield claimedTwice(gpu, node, rival, use);
      if (use.exclusive) sole ??= use;
    }
  }
};

/** `gpu-memory`: what the services of running guests ask for of a card's memory is there. */
export const gpuMemoryFits: Rule = function* ({ lab, nodes }) {
  if (!lab.nodes.some(({ gpus }) => gpus.some(({ memoryMiB }) => memoryMiB !== undefined))) return;
  for (const { gpu, node, uses } of cards(lab.guests, nodes)) {
    const running = uses.filter(({ guest }) => guest.started);
    const asked = running.reduce((sum, { memoryMiB = 0 }) => sum + memoryMiB, 0);
    if (gpu.memoryMiB === undefined || asked <= gpu.memoryMiB) continue;
    const most = running.reduce((a, b) => ((a.memoryMiB ?? 0) >= (b.memoryMiB ?? 0) ? a : b));
    yield {
      rule: "gpu-memory",
      severity: "error",
      at: placeOfUse(most),
      also: [{ at: placeOf(node.source, "gpus"), note: `says that ${gpu.name} has ${gpu.memoryMiB} MiB` }],
      path: `${variableOf(most.guest)}.gpus`,
      subject: most.guest.name,
      message: `running guests ask for ${asked} MiB of the ${gpu.memoryMiB} MiB of ${gpu.name} on ${node.name}`,
      fix: "ask for less, use another card, or stop a guest (started: false)",
    };
  }
};

const isSole = (capability: Capability): boolean =>
  capability.kind === "gpu" && capability.gpus.some(({ exclusive }) => exclusive);

const rank = ({ exclusive, guest }: Use) => (guest.started ? 0 : 2) + (exclusive ? 0 : 1);

function claimedTwice(gpu: Gpu, node: Node, first: Use, second: Use): Problem {
  const areRunning = first.guest.started && second.guest.started;
  const owner = first.exclusive ? first : second;
  const other = owner === first ? second : first;
  return {
    rule: "gpu-claimed-twice",
    severity: areRunning ? "error" : "warning",
    at: placeOfUse(second),
    also: [{ at: placeOfUse(first), note: `is the claim of ${first.guest.name}` }],
    path: `${variableOf(second.guest)}.gpus`,
    subject: second.guest.name,
    message:
      `${owner.guest.name} has the card ${gpu.name} of ${node.name} for itself, and ${other.guest.name} claims it, too` +
      (areRunning ? "; both are to run" : ""),
    fix: areRunning
      ? `stop one of them (started: false), or give one another card${wholeOf(first, second) ? "" : ", or let them share it (exclusive: false)"}`
      : "never start one while the other runs",
  };
}

/** A VM has a card as a whole. */
const wholeOf = (...uses: readonly Use[]) => uses.some(({ guest }) => guest.kind === "vm");

/** Every card with what uses it, in the order of the guests. */
function* cards(guests: readonly Guest[], nodes: ReadonlyMap<string, Node>) {
  const uses = groupBy(guests.flatMap(usesOf), ({ gpu, guest }) => `${guest.node}/${gpu}`);
  for (const node of nodes.values())
    for (const gpu of node.gpus) yield { gpu, node, uses: uses.get(`${node.name}/${gpu.name}`) ?? [] };
}

function usesOf(guest: Guest): Use[] {
  const claims = guest.capabilities.flatMap((each) => (each.kind === "gpu" ? each.gpus : []));
  return claims.map((claim, index) => ({ ...claim, guest, index }));
}
