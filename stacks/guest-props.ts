import type { Capability } from "../constructs/capabilities/capability";
import { DockerCapability } from "../constructs/capabilities/docker";
import { GpuCapability } from "../constructs/capabilities/gpu";
import { ServiceAgentsCapability } from "../constructs/capabilities/service-agents";
import { WireguardCapability } from "../constructs/capabilities/wireguard";
import { compact } from "../constructs/compact";
import type { StepSpec } from "../constructs/guest-props";
import type { LxcFeatures, LxcNic, TieredLxcProps } from "../constructs/lxc-props";
import type { ContainerGuest, Capability as LabCapability, Nic, Step } from "../model/lab";
import { literals } from "./escape";

/** What a guest's construct gets from the stack, not from the guest. */
export type Surroundings = Pick<TieredLxcProps, "providers" | "guard" | "node" | "template" | "after">;

/** The props that are data of the guest alone: all of them are escaped for Terraform in one place. */
export type Plain<Props, Around> = {
  readonly [Key in keyof Omit<Props, keyof Around | "capabilities" | "steps">]: Props[Key & keyof Props] | undefined;
};

/** Gives the Terraform expression of a secret. */
export type SecretLookup = (name: string) => string;

/** A container's props, every text in them escaped for Terraform. */
export function lxcProps(guest: ContainerGuest, around: Surroundings, secret: SecretLookup): TieredLxcProps {
  return compact<TieredLxcProps>({
    ...literals(plainProps(guest)),
    ...around,
    capabilities: guest.capabilities.map((each) => capability(each, secret)),
    steps: guest.steps.map((each) => step(each, secret)),
  });
}

function plainProps(guest: ContainerGuest): Plain<TieredLxcProps, Surroundings> {
  const { console, dns, environment, startup } = guest;
  return {
    vmid: guest.vmid,
    hostname: guest.hostname,
    cores: guest.cores,
    memoryMiB: guest.memoryMiB,
    swapMiB: guest.swapMiB,
    diskGiB: guest.diskGiB,
    storage: guest.storage,
    cpuLimit: guest.cpuLimit,
    cpuUnits: guest.cpuUnits,
    unprivileged: guest.unprivileged,
    nics: guest.nics.map(nic),
    dnsDomain: dns?.domain,
    dnsServers: dns?.servers,
    mounts: guest.mounts,
    features: statedFeatures(guest),
    devices: guest.devices,
    description: guest.description ?? "",
    tags: guest.tags,
    pool: guest.pool,
    protection: guest.protection,
    started: guest.started,
    startOnBoot: guest.startOnBoot,
    startupOrder: startup && (startup.order ?? 0),
    startupUpDelaySeconds: startup?.upDelaySeconds,
    startupDownDelaySeconds: startup?.downDelaySeconds,
    console,
    hookScript: guest.hookScript,
    environment: Object.keys(environment).length > 0 ? environment : undefined,
    adopt: guest.adopt,
    rebuild: guest.rebuild,
  };
}

/** Flags that are on, and those that the inventory turns off: a default of "off" must not contradict a capability. */
function statedFeatures({ features, source }: ContainerGuest): Partial<LxcFeatures> {
  const flags = (["nesting", "keyctl", "fuse", "mknod"] as const).filter(
    (flag) => features[flag] || source.of[`features.${flag}`] !== undefined,
  );
  return { ...Object.fromEntries(flags.map((flag) => [flag, features[flag]])), mount: features.mount };
}

function nic(given: Nic): LxcNic {
  const { network: _, ...rest } = given;
  return rest;
}

export function capability(given: LabCapability, secret: SecretLookup): Capability {
  const withStep = given.step ? { step: step(given.step, secret) } : {};
  switch (given.kind) {
    case "docker":
      return new DockerCapability({ ...withStep, features: given.features });
    case "gpu":
      return new GpuCapability({ ...withStep, devices: literals(given.devices) });
    case "wireguard":
      return new WireguardCapability(withStep);
    case "service-agents":
      return new ServiceAgentsCapability(withStep);
  }
}

/** Settings stay as they are: a step carries them encoded. A secret inside a list or map has the name that the shell gives it. */
export function step({ after, ahead, role, secrets, settings }: Step, secret: SecretLookup): StepSpec {
  const expressions = Object.entries(secrets).map(
    ([setting, name]) => [setting.replaceAll(".", "_"), secret(name)] as const,
  );
  return { role, after, ...(ahead ? { ahead } : {}), settings, secrets: Object.fromEntries(expressions) };
}
