import type { Guest } from "../lab";
import type { Problem } from "../problem";
import { TIERS, tiersOf } from "../resolve/exceptions";
import type { Facts, HostFacts } from "../resolve/facts";
import { childrenOf } from "../resolve/members";
import type { Rule } from "./rule";

/** `one-tier`: where there are tiers, every container is in exactly one. */
export const oneTier: Rule = function* ({ facts }) {
  const tiers = childrenOf(facts.inventory, TIERS);
  if (!facts.inventory.groups.has(TIERS)) return;
  for (const host of facts.hosts.values()) {
    const mine = tiersOf(host.name, facts);
    if (mine.length > 1) yield inSeveral(host, mine, facts);
    else if (mine.length === 0 && host.trees.has("proxmox_lxc")) yield inNone(host, tiers);
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
    for (const { key, tierValue, value, reason } of guest.exceptions) {
      if (reason !== undefined) continue;
      yield {
        rule: "exception-without-reason",
        severity: "warning",
        at: guest.source.of[key] ?? guest.source.at,
        path: `${variableOf(guest)}.${key}`,
        subject: guest.name,
        message: `${guest.name} has ${value}${UNIT[key]} where its tier ${guest.tier} has ${tierValue}${UNIT[key]}, and no reason is given`,
        fix: `add exceptions: { ${key}: "the reason" } to ${variableOf(guest)}, or write "{{ lxc_${key} }}"`,
      };
    }
    yield* idleReasons(guest, facts);
  }
};

/** `reason-without-exception`: a reason for a value that is the tier's. */
function* idleReasons(guest: Guest, facts: Facts): Iterable<Problem> {
  const host = facts.hosts.get(guest.name);
  const stated = host?.isPartial ? undefined : host?.values[variableOf(guest)]?.exceptions;
  for (const key of ["cores", "memory", "disk"] as const) {
    if (stated?.[key] === undefined || guest.exceptions.some((exception) => exception.key === key)) continue;
    const same = guest.tier === undefined ? "it is in no tier" : `its ${key} is that of its tier ${guest.tier}`;
    yield {
      rule: "reason-without-exception",
      severity: "warning",
      at: guest.source.of[`exceptions.${key}`] ?? guest.source.at,
      path: `${variableOf(guest)}.exceptions.${key}`,
      subject: guest.name,
      message: `${guest.name} gives a reason for an exception that is none: ${same}`,
      fix: `delete exceptions.${key}`,
    };
  }
}

export const variableOf = (guest: Guest) => (guest.kind === "container" ? "proxmox_lxc" : "proxmox_vm");
