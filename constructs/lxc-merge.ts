import type { CapabilityData } from "./capabilities/capability";
import { shown } from "./construct-error";
import type { LxcDevice, LxcFeatures, StepSpec, TieredLxcProps } from "./lxc-props";
import type { Ahead } from "./step";

/** A guest's props with all that its capabilities add. */
export interface MergedLxc {
  readonly features: LxcFeatures;
  readonly devices: readonly LxcDevice[];
  readonly tags: readonly string[];
  /** In the order in which they run. */
  readonly steps: readonly StepSpec[];
  /** Conflicts, by the names of those who disagree. */
  readonly problems: readonly string[];
}

/** Puts props and capabilities together. */
export function mergeLxc(props: TieredLxcProps, labTag: string): MergedLxc {
  const { capabilities = [], devices = [], node, steps = [], tags = [], template, unprivileged = true, vmid } = props;
  const facts = { vmid, nodeName: node.name, osType: template.osType, unprivileged };
  const bound = capabilities.map((capability) => ({ name: capability.name, data: capability.bind(facts) }));
  const problems = [...missing(bound)];
  return {
    features: mergeFeatures(props.features ?? {}, bound, problems),
    devices: mergeDevices(devices, bound, problems),
    tags: [...new Set([labTag, ...tags, ...bound.flatMap(({ data }) => data.tags ?? [])])].sort(),
    steps: orderSteps([...bound.flatMap(({ data }) => data.steps ?? []), ...steps], problems),
    problems,
  };
}

export type Bound = readonly { readonly name: string; readonly data: CapabilityData }[];

/** Capabilities that are there twice, or without what they require. */
export function* missing(bound: Bound): Iterable<string> {
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

function mergeFeatures(own: Partial<LxcFeatures>, bound: Bound, problems: string[]): LxcFeatures {
  const merged = { nesting: false, keyctl: false, fuse: false, mknod: false, mount: new Set(own.mount) };
  for (const flag of ["nesting", "keyctl", "fuse", "mknod"] as const) {
    const holders = [{ name: "features", value: own[flag] }].concat(
      bound.map(({ data, name }) => ({ name: `capability ${name}`, value: data.features?.[flag] })),
    );
    const on = holders.filter(({ value }) => value === true);
    const off = holders.filter(({ value }) => value === false);
    merged[flag] = on.length > 0;
    if (on.length > 0 && off.length > 0)
      problems.push(
        `features.${flag}: expected agreement, got true from ${names(on)} and false from ${names(off)}; change one`,
      );
  }
  for (const { data } of bound) for (const type of data.features?.mount ?? []) merged.mount.add(type);
  return { ...merged, mount: [...merged.mount].sort() };
}

function mergeDevices(own: readonly LxcDevice[], bound: Bound, problems: string[]): readonly LxcDevice[] {
  const byPath = new Map<string, { device: LxcDevice; by: string }>();
  const all = [
    ...own.map((device) => ({ device, by: "devices" })),
    ...bound.flatMap(({ data, name }) => (data.devices ?? []).map((device) => ({ device, by: `capability ${name}` }))),
  ];
  for (const { by, device } of all) {
    const other = byPath.get(device.path);
    if (!other) byPath.set(device.path, { device, by });
    else if (!sameDevice(other.device, device))
      problems.push(
        `devices ${device.path}: expected one description, got ${shown(other.device)} from ${other.by} and ${shown(device)} from ${by}; make them agree`,
      );
  }
  return [...byPath.values()].map(({ device }) => device);
}

function sameDevice(a: LxcDevice, b: LxcDevice): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && (a.denyWrite ?? false) === (b.denyWrite ?? false);
}

/** `base` first, then as given, but each after the roles that its `after` names. */
export function orderSteps(given: readonly StepSpec[], problems: string[]): readonly StepSpec[] {
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

/** The steps of a guest and, with `base`, those after it whose packages may be installed along with its own. */
export function withAhead(steps: readonly StepSpec[]): readonly (readonly [StepSpec, Ahead])[] {
  return steps.map((step, index) => {
    const later = step.role === "base" ? steps.slice(index + 1) : [];
    return [step, later.filter(({ ahead }) => ahead).map(aheadOf)];
  });
}

const aheadOf = ({ role, scripts = `provision/${role}`, settings = {} }: StepSpec) => ({ scripts, settings });

function names(holders: readonly { readonly name: string }[]): string {
  return holders.map(({ name }) => name).join(", ");
}
