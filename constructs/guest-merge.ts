import type { CapabilityData, GuestFacts } from "./capabilities/capability";
import type { GuestProps, StepSpec } from "./guest-props";

/** What capabilities add to any guest: steps, tags, and what they require of each other. */
export interface MergedGuest {
  readonly tags: readonly string[];
  /** In the order in which they run. */
  readonly steps: readonly StepSpec[];
  /** Conflicts, by the names of those who disagree. */
  readonly problems: readonly string[];
}

/** Capabilities by name, with what each adds to the guest. */
export type Bound = readonly { readonly name: string; readonly data: CapabilityData }[];

/** Puts props and capabilities together, as far as containers and VMs are alike. */
export function mergeGuest(
  { capabilities = [], guard, node, steps = [], tags = [], vmid }: GuestProps,
  system: Pick<GuestFacts, "osType" | "unprivileged">,
): { readonly bound: Bound; readonly merged: MergedGuest } {
  const facts = { vmid, nodeName: node.name, ...system };
  const bound = capabilities.map((capability) => ({ name: capability.name, data: capability.bind(facts) }));
  const problems = [...missing(bound)];
  const merged = {
    tags: [...new Set([guard.tag, ...tags, ...bound.flatMap(({ data }) => data.tags ?? [])])].sort(),
    steps: orderSteps([...bound.flatMap(({ data }) => data.steps ?? []), ...steps], problems),
    problems,
  };
  return { bound, merged };
}

/** Capabilities that are there twice, or without what they require. */
function* missing(bound: Bound): Iterable<string> {
  const present = new Set<string>();
  for (const { name } of bound) {
    if (present.has(name)) yield `capabilities: expected each once, got ${name} twice; remove one`;
    present.add(name);
  }
  for (const { data, name } of bound)
    for (const needed of data.requires ?? [])
      if (!present.has(needed))
        yield `capabilities: ${name} requires ${needed}, got ${[...present].join(", ")}; add ${needed} or remove ${name}`;
}

/** `base` first, then as given, but each after the roles that its `after` names. */
function orderSteps(given: readonly StepSpec[], problems: string[]): readonly StepSpec[] {
  const waiting = given.filter(({ role }) => role === "base").concat(given.filter(({ role }) => role !== "base"));
  const roles = new Set<string>();
  for (const { role } of waiting) {
    if (roles.has(role)) problems.push(`steps: expected each role once, got ${role} twice; remove one`);
    roles.add(role);
  }
  const done: StepSpec[] = [];
  const past = new Set<string>();
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ after = [] }) => after.every((role) => past.has(role) || !roles.has(role)));
    if (next < 0) {
      problems.push(
        `steps: expected an order, got a circle of ${waiting.map(({ role }) => role).join(", ")}; break it`,
      );
      return given;
    }
    const [step] = waiting.splice(next, 1);
    if (step) done.push(step);
    if (step) past.add(step.role);
  }
  return done;
}
