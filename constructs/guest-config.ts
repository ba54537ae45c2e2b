import type {
  VirtualEnvironmentContainerConfig,
  VirtualEnvironmentContainerInitialization,
  VirtualEnvironmentContainerInitializationDns,
  VirtualEnvironmentContainerInitializationIpConfig,
  VirtualEnvironmentContainerStartup,
} from "../.gen/providers/proxmox/virtual-environment-container";
import { compact } from "./compact";
import { hasAddress } from "./guest-parts";
import type { GuestNic, GuestProps } from "./guest-props";

// The provider's containers and VMs have these arguments alike; the types are those of containers.
type GuestConfig = Pick<
  VirtualEnvironmentContainerConfig,
  "nodeName" | "vmId" | "description" | "tags" | "protection" | "started" | "template" | "startup" | "timeoutCreate"
>;

/** Arguments that containers and VMs have alike. What the provider would fill in by itself is stated. */
export function guestConfig(props: GuestProps, tags: readonly string[]): GuestConfig {
  return compact<GuestConfig>({
    nodeName: props.node.name,
    vmId: props.vmid,
    description: props.description ?? "",
    tags: [...tags],
    protection: props.protection ?? false,
    started: props.started ?? true,
    template: false,
    startup: startup(props),
    timeoutCreate: props.createTimeoutSeconds ?? 1800,
  });
}

function startup(props: GuestProps): VirtualEnvironmentContainerStartup | undefined {
  if (props.startupOrder === undefined) return undefined;
  return compact<VirtualEnvironmentContainerStartup>({
    order: props.startupOrder,
    upDelay: props.startupUpDelaySeconds,
    downDelay: props.startupDownDelaySeconds,
  });
}

/** Name servers and addresses, as the block `initialization` takes them. */
export function networkOf({
  dnsDomain,
  dnsServers = [],
  nics = [],
}: GuestProps): Pick<VirtualEnvironmentContainerInitialization, "dns" | "ipConfig"> {
  const hasDns = dnsDomain !== undefined || dnsServers.length > 0;
  const dns = compact<VirtualEnvironmentContainerInitializationDns>({
    domain: dnsDomain,
    servers: dnsServers.length > 0 ? [...dnsServers] : undefined,
  });
  return {
    ...(hasDns ? { dns } : {}),
    ipConfig: nics.filter(hasAddress).map(ipConfig),
  };
}

function ipConfig(nic: GuestNic): VirtualEnvironmentContainerInitializationIpConfig {
  const { address, address6, gateway, gateway6 } = nic;
  return compact<VirtualEnvironmentContainerInitializationIpConfig>({
    ipv4: address === undefined ? undefined : compact({ address, gateway }),
    ipv6: address6 === undefined ? undefined : compact({ address: address6, gateway: gateway6 }),
  });
}
