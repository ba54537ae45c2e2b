import type {
  VirtualEnvironmentVmConfig,
  VirtualEnvironmentVmDisk,
  VirtualEnvironmentVmInitialization,
} from "../.gen/providers/proxmox/virtual-environment-vm";
import { compact } from "./compact";
import { guestConfig, networkOf } from "./guest-config";
import { CDROM_DRIVES, cpuArguments, isQ35, needsArguments } from "./vm-hardware";
import type { VmCloudInit, VmDisk, VmNic, VmProps } from "./vm-props";

/** The VM's arguments, but for its network cards. What the provider would fill in by itself is stated. */
export function vmConfig(props: VmProps, tags: readonly string[], hostname: string): VirtualEnvironmentVmConfig {
  const { cdroms = [], cloudInit, pciDevices = [], started = true, usb = [], vga = "std" } = props;
  const boot = [props.disks[0].interface, ...CDROM_DRIVES.slice(0, cdroms.length)];
  return compact<VirtualEnvironmentVmConfig>({
    ...guestConfig(props, tags),
    name: hostname,
    onBoot: props.startOnBoot ?? started,
    ...system(props),
    agent: agent(props.agent ?? false),
    disk: props.disks.map((disk, index) => diskBlock(disk, index === 0 ? props.image?.volumeId : undefined)),
    scsiHardware: props.scsiHardware ?? "virtio-scsi-single",
    cdrom: cdroms[0] === undefined ? undefined : { fileId: cdroms[0], interface: CDROM_DRIVES[0] },
    bootOrder: [...(props.bootOrder ?? boot)],
    initialization: cloudInit && initialization(props, cloudInit),
    hostpci:
      pciDevices.length === 0
        ? undefined
        : pciDevices.map(({ mapping, primary = false, romBar = true }, index) => ({
            device: `hostpci${index}`,
            mapping,
            pcie: isQ35(props),
            rombar: romBar,
            xvga: primary,
          })),
    usb: usb.length === 0 ? undefined : usb.map(({ mapping, usb3 = false }) => ({ mapping, usb3 })),
    serialDevice: props.serial ? [{ device: "socket" }] : undefined,
    vga: { type: vga },
    rebootAfterUpdate: props.rebootAfterUpdate ?? true,
    // A guest that is to be destroyed need not shut down first, which one without an agent may never do.
    stopOnDestroy: true,
    // Left to itself the provider has every storage searched for volumes of this VMID, and removes what it finds.
    deleteUnreferencedDisksOnDestroy: false,
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

function initialization(props: VmProps, cloudInit: VmCloudInit): VirtualEnvironmentVmInitialization {
  const { interface: drive = "scsi30", sshKeys, storage = props.disks[0].storage, upgrade, user } = cloudInit;
  return compact<VirtualEnvironmentVmInitialization>({
    ...networkOf(props),
    datastoreId: storage,
    interface: drive,
    upgrade,
    userAccount: { username: user, keys: [...sshKeys] },
  });
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
