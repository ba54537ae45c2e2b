import { compact } from "./compact";
import { shown } from "./construct-error";
import { atMost, checkGuest, checkNics, repeated, whole } from "./guest-checks";
import type { GuestNic } from "./guest-props";
import { CDROM_DRIVES, isQ35, needsArguments } from "./vm-hardware";
import type { VmProps } from "./vm-props";

const DRIVE = /^(scsi([12]?\d|30)|virtio(\d|1[0-5])|sata[0-5])$/;
/** As many as the provider handles (bpg/proxmox 0.111.1, proxmoxtf/resource/vm). */
const LIMITS = { nics: 32, disks: 31, pciDevices: 16, usb: 4 };

/** Everything wrong with the props taken alone, each as `name: expected …, got …; write …`. */
export function* checkVm(props: VmProps, hostname: string): Iterable<string> {
  const { balloonMiB, bios = "seabios", hugepages, memoryMiB, secureBoot } = props;
  yield* checkGuest(props, hostname);
  yield* whole("balloonMiB", balloonMiB, 0, memoryMiB);
  yield* whole("cpuSockets", props.cpuSockets, 1, 4);
  if (secureBoot && bios !== "ovmf") yield "secureBoot: expected with OVMF alone, got seabios; write bios: ovmf";
  if (hugepages !== undefined && props.cpuNuma !== true)
    yield "cpuNuma: expected true with hugepages, got false; write cpuNuma: true";
  if (hugepages !== undefined && balloonMiB !== 0)
    yield `balloonMiB: expected 0 with hugepages, got ${shown(balloonMiB ?? memoryMiB)}; write 0`;
  if (needsArguments(props) && props.cpuType !== "host")
    yield `cpuType: expected host where the hypervisor is hidden without a primary card, got ${shown(props.cpuType ?? "x86-64-v2-AES")}; write host`;
  if ((props.steps?.length ?? 0) > 0 && !props.login)
    yield "login: expected with steps, got none; say how to log in, or remove steps";
  yield* checkDisks(props);
  yield* checkNics(nicsOf(props), LIMITS.nics);
  yield* checkDevices(props);
}

/** Without cloud-init, addresses are the guest's own affair. */
function nicsOf({ cloudInit, nics = [] }: VmProps) {
  return nics.map((nic, index) => {
    const { bridge, mtu, vlan } = nic;
    return { ...(cloudInit ? nic : compact<GuestNic>({ bridge, mtu, vlan })), name: `net${index}` };
  });
}

function* checkDisks({ cdroms = [], cloudInit, disks }: VmProps): Iterable<string> {
  const drives = disks.map((disk) => disk.interface);
  if (cloudInit) drives.push(cloudInit.interface ?? "scsi30");
  drives.push(...CDROM_DRIVES.slice(0, cdroms.length));
  yield* atMost("disks", disks, LIMITS.disks);
  yield* atMost("cdroms", cdroms, CDROM_DRIVES.length);
  yield* repeated("disks", "interface", drives);
  for (const [index, disk] of disks.entries()) {
    if (!DRIVE.test(disk.interface))
      yield `disks[${index}].interface: expected a drive such as scsi0, virtio0 or sata0, got ${shown(disk.interface)}; write one that is free`;
    yield* whole(`disks[${index}].sizeGiB`, disk.sizeGiB, 1, Number.MAX_SAFE_INTEGER);
    if (disk.ssd && disk.interface.startsWith("virtio"))
      yield `disks[${index}].ssd: expected on SCSI and SATA alone, got ${disk.interface}; remove ssd, or use scsi${index}`;
  }
}

function* checkDevices(props: VmProps): Iterable<string> {
  const { pciDevices = [], usb = [] } = props;
  const mappings = (devices: readonly { readonly mapping: string }[]) => devices.map(({ mapping }) => mapping);
  const screens = pciDevices.filter(({ primary }) => primary).length;
  yield* atMost("pciDevices", pciDevices, LIMITS.pciDevices);
  yield* atMost("usb", usb, LIMITS.usb);
  yield* repeated("pciDevices", "mapping", mappings(pciDevices));
  yield* repeated("usb", "mapping", mappings(usb));
  if (screens > 1)
    yield `pciDevices: expected one primary card, because a VM has one screen, got ${screens}; keep primary: true on one`;
  if (pciDevices.length > 0 && !isQ35(props))
    yield `machine: expected q35, whose PCI Express a card needs, got ${shown(props.machine ?? "")}; write q35`;
}
