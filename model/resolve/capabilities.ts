import { withoutUndefined } from "../collections";
import type { Capability, Device, Features, Gpu, GpuClaim, Node, Step } from "../lab";
import type { Problem } from "../problem";
import type { GpuVars } from "../schema/guest";
import { suggest } from "../schema/nearest";
import type { Facts, HostFacts } from "./facts";
import type { Origins } from "./origins";
import type { RoleStep } from "./steps";

export interface CapabilityInputs {
  readonly host: HostFacts;
  readonly facts: Facts;
  readonly node: Node | undefined;
  readonly steps: readonly RoleStep[];
  /** The features that the host's groups give and the host does not state itself. */
  readonly groupFeatures: Partial<Features>;
  /** Names the host asks for; undefined means all of its node. */
  readonly gpus?: readonly GpuVars[] | undefined;
  /** The cards that a VM has: it needs no group for them, and no device files. */
  readonly cards?: readonly GpuClaim[];
  readonly origins: Origins;
  readonly report: (problem: Problem) => void;
}

/**
 * What the functional groups of a guest add to it. The first role that a capability's group brings belongs to the
 * capability; every other role is returned in `rest`.
 */
export function capabilitiesOf(inputs: CapabilityInputs): { capabilities: Capability[]; rest: Step[] } {
  const left = [...inputs.steps];
  const take = (group: string): { step?: Step } => {
    const index = left.findIndex((step) => step.group === group);
    const [found] = index < 0 ? [] : left.splice(index, 1);
    return found ? { step: plainStep(found) } : {};
  };
  const has = (group: string) => inputs.facts.members.get(group)?.has(inputs.host.name) ?? false;
  const capabilities: Capability[] = [];
  if (has("docker_hosts") && inputs.host.values.install_docker !== false) {
    capabilities.push({ kind: "docker", features: inputs.groupFeatures, ...take("docker_hosts") });
  }
  const hasAccess = !inputs.cards && has("gpu_access") && inputs.host.values.enable_gpu !== false;
  const gpu = inputs.cards?.length ? wholeCards(inputs.cards) : hasAccess ? gpuOf(inputs) : undefined;
  if (gpu) capabilities.push({ ...gpu, ...take("gpu_access") });
  if (has("wireguard_hosts")) capabilities.push({ kind: "wireguard", ...take("wireguard_hosts") });
  if (has("service_agents")) capabilities.push({ kind: "service-agents", ...take("service_agents") });
  return { capabilities, rest: left.map(plainStep) };
}

const plainStep = ({ group: _, ...step }: RoleStep): Step => step;

function gpuOf(inputs: CapabilityInputs) {
  const { node, host, gpus, report } = inputs;
  if (!node) return undefined;
  if (!gpus) {
    const all = everyCard(node);
    if (all.gpus.length === 0) {
      report(noGpu(inputs, node));
      return undefined;
    }
    // Of a list with faults, which is left out, the places are known all the same.
    inputs.origins.later(() => {
      for (const index of all.gpus.keys()) inputs.origins.note(`gpus.${index}`, "gpus", index);
    });
    return all;
  }
  const known = new Map(node.gpus.map((gpu) => [gpu.name, gpu]));
  if (known.size === 0) {
    report(noGpu(inputs, node));
    return undefined;
  }
  const claims = gpus.flatMap((each, index): GpuClaim[] => {
    inputs.origins.note(`gpus.${index}`, "gpus", index);
    const {
      exclusive = false,
      memory,
      name,
    }: Exclude<GpuVars, string> = typeof each === "string" ? { name: each } : each;
    if (known.has(name)) return [{ gpu: name, exclusive, ...withoutUndefined({ memoryMiB: memory }) }];
    report({
      ...unknownGpu(name, host, node),
      at: inputs.origins.place("gpus", index),
      path: `proxmox_lxc.gpus.${index}`,
    });
    return [];
  });
  return withDevices(claims, known);
}

function withDevices(gpus: readonly GpuClaim[], known: ReadonlyMap<string, Gpu>) {
  const paths = [...new Set(gpus.flatMap(({ gpu }) => known.get(gpu)?.devices ?? []))];
  const devices: Device[] = paths.map((path) => ({ path, denyWrite: false }));
  return { kind: "gpu" as const, gpus, devices };
}

const everyCards = new WeakMap<Node, ReturnType<typeof withDevices>>();

/** What containers of a node get that name no cards: one and the same for all of them. */
function everyCard(node: Node) {
  const found =
    everyCards.get(node) ??
    withDevices(
      node.gpus.filter(({ use }) => use === "container").map(({ name }) => ({ gpu: name, exclusive: false })),
      new Map(node.gpus.map((gpu) => [gpu.name, gpu])),
    );
  everyCards.set(node, found);
  return found;
}

const wholeCards = (gpus: readonly GpuClaim[]) => ({ kind: "gpu" as const, gpus, devices: [] });

export const unknownGpu = (name: string, host: HostFacts, node: Node) => ({
  rule: "unknown-gpu",
  severity: "error" as const,
  subject: host.name,
  message: `${node.name} has no GPU called "${name}"`,
  fix: suggest(
    name,
    node.gpus.map((gpu) => gpu.name),
  ),
});

function noGpu({ facts, host }: CapabilityInputs, node: Node): Problem {
  return {
    rule: "node-without-gpu",
    severity: "error",
    at: facts.members.get("gpu_access")?.get(host.name) ?? host.at,
    also: [{ at: node.source.at, note: `describes ${node.name}` }],
    subject: host.name,
    message: `${host.name} is in gpu_access, but its node ${node.name} has no GPU${node.gpus.length > 0 ? " for containers" : ""}`,
    fix: `add proxmox_node.gpus to ${node.name}, or set enable_gpu: false for ${host.name}`,
  };
}
