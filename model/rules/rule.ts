import { type Lab, type Network, type Node, placeOf } from "../lab";
import type { Position, Problem } from "../problem";
import type { Facts } from "../resolve/facts";
import type { LabWide } from "../resolve/lab-wide";

/** What a rule may look at. The lab holds only what could be resolved. */
export interface RuleInput {
  readonly lab: Lab;
  readonly facts: Facts;
  readonly wide: LabWide;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly networks: ReadonlyMap<string, Network>;
}

/** A check that spans hosts. Each of its problems has a stable id; no rule may take quadratic time. */
export type Rule = (input: RuleInput) => Iterable<Problem>;

/** What a rule says of a thing whose place is known; an error, unless it says otherwise. */
export type Told = Pick<Problem, "rule" | "message" | "fix"> & Partial<Pick<Problem, "severity" | "also">>;

/** A problem with what stands at `path` of a node, which is one of `fields`. */
export const ofNode = (node: Node, path: string, fields: readonly string[], told: Told): Problem => ({
  severity: "error",
  at: placeOf(node.source, ...fields),
  path: `proxmox_node.${path}`,
  subject: node.name,
  ...told,
});

/** A thing that somebody claims: an address, a VMID. */
export interface Claim {
  readonly value: string;
  readonly holder: string;
  readonly at: Position;
  readonly path?: string;
}

/** Every value that is claimed again, with its earlier claim. */
export function repeated<C extends Pick<Claim, "value">>(
  claims: readonly C[],
): readonly { readonly claim: C; readonly first: C }[] {
  const seen = new Map<string, C>();
  const again: { claim: C; first: C }[] = [];
  for (const claim of claims) {
    const first = seen.get(claim.value);
    if (first) again.push({ claim, first });
    else seen.set(claim.value, claim);
  }
  return again;
}
