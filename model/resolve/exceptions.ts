import { FALLBACKS, SIZES, type Size } from "../fallbacks";
import type { Exception } from "../lab";
import type { CommonVars } from "../schema/guest";
import { parse } from "../schema/parse";
import { VARIABLES } from "../schema/variables";
import { type Facts, type HostFacts, ownTree } from "./facts";
import { childrenOf } from "./members";

export const TIERS = "resource_tiers";

/** The tiers a host is in: direct children of resource_tiers that hold it, themselves or through their own children. */
export const tiersOf = (host: string, facts: Facts): string[] =>
  childrenOf(facts.inventory, TIERS).filter((tier) => facts.members.get(tier)?.has(host));

/** Where a guest's sizes depart from its tier's, each with the reason given for it. */
export function exceptionsOf(
  host: HostFacts,
  tier: string | undefined,
  sizes: Readonly<Record<Size, number | undefined>>,
  reasons: CommonVars["exceptions"],
  facts: Facts,
): Exception[] {
  if (tier === undefined) return [];
  return SIZES.flatMap((key) => {
    const tierValue = valueOfTier(tier, FALLBACKS[key], host, facts);
    const value = sizes[key];
    if (tierValue === undefined || value === undefined || tierValue === value) return [];
    const reason = reasons?.[key];
    return [{ key, tierValue, value, ...(reason === undefined ? {} : { reason }) }];
  });
}

/**
 * What the tier itself says. A value that is a template cannot be read without a host, so the host's view of it is taken,
 * which is the tier's own unless something more specific overrides it.
 */
function valueOfTier(tier: string, name: (typeof FALLBACKS)[Size], host: HostFacts, facts: Facts): number | undefined {
  const own = ownTree(facts.inventory.groups.get(tier), name);
  const parsed = own ? parse(VARIABLES[name], own, name).value : undefined;
  return parsed ?? host.values[name];
}
