import type {
  VirtualEnvironmentContainerConfig,
  VirtualEnvironmentContainerDevicePassthrough,
  VirtualEnvironmentContainerFeatures,
  VirtualEnvironmentContainerInitialization,
  VirtualEnvironmentContainerMountPoint,
  VirtualEnvironmentContainerNetworkInterface,
} from "../.gen/providers/proxmox/virtual-environment-container";
import { compact } from "./compact";
import type { MergedLxc } from "./lxc-merge";
import type { LxcDevice, LxcFeatures, LxcMount, LxcNic, TieredLxcProps } from "./lxc-props";
import { enabledFeatures } from "./root-only";

/**
 * The container's arguments. What the provider would fill in by itself is stated, so that the state, the plan and the guest
 * say the same; keys and passwords are not, because any change of them would replace the guest: they belong to the role `base`.
 */
export function lxcConfig(
  props: TieredLxcProps,
  merged: MergedLxc,
  hostname: string,
): VirtualEnvironmentContainerConfig {
  const { mounts = [], nics = [], protection = false, started = true, unprivileged = true } = props;
  return compact<VirtualEnvironmentContainerConfig>({
    nodeName: props.node.name,
    vmId: props.vmid,
    description: props.description ?? "",
    tags: [...merged.tags],
    unprivileged,
    protection,
    started,
    startOnBoot: props.startOnBoot ?? started,
    template: false,
    cpu: compact({ cores: props.cores, limit: props.cpuLimit, units: props.cpuUnits }),
    memory: { dedicated: props.memoryMiB, swap: props.swapMiB ?? 0 },
    disk: { datastoreId: props.storage, size: props.diskGiB },
    operatingSystem: { templateFileId: props.template.volumeId, type: props.template.osType },
    features: features(merged.features, unprivileged),
    initialization: initialization(props, nics, hostname),
    networkInterface: nics.map(networkInterface),
    mountPoint: mounts.length > 0 ? mounts.map(mountPoint) : undefined,
    devicePassthrough: merged.devices.length > 0 ? merged.devices.map(devicePassthrough) : undefined,
    console: props.console,
    startup:
      props.startupOrder === undefined
        ? undefined
        : compact({
            order: props.startupOrder,
            upDelay: props.startupUpDelaySeconds,
            downDelay: props.startupDownDelaySeconds,
          }),
    environmentVariables: props.environment && { ...props.environment },
    hookScriptFileId: props.hookScript,
    timeoutCreate: props.createTimeoutSeconds ?? 1800,
    timeoutUpdate: props.updateTimeoutSeconds ?? 1800,
    timeoutDelete: props.deleteTimeoutSeconds ?? 300,
  } as { [Key in keyof VirtualEnvironmentContainerConfig]: VirtualEnvironmentContainerConfig[Key] | undefined });
}

/** On a privileged container even `nesting = false` is refused to a token, so there the block exists only when a flag is on. */
function features(flags: LxcFeatures, unprivileged: boolean): VirtualEnvironmentContainerFeatures | undefined {
  if (!unprivileged && enabledFeatures(flags).length === 0) return undefined;
  return { ...flags, mount: [...flags.mount] };
}

function initialization(
  { dnsDomain, dnsServers = [] }: TieredLxcProps,
  nics: readonly LxcNic[],
  hostname: string,
): VirtualEnvironmentContainerInitialization {
  const hasDns = dnsDomain !== undefined || dnsServers.length > 0;
  return compact<VirtualEnvironmentContainerInitialization>({
    hostname,
    dns: hasDns
      ? compact({ domain: dnsDomain, servers: dnsServers.length > 0 ? [...dnsServers] : undefined })
      : undefined,
    ipConfig: nics.filter(({ address, address6 }) => address !== undefined || address6 !== undefined).map(ipConfig),
  } as VirtualEnvironmentContainerInitialization);
}

function ipConfig({ address, address6, gateway, gateway6 }: LxcNic): object {
  return compact({
    ipv4: address === undefined ? undefined : compact({ address, gateway }),
    ipv6: address6 === undefined ? undefined : compact({ address: address6, gateway: gateway6 }),
  });
}

function networkInterface(nic: LxcNic): VirtualEnvironmentContainerNetworkInterface {
  return compact<VirtualEnvironmentContainerNetworkInterface>({
    name: nic.name,
    bridge: nic.bridge,
    enabled: true,
    firewall: nic.firewall ?? false,
    vlanId: nic.vlan,
    macAddress: nic.mac,
    mtu: nic.mtu,
    rateLimit: nic.rateLimitMBps,
  } as VirtualEnvironmentContainerNetworkInterface);
}

function mountPoint(mount: LxcMount): VirtualEnvironmentContainerMountPoint {
  return compact<VirtualEnvironmentContainerMountPoint>({
    path: mount.path,
    volume: mount.kind === "bind" ? mount.source : mount.storage,
    size: mount.kind === "bind" ? undefined : `${mount.sizeGiB}G`,
    readOnly: mount.readOnly ?? false,
    backup: mount.backup ?? false,
    replicate: mount.replicate ?? true,
    shared: mount.shared ?? false,
    quota: mount.quota ?? false,
    acl: mount.acl,
    mountOptions: mount.options && [...mount.options],
  } as VirtualEnvironmentContainerMountPoint);
}

function devicePassthrough(device: LxcDevice): VirtualEnvironmentContainerDevicePassthrough {
  return compact<VirtualEnvironmentContainerDevicePassthrough>({
    path: device.path,
    mode: device.mode ?? "0660",
    uid: device.uid,
    gid: device.gid,
    denyWrite: device.denyWrite ?? false,
  } as VirtualEnvironmentContainerDevicePassthrough);
}
