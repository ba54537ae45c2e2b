import { cpusOf } from "../capacity";
import { type Node, placeOf, type VmGuest } from "../lab";
import type { Position, Problem } from "../problem";
import { DISC_DRIVES } from "../resolve/vm";
import { suggest } from "../schema/nearest";
import type { Rule, RuleInput } from "./rule";

const vmsOf = ({ lab }: RuleInput) => lab.guests.filter((guest): guest is VmGuest => guest.kind === "vm");

/** `gpu-for-containers`: a card that the node's own driver has cannot be handed to a VM. */
export const cardUse: Rule = function* (input) {
  for (const guest of vmsOf(input)) {
    const node = input.nodes.get(guest.node);
    for (const [index, { name }] of guest.cards.entries()) {
      if (node?.gpus.find((gpu) => gpu.name === name)?.use !== "container") continue;
      yield {
        rule: "gpu-for-containers",
        severity: "error",
        at: placeOf(guest.source, `gpus.${index}`, "gpus"),
        also: [{ at: placeOf(node.source, "gpus"), note: `describes the cards of ${node.name}` }],
        path: `proxmox_vm.gpus.${index}`,
        subject: guest.name,
        message: `${name} of ${node.name} is the node's own, for containers, so no VM can have it`,
        fix: `write use: vm for ${name} (it then leaves all containers), or name another card`,
      };
    }
  }
};

/** `gpu-access-of-vm`: the group hands out device files, which a VM cannot use. */
export const cardsByName: Rule = function* (input) {
  for (const guest of vmsOf(input)) {
    const at = input.facts.members.get("gpu_access")?.get(guest.name);
    if (!at || guest.cards.length > 0) continue;
    yield {
      rule: "gpu-access-of-vm",
      severity: "warning",
      at,
      subject: guest.name,
      message: `${guest.name} is in gpu_access, which gives cards to containers alone: as a VM it gets none`,
      fix: "name its cards in proxmox_vm: gpus: [gpu0], or take it out of gpu_access",
    };
  }
};

/** `unknown-usb`: devices have a description on the VM's node. */
export const knownUsb: Rule = function* (input) {
  for (const guest of vmsOf(input)) {
    const node = input.nodes.get(guest.node);
    if (!node) continue;
    const known = node.usb.map(({ name }) => name);
    for (const [index, { name }] of guest.usb.entries()) {
      if (known.includes(name)) continue;
      yield {
        rule: "unknown-usb",
        severity: "error",
        at: placeOf(guest.source, "usb"),
        also: [{ at: placeOf(node.source, "usb"), note: `describes ${node.name}` }],
        path: `proxmox_vm.usb.${index}`,
        subject: guest.name,
        message: `${node.name} has no USB device called "${name}"`,
        fix:
          known.length > 0
            ? suggest(name, known)
            : `add usb: { ${name}: { id: … } } to proxmox_node of ${node.name} (lsusb)`,
      };
    }
  }
};

/** `usb-claimed-twice`: a USB device is one VM's. Between running VMs an error; where one is stopped, a warning. */
export const soleUsb: Rule = function* (input) {
  const first = new Map<string, VmGuest>();
  const inOrder = [...vmsOf(input)].sort((a, b) => Number(b.started) - Number(a.started));
  for (const guest of inOrder) {
    for (const [index, { name }] of guest.usb.entries()) {
      const key = `${guest.node}/${name}`;
      const other = first.get(key);
      if (other) yield usbTwice(name, other, guest, index);
      else first.set(key, guest);
    }
  }
};

function usbTwice(name: string, first: VmGuest, second: VmGuest, index: number): Problem {
  const areRunning = first.started && second.started;
  const itself = first === second;
  return {
    rule: "usb-claimed-twice",
    severity: areRunning || itself ? "error" : "warning",
    at: placeOf(second.source, "usb"),
    also: [{ at: placeOf(first.source, "usb"), note: `is the claim of ${first.name}` }],
    path: `proxmox_vm.usb.${index}`,
    subject: second.name,
    message: itself
      ? `${second.name} names the USB device ${name} twice`
      : `${first.name} and ${second.name} both claim the USB device ${name} of ${first.node}${areRunning ? ", and both are to run" : ""}`,
    fix: itself
      ? "delete one of the two"
      : areRunning
        ? "take it from one, or stop one (started: false)"
        : "never start one while the other runs",
  };
}

/** `balloon-with-passthrough`: a device reaches all memory of its VM, so the node can take none of it back. */
export const balloons: Rule = function* (input) {
  for (const guest of vmsOf(input)) {
    if (guest.cards.length === 0 || guest.balloonMiB === 0) continue;
    yield {
      rule: "balloon-with-passthrough",
      severity: "warning",
      at: placeOf(guest.source, "balloon"),
      path: "proxmox_vm.balloon",
      subject: guest.name,
      message: `${guest.name} has a card, which reaches all of its memory: the node can take none of it back`,
      fix: "write balloon: 0, or delete balloon",
    };
  }
};

