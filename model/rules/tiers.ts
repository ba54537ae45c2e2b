import { FALLBACKS, SIZES, type Size } from "../fallbacks";
import type { Definition } from "../inventory";
import { type Exception, type Guest, placeOf, variableOf } from "../lab";
import { effectiveVars } from "../merge";
import type { Problem } from "../problem";
import { TIERS, tiersOf } from "../resolve/exceptions";
import type { Facts, HostFacts } from "../resolve/facts";
import { childrenOf } from "../resolve/members";
import type { CommonVars } from "../schema/guest";
import { treeAt } from "../tree";
import { groupSlips } from "./group-names";
import type { Rule } from "./rule";

/** `one-tier`: where there are tiers, every container is in exactly one. */
export const oneTier: Rule = function* ({ facts }) {
  const tiers = childrenOf(facts.inventory, TIERS);
  if (!facts.inventory.groups.has(TIERS)) return;
  for (const host of facts.hosts.values()) {
    const mine = tiersOf(host.name, facts);
    if (mine.length > 1) yield inSeveral(host, mine, facts);
    else if (mine.length === 0 && host.trees.has("proxmox_lxc") && !host.trees.has("proxmox_node"))
      yield inNone(host, tiers);
  }
};

function inSeveral(host: HostFacts, tiers: readonly string[], facts: Facts): Problem {
  const [first, ...others] = tiers.map((tier) => ({ tier, at: facts.members.get(tier)?.get(host.name) ?? host.at }));
  return {
    rule: "one-tier",
    severity: "error",
    at: first!.at,
    also: others.map(({ tier, at }) => ({ at, note: `names it in ${tier}` })),
    subject: host.name,
    message: `${host.name} is in ${tiers.length} resource tiers: ${tiers.join(" and ")}`,
    fix: "leave it in exactly one",
  };
}

const inNone = (host: HostFacts, tiers: readonly string[]): Problem => ({
  rule: "one-tier",
  severity: "error",
  at: host.at,
  subject: host.name,
  message: `${host.name} is a container in no resource tier`,
  fix: `add it to one of: ${tiers.join(", ")}`,
});

const UNIT = { cores: "", memory: " MiB", disk: " GiB" } as const;

/** `exception-without-reason`: a value that departs from the tier's says why. */
export const exceptionReasons: Rule = function* ({ lab, facts }) {
  for (const guest of lab.guests) {
    for (const exception of guest.exceptions) {
      if (exception.reason === undefined && !isStated(guest, exception.key, facts)) {
        yield withoutReason(guest, exception, facts);
      }
    }
    const host = facts.hosts.get(guest.name);
    const stated = host?.isPartial ? undefined : host?.values[variableOf(guest)]?.exceptions;
    if (stated) yield* idleReasons(guest, stated, facts);
  }
};

const treeOf = (guest: Guest, facts: Facts) => facts.hosts.get(guest.name)?.trees.get(variableOf(guest));

/** Whether a reason is written, right or wrong. */
function isStated(guest: Guest, key: Size, facts: Facts): boolean {
  const tree = treeOf(guest, facts);
  return tree !== undefined && treeAt(tree, ["exceptions", key]).found;
}

function withoutReason(guest: Guest, { key, tierValue, value }: Exception, facts: Facts): Problem {
  const unit = UNIT[key];
  const override = overrideOf(guest, key, facts);
  const reason = `add exceptions: { ${key}: "the reason" } to ${variableOf(guest)}`;
  const common = { rule: "exception-without-reason", severity: "warning", subject: guest.name } as const;
  const found = `${guest.name} has ${value}${unit} where its tier ${guest.tier} has ${tierValue}${unit}`;
  if (!override) {
    const at = placeOf(guest.source, key);
    const fix = `${reason}, or write "{{ ${FALLBACKS[key]} }}"`;
    return { ...common, at, path: `${variableOf(guest)}.${key}`, message: `${found}, and no reason is given`, fix };
  }
  const { owner, name, tree } = override;
  const message = `${found}: the ${owner.kind} ${owner.name} sets ${name} anew, and no reason is given`;
  return { ...common, at: tree.at, path: name, message, fix: `delete ${name} here, or ${reason}` };
}

/** The definition of `lxc_memory` and the like that a size comes from, if it is not written in the guest's own variable. */
function overrideOf(guest: Guest, key: Size, facts: Facts): Definition | undefined {
  const winner = effectiveVars(facts.inventory, guest.name).get(FALLBACKS[key])?.winner;
  const tree = treeOf(guest, facts);
  if (!winner || !tree) return undefined;
  const own = treeAt(tree, [key]);
  const { file, line } = winner.tree.at;
  const refers = (own.tree.via ?? []).some(({ from }) => from?.file === file && from.line === line);
  return !own.found || refers ? winner : undefined;
}

/** `reason-without-exception`: a reason for a value that is the tier's. */
function* idleReasons(guest: Guest, stated: NonNullable<CommonVars["exceptions"]>, facts: Facts): Iterable<Problem> {
  for (const key of SIZES) {
    if (stated[key] === undefined || guest.exceptions.some((exception) => exception.key === key)) continue;
    yield {
      rule: "reason-without-exception",
      severity: "warning",
      at: placeOf(guest.source, `exceptions.${key}`),
      path: `${variableOf(guest)}.exceptions.${key}`,
      subject: guest.name,
      ...whyIdle(guest, key, facts),
    };
  }
}

function whyIdle(guest: Guest, key: Size, facts: Facts): { readonly message: string; readonly fix: string } {
  const message = `${guest.name} gives a reason for an exception that is none`;
  if (facts.inventory.groups.has(TIERS)) {
    const same = guest.tier === undefined ? "it is in no tier" : `its ${key} is that of its tier ${guest.tier}`;
    return { message: `${message}: ${same}`, fix: `delete exceptions.${key}` };
  }
  const slip = groupSlips(facts).find(({ meant }) => meant === TIERS);
  return {
    message: `${message}: this lab has no tiers, as there is no group ${TIERS}`,
    fix: slip
      ? `rename the group ${slip.name} to ${TIERS}`
      : `make the tiers children of a group ${TIERS}; only where there are to be none, delete exceptions.${key}`,
  };
}
