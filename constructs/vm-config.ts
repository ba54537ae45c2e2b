import type {
  VirtualEnvironmentVmConfig,
  VirtualEnvironmentVmDisk,
  VirtualEnvironmentVmInitialization,
} from "../.gen/providers/proxmox/virtual-environment-vm";
import { compact } from "./compact";
import { cpuArguments, DISC_DRIVES, isQ35, needsArguments } from "./vm-hardware";
import type { VmCloudInit, VmDisk, VmNic, VmProps } from "./vm-props";

/** The VM's arguments, but for its network cards. What the provider would fill in by itself is stated. */
export function vmConfig(props: VmProps, tags: readonly string[], hostname: string): VirtualEnvironmentVmConfig {
  const { cards = [], cloudInit, discs = [], started = true, usb = [], vga = "std" } = props;
  const boot = [props.disks[0].interface, ...DISC_DRIVES.slice(0, discs.length)];
  return compact<VirtualEnvironmentVmConfig>({
    nodeName: props.node.name,
    vmId: props.vmid,
    name: hostname,
    description: props.description ?? "",
    tags: [...tags],
    protection: props.protection ?? false,
    started,
    onBoot: props.startOnBoot ?? started,
    template: false,
    ...system(props),
    agent: agent(props.agent ?? false),
    disk: props.disks.map((disk, index) => diskBlock(disk, index === 0 ? props.image?.volumeId : undefined)),
    scsiHardware: props.scsiHardware ?? "virtio-scsi-single",
    cdrom: discs[0] === undefined ? undefined : { fileId: discs[0], interface: DISC_DRIVES[0] },
    bootOrder: [...(props.bootOrder ?? boot)],
    initialization: cloudInit && initialization(props, cloudInit),
    hostpci:
      cards.length === 0
        ? undefined
        : cards.map((card, index) => ({
            device: `hostpci${index}`,
            mapping: card.mapping,
            pcie: isQ35(props),
            rombar: card.romBar ?? true,
            xvga: card.primary ?? false,
          })),
    usb: usb.length === 0 ? undefined : usb.map(({ mapping, usb3 = false }) => ({ mapping, usb3 })),
    serialDevice: props.serial ? [{ device: "socket" }] : undefined,
    vga: { type: vga },
    startup: startup(props),
    rebootAfterUpdate: props.rebootAfterUpdate ?? true,
    // A guest that is to be destroyed need not shut down first, which one without an agent may never do.
    stopOnDestroy: true,
    // Left to itself the provider has every storage searched for volumes of this VMID, and removes what it finds.
    deleteUnreferencedDisksOnDestroy: false,
    timeoutCreate: props.createTimeoutSeconds ?? 1800,
    timeoutShutdownVm: props.shutdownTimeoutSeconds ?? 300,
  });
}

function system(props: VmProps) {
  const {
    bios = "seabios",
    disks,
    hugepages,
    keepHugepages = false,
    memoryMiB,
    secureBoot = false,
    tpm = false,
  } = props;
  const { storage } = disks[0];
  return {
    bios,
    machine: props.machine,
    operatingSystem: { type: props.osType ?? "l26" },
    efiDisk:
      bios === "ovmf"
        ? { datastoreId: storage, fileFormat: "raw", type: "4m", preEnrolledKeys: secureBoot }
        : undefined,
    tpmState: tpm ? { datastoreId: storage, version: "v2.0" } : undefined,
    cpu: compact({
      cores: props.cores,
      sockets: props.cpuSockets ?? 1,
      type: props.cpuType ?? "x86-64-v2-AES",
      numa: props.cpuNuma ?? false,
      flags: props.cpuFlags?.length ? [...props.cpuFlags] : undefined,
      affinity: props.cpuAffinity,
      limit: props.cpuLimit,
      units: props.cpuUnits,
    }),
    memory: compact({
      dedicated: memoryMiB,
      floating: props.balloonMiB ?? memoryMiB,
      hugepages,
      keepHugepages: keepHugepages || undefined,
    }),
    kvmArguments: needsArguments(props) ? cpuArguments(props) : undefined,
  };
}

/** The provider is not to wait for addresses: at the first start of a cloud image no agent runs yet, and nothing of ours asks. */
const agent = (enabled: boolean) => ({
  enabled,
  trim: enabled,
  ...(enabled ? { waitForIp: { disabled: true } } : {}),
});

function diskBlock(disk: VmDisk, image: string | undefined): VirtualEnvironmentVmDisk {
  return compact<VirtualEnvironmentVmDisk>({
    interface: disk.interface,
    datastoreId: disk.storage,
    size: disk.sizeGiB,
    importFromAttribute: image,
    ssd: disk.ssd ?? false,
    discard: (disk.discard ?? true) ? "on" : "ignore",
    iothread: disk.iothread ?? true,
    backup: disk.backup ?? true,
    replicate: disk.replicate ?? true,
    cache: disk.cache ?? "none",
  });
}

function initialization(
  { disks, dnsDomain, dnsServers = [], nics = [] }: VmProps,
  { interface: drive = "scsi30", sshKeys, storage = disks[0].storage, upgrade, user }: VmCloudInit,
): VirtualEnvironmentVmInitialization {
  const hasDns = dnsDomain !== undefined || dnsServers.length > 0;
  return compact<VirtualEnvironmentVmInitialization>({
    datastoreId: storage,
    interface: drive,
    upgrade,
    dns: hasDns
      ? compact({ domain: dnsDomain, servers: dnsServers.length > 0 ? [...dnsServers] : undefined })
      : undefined,
    ipConfig: nics.filter(({ address, address6 }) => address !== undefined || address6 !== undefined).map(ipConfig),
    userAccount: { username: user, keys: [...sshKeys] },
  });
}

function ipConfig({ address, address6, gateway, gateway6 }: VmNic): object {
  return compact({
    ipv4: address === undefined ? undefined : compact({ address, gateway }),
    ipv6: address6 === undefined ? undefined : compact({ address: address6, gateway: gateway6 }),
  });
}

function startup({ startupDownDelaySeconds, startupOrder, startupUpDelaySeconds }: VmProps): object | undefined {
  if (startupOrder === undefined) return undefined;
  return compact({ order: startupOrder, upDelay: startupUpDelaySeconds, downDelay: startupDownDelaySeconds });
}

/**
 * The network cards, each with every argument that there is: in Terraform's JSON `network_device` is no block but an attribute,
 * whose elements must be whole. For cdktf what is null is not there, so this goes around its class.
 */
export const networkDevices = (nics: readonly VmNic[]): readonly object[] =>
  nics.map((nic) => ({
    bridge: nic.bridge,
    disconnected: false,
    // Deprecated: stating it would be a warning in every plan.
    enabled: null,
    firewall: nic.firewall ?? false,
    mac_address: nic.mac ?? null,
    model: nic.model ?? "virtio",
    mtu: nic.mtu ?? null,
    queues: null,
    rate_limit: nic.rateLimitMBps ?? null,
    trunks: null,
    vlan_id: nic.vlan ?? null,
  }));