/** `unknown-boot-device`: what is booted from is there. */
export const bootDevices: Rule = function* (input) {
  for (const guest of vmsOf(input)) {
    const discs = DISC_DRIVES.slice(0, guest.discs.length);
    const known = [
      ...guest.disks.map((disk) => disk.interface),
      ...discs,
      ...guest.nics.map((_, index) => `net${index}`),
      ...guest.cards.map((_, index) => `hostpci${index}`),
      ...guest.usb.map((_, index) => `usb${index}`),
    ];
    for (const [index, device] of guest.bootOrder.entries()) {
      if (known.includes(device)) continue;
      yield {
        rule: "unknown-boot-device",
        severity: "error",
        at: placeOf(guest.source, "boot_order"),
        path: `proxmox_vm.boot_order.${index}`,
        subject: guest.name,
        message: `${guest.name} has no device ${device} to start from`,
        fix: suggest(device, known),
      };
    }
  }
};

/** `too-many-cores`, `affinity-outside-node`: Proxmox VE starts no VM with more CPUs than the node has, or on others. */
export const cpusExist: Rule = function* (input) {
  for (const guest of vmsOf(input)) {
    const node = input.nodes.get(guest.node);
    if (node?.cores !== undefined) yield* cpusOn(guest, node, node.cores);
  }
};

function* cpusOn(guest: VmGuest, node: Node, has: number): Iterable<Problem> {
  const wanted = cpusOf(guest);
  const common = {
    severity: "error" as const,
    also: [{ at: placeOf(node.source, "cores"), note: `says that ${node.name} has ${has} CPUs` }],
    subject: guest.name,
  };
  if (wanted > has)
    yield {
      ...common,
      rule: "too-many-cores",
      at: placeOf(guest.source, "cores"),
      path: "proxmox_vm.cores",
      message: `${guest.name} is to have ${wanted} CPUs; Proxmox VE starts no VM with more than the ${has} of its node`,
      fix: `write ${Math.floor(has / guest.cpu.sockets)} or less`,
    };
  const last = Math.max(...(guest.cpu.affinity?.match(/\d+/g) ?? []).map(Number));
  if (last >= has)
    yield {
      ...common,
      rule: "affinity-outside-node",
      at: placeOf(guest.source, "cpu"),
      path: "proxmox_vm.cpu.affinity",
      message: `${guest.name} is to run on CPU ${last}; ${node.name} has 0 to ${has - 1}`,
      fix: `name CPUs from 0 to ${has - 1} (lscpu --extended)`,
    };
}

/** `hidden-cpu`: without a primary card, QEMU itself is told to hide, and it knows CPU types of its own alone. */
export const hiddenCpus: Rule = function* (input) {
  for (const guest of vmsOf(input)) {
    if (!guest.cpu.hidden || guest.cpu.type === "host" || guest.cards.some(({ primary }) => primary)) continue;
    yield {
      rule: "hidden-cpu",
      severity: "error",
      at: placeOf(guest.source, "cpu"),
      path: "proxmox_vm.cpu.type",
      subject: guest.name,
      message: `without a primary card only the CPU type host can be hidden, got ${guest.cpu.type}`,
      fix: "write type: host, or make a card primary",
    };
  }
};

/** `windows-without-drivers`: Windows Setup has none for VirtIO's disks. */
export const windowsDrivers: Rule = function* (input) {
  for (const guest of vmsOf(input)) {
    const [root] = guest.disks;
    if (guest.system !== "windows" || guest.discs.length !== 1 || root.interface.startsWith("sata")) continue;
    yield {
      rule: "windows-without-drivers",
      severity: "warning",
      at: placeOf(guest.source, "windows"),
      path: "proxmox_vm.windows.virtio_iso",
      subject: guest.name,
      message: `Windows Setup has no driver for the disk of ${guest.name} at ${root.interface}, and will find none`,
      fix: "add virtio_iso: local:iso/virtio-win.iso, or disk_interface: sata0 (slow), or delete iso once it is installed",
    };
  }
};

/** A storage that a guest needs, for files of a content type; `what` says for which. */
export interface StorageUse {
  readonly name: string;
  readonly content: string;
  readonly at: () => Position;
  readonly path: string;
  readonly what: string;
}

const storageOf = (volume: string) => volume.split(":")[0] ?? "";

/** The storages that a VM needs beside that of its root disk. */
export function* storagesOfVm(guest: VmGuest): Iterable<StorageUse> {
  for (const [index, { storage }] of guest.disks.entries()) {
    if (index === 0) continue;
    const at = () => placeOf(guest.source, `disks.${index}`, "disks");
    yield {
      name: storage,
      content: "images",
      at,
      path: `proxmox_vm.disks.${index - 1}.storage`,
      what: `disk ${index}`,
    };
  }
  for (const disc of guest.discs) {
    const key = guest.system === "windows" ? "windows" : "iso";
    yield {
      name: storageOf(disc),
      content: "iso",
      at: () => placeOf(guest.source, key),
      path: `proxmox_vm.${key}`,
      what: `the disc ${disc}`,
    };
  }
  if (!guest.image || guest.adopt) return;
  const key = guest.system === "cloud" ? "cloud_init" : guest.system === "haos" ? "haos" : "image";
  const name = guest.image.kind === "volume" ? storageOf(guest.image.volume) : guest.image.storage;
  yield {
    name,
    content: "import",
    at: () => placeOf(guest.source, key),
    path: `proxmox_vm.${key}`,
    what: "the disk image",
  };
}
