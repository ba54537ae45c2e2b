import type { Guest, Lab } from "../../model/lab";
import { suggest } from "../../model/schema/nearest";
import { UsageError } from "../output";

/** What is to be rebuilt: one guest, or a node with all guests that the lab has on it. */
export interface Target {
  readonly host: string;
  readonly isNode: boolean;
  /** In the order in which they start: those with a place in the startup order first. */
  readonly guests: readonly Guest[];
}

/** @throws UsageError for a host that is neither */
export function targetOf(lab: Lab, host: string): Target {
  const guest = lab.guests.find(({ name }) => name === host);
  if (guest) return { host, isNode: false, guests: [guest] };
  const node = lab.nodes.find(({ name }) => name === host);
  if (!node) {
    const known = [...lab.guests, ...lab.nodes].map(({ name }) => name);
    throw new UsageError(
      `${host} is neither a guest nor a node, so there is nothing to rebuild; ${suggest(host, known)}`,
    );
  }
  if (!node.active)
    throw new UsageError(`the node ${host} is not active (${node.source.at.file}), so nothing is built on it`);
  const guests = lab.guests.filter((each) => each.node === host);
  return { host, isNode: true, guests: [...guests].sort(byStart) };
}

const byStart = (a: Guest, b: Guest): number => orderOf(a) - orderOf(b) || a.vmid - b.vmid;
const orderOf = ({ startup }: Guest): number => startup?.order ?? Number.MAX_SAFE_INTEGER;

export const addressOf = ({ kind, name }: Guest): string =>
  `proxmox_virtual_environment_${kind === "container" ? "container" : "vm"}.${name}`;
