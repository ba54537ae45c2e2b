import type {
  VirtualEnvironmentContainerConfig,
  VirtualEnvironmentContainerCpu,
  VirtualEnvironmentContainerDevicePassthrough,
  VirtualEnvironmentContainerFeatures,
  VirtualEnvironmentContainerMountPoint,
  VirtualEnvironmentContainerNetworkInterface,
} from "../.gen/providers/proxmox/virtual-environment-container";
import { compact } from "./compact";
import { guestConfig, networkOf } from "./guest-config";
import { statedDevice, statedMount } from "./lxc-defaults";
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
  const { mounts = [], nics = [], started = true, unprivileged = true } = props;
  return compact<VirtualEnvironmentContainerConfig>({
    ...guestConfig(props, merged.tags),
    unprivileged,
    startOnBoot: props.startOnBoot ?? started,
    cpu: compact<VirtualEnvironmentContainerCpu>({
      cores: props.cores,
      limit: props.cpuLimit,
      units: props.cpuUnits,
    }),
    memory: { dedicated: props.memoryMiB, swap: props.swapMiB ?? 0 },
    disk: { datastoreId: props.storage, size: props.diskGiB },
    operatingSystem: { templateFileId: props.template.volumeId, type: props.template.osType },
    features: features(merged.features, unprivileged),
    initialization: { hostname, ...networkOf(props) },
    networkInterface: nics.map(networkInterface),
    mountPoint: mounts.length > 0 ? mounts.map(mountPoint) : undefined,
    devicePassthrough: merged.devices.length > 0 ? merged.devices.map(devicePassthrough) : undefined,
    console: props.console,
    environmentVariables: props.environment && { ...props.environment },
    hookScriptFileId: props.hookScript,
    timeoutUpdate: props.updateTimeoutSeconds ?? 1800,
    timeoutDelete: props.deleteTimeoutSeconds ?? 300,
  });
}

/** On a privileged container even `nesting = false` is refused to a token, so there the block exists only when a flag is on. */
function features(flags: LxcFeatures, unprivileged: boolean): VirtualEnvironmentContainerFeatures | undefined {
  if (!unprivileged && enabledFeatures(flags).length === 0) return undefined;
  return { ...flags, mount: [...flags.mount] };
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
  });
}

function mountPoint(given: LxcMount): VirtualEnvironmentContainerMountPoint {
  const mount = statedMount(given);
  return compact<VirtualEnvironmentContainerMountPoint>({
    path: mount.path,
    volume: mount.kind === "bind" ? mount.source : mount.storage,
    size: mount.kind === "bind" ? undefined : `${mount.sizeGiB}G`,
    readOnly: mount.readOnly,
    backup: mount.backup,
    replicate: mount.replicate,
    shared: mount.shared,
    quota: mount.quota,
    acl: mount.acl,
    mountOptions: mount.options && [...mount.options],
  });
}

function devicePassthrough(device: LxcDevice): VirtualEnvironmentContainerDevicePassthrough {
  const { denyWrite, gid, mode, path, uid } = statedDevice(device);
  return compact<VirtualEnvironmentContainerDevicePassthrough>({ path, mode, uid, gid, denyWrite });
}
