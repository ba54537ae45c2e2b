import type { Lab, Network, Node } from "../lab";
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
