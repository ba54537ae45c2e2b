import { shown } from "./construct-error";
import { checkGuest, repeated, whole } from "./guest-checks";
import { checkNics } from "./lxc-checks";
import { DISC_DRIVES, isQ35, needsArguments } from "./vm-hardware";
import type { VmProps } from "./vm-props";

const DRIVE = /^(scsi([12]?\d|30)|virtio(\d|1[0-5])|sata[0-5])$/;
/** As many as the provider handles (bpg/proxmox 0.111.1, proxmoxtf/resource/vm). */
const LIMITS = { nics: 32, disks: 31, cards: 16, usb: 4 };

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
  yield* checkNics(cardsOf(props), LIMITS.nics);
  yield* checkDevices(props);
}

/** Without cloud-init, addresses are the guest's own affair. */
function cardsOf({ cloudInit, nics = [] }: VmProps) {
  return nics.map(({ mtu, vlan, ...nic }, index) => ({
    ...(cloudInit ? nic : { bridge: nic.bridge }),
    name: `net${index}`,
    ...(vlan === undefined ? {} : { vlan }),
    ...(mtu === undefined ? {} : { mtu }),
  }));
}

function* checkDisks({ cloudInit, discs = [], disks }: VmProps): Iterable<string> {
  if (disks.length > LIMITS.disks) yield `disks: expected at most ${LIMITS.disks}, got ${disks.length}`;
  const drives = disks.map((disk) => disk.interface);
  yield* repeated("disks", "interface", [
    ...drives,
    ...(cloudInit ? [cloudInit.interface ?? "scsi30"] : []),
    ...DISC_DRIVES.slice(0, discs.length),
  ]);
  for (const [index, disk] of disks.entries()) {
    if (!DRIVE.test(disk.interface))
      yield `disks[${index}].interface: expected a drive such as scsi0, virtio0 or sata0, got ${shown(disk.interface)}`;
    yield* whole(`disks[${index}].sizeGiB`, disk.sizeGiB, 1, Number.MAX_SAFE_INTEGER);
    if (disk.ssd && disk.interface.startsWith("virtio"))
      yield `disks[${index}].ssd: expected on SCSI and SATA alone, got ${disk.interface}; remove ssd, or use scsi${index}`;
  }
  if (discs.length > DISC_DRIVES.length)
    yield `discs: expected at most ${DISC_DRIVES.length}, got ${discs.length}; remove some`;
}

function* checkDevices(props: VmProps): Iterable<string> {
  const { cards = [], usb = [] } = props;
  if (cards.length > LIMITS.cards) yield `cards: expected at most ${LIMITS.cards}, got ${cards.length}`;
  if (usb.length > LIMITS.usb) yield `usb: expected at most ${LIMITS.usb}, got ${usb.length}`;
  const mappings = (devices: readonly { readonly mapping: string }[]) => devices.map(({ mapping }) => mapping);
  yield* repeated("cards", "mapping", mappings(cards));
  yield* repeated("usb", "mapping", mappings(usb));
  if (cards.filter(({ primary }) => primary).length > 1)
    yield "cards: expected one primary card, got several; a VM has one screen";
  if (cards.length > 0 && !isQ35(props))
    yield `machine: expected q35, whose PCI Express a card needs, got ${shown(props.machine ?? "")}; write q35`;
}
