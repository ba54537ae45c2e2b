import type { Position } from "../problem";
import { TIERS } from "../resolve/exceptions";
import type { Facts } from "../resolve/facts";
import { NODES } from "../resolve/node";
import { nearest } from "../schema/nearest";
import type { Rule } from "./rule";

/** Groups that the model itself gives a meaning; roles add those of their members. */
const OURS = [NODES, TIERS, "functional_groups", "docker_hosts", "gpu_access", "wireguard_hosts", "service_agents"];

/** A group whose name is nearly one that has a meaning and that the inventory does not have. */
interface Slip {
  readonly name: string;
  readonly meant: string;
  readonly at: Position;
}

export function groupSlips({ inventory, roles }: Facts): Slip[] {
  const known = new Set([...OURS, ...roles.map(({ group }) => group)]);
  const absent = [...known].filter((name) => name !== "all" && !inventory.groups.has(name));
  return [...inventory.groups.values()].flatMap(({ name, at }): Slip[] => {
    if (known.has(name) || name.length < 6) return [];
    const meant = nearest(name.replace(/[-.\s]/g, "_"), absent, 2);
    return at && meant !== undefined ? [{ name, meant, at }] : [];
  });
}

/** `group-near-miss`: a group called nearly like one that brings something brings nothing. */
export const groupNames: Rule = function* ({ facts }) {
  for (const { name, meant, at } of groupSlips(facts)) {
    yield {
      rule: "group-near-miss",
      severity: "warning",
      at,
      subject: name,
      message: `the group "${name}" has no meaning of its own, but "${meant}" has, and there is none`,
      fix: `did you mean "${meant}"?`,
    };
  }
};
