import { withoutUndefined } from "../collections";
import type { GpuClaim, VmDisk, VmGuest } from "../lab";
import type { VmVars } from "../schema/vm";
import { capabilitiesOf, unknownGpu } from "./capabilities";
import type { Base, GuestInputs, Reader } from "./guest";
import { imageOf } from "./vm-image";
import { configured } from "./vm-login";

/** The VM that a host describes. */
export function vmOf(base: Base, reader: Reader, inputs: GuestInputs): VmGuest | undefined {
  const vars = reader.host.values.proxmox_vm;
  if (!vars) return undefined;
  const { host, origins, report } = reader;
  const node = inputs.nodes.get(base.node);
  const system = systemOf(vars);
  const { image, os, user } = imageOf(vars, reader);
  const { login, steps } = configured({ vars, system, os, user, nics: base.nics }, reader, inputs);
  const { capabilities, rest } = capabilitiesOf({
    host,
    facts: inputs.facts,
    node,
    steps,
    groupFeatures: {},
    origins,
    report,
    cards: claimsOf(vars, base, reader, inputs),
  });
  return {
    kind: "vm",
    ...base,
    system,
    ...firmware(vars, system),
    ...processor(vars, system, base),
    agent: vars.agent ?? (system === "haos" || system === "cloud"),
    disks: disksOf(vars, base, reader),
    ...withoutUndefined({ image, login }),
    ...devices(vars, system),
    ...(vars.cloud_init ? { cloudInit: cloudInit(vars.cloud_init, user) } : {}),
    rebootAfterUpdate: vars.reboot_after_update ?? true,
    capabilities,
    steps: rest,
  };
}

type System = VmGuest["system"];

function systemOf(vars: VmVars): System {
  if (vars.haos) return "haos";
  if (vars.cloud_init) return "cloud";
  return vars.windows ? "windows" : "plain";
}

/** The names under which Proxmox VE's web interface groups the releases of Windows. */
const WINDOWS_TYPES = {
  "10": "win10",
  "11": "win11",
  "2016": "win10",
  "2019": "win10",
  "2022": "win11",
  "2025": "win11",
};

function firmware(vars: VmVars, system: System) {
  const bios = vars.bios ?? (system === "haos" || system === "windows" ? "ovmf" : "seabios");
  const wantsQ35 = system !== "plain" || vars.gpus.length > 0;
  return {
    osType: vars.os_type ?? (vars.windows ? WINDOWS_TYPES[vars.windows.version ?? "11"] : "l26"),
    bios,
    secureBoot: bios === "ovmf" && (vars.secure_boot ?? system === "windows"),
    tpm: vars.tpm ?? system === "windows",
    ...withoutUndefined({ machine: vars.machine ?? (wantsQ35 ? "q35" : undefined) }),
  };
}

/** Passed-through devices reach all of a VM's memory, so none of it can be taken back; and pages that are huge stay whole. */
function processor(vars: VmVars, system: System, base: Base) {
  const { affinity, flags = [], hidden = false, limit, numa, sockets = 1, type, units } = vars.cpu ?? {};
  const isPinned = vars.gpus.length > 0 || vars.hugepages !== undefined;
  const isHost = hidden || (system === "windows" && vars.gpus.length > 0);
  return {
    cpu: {
      type: type ?? (isHost ? "host" : "x86-64-v2-AES"),
      sockets,
      numa: numa ?? vars.hugepages !== undefined,
      flags,
      hidden,
      ...withoutUndefined({ affinity, limit, units }),
    },
    balloonMiB: vars.balloon ?? (isPinned ? 0 : base.memoryMiB),
    ...(vars.hugepages ? { hugepages: { size: vars.hugepages, keep: vars.keep_hugepages ?? false } } : {}),
  };
}

/** The machine type q35 has two IDE drives (PVE::QemuServer). */
export const DISC_DRIVES: readonly string[] = ["ide2", "ide0"];

function devices(vars: VmVars, system: System) {
  const { installed = false, iso = vars.iso, virtio_iso } = vars.windows ?? {};
  const discs = installed ? [] : [iso, virtio_iso].filter((disc) => disc !== undefined);
  return {
    discs,
    scsiHardware: vars.scsi_hardware ?? "virtio-scsi-single",
    vga: vars.vga ?? "std",
    bootOrder: vars.boot_order ?? [vars.disk_interface ?? ROOT, ...DISC_DRIVES.slice(0, discs.length)],
    usb: vars.usb.map((each) =>
      typeof each === "string" ? { name: each, usb3: false } : { name: each.name, usb3: each.usb3 ?? false },
    ),
    cards: vars.gpus.map((each, index) => {
      const { name, primary, rom_bar }: Exclude<typeof each, string> = typeof each === "string" ? { name: each } : each;
      return { name, primary: primary ?? (system === "windows" && index === 0), romBar: rom_bar ?? true };
    }),
  };
}

const ROOT = "scsi0";

function disksOf(vars: VmVars, base: Base, { host, origins, report }: Reader): [VmDisk, ...VmDisk[]] {
  const first = vars.disk_interface ?? ROOT;
  const bus = first.replace(/\d+$/, "");
  const taken = new Map<string, number>([[first, -1]]);
  const root = disk(first, base.storage, base.diskGiB, vars.root_disk ?? {});
  const others = vars.disks.map((each, index) => {
    let number = 1;
    while (taken.has(`${bus}${number}`) || vars.disks.some((other) => other.interface === `${bus}${number}`)) number++;
    const drive = each.interface ?? `${bus}${number}`;
    const holder = taken.get(drive);
    if (holder !== undefined)
      report({
        rule: "repeated-drive",
        severity: "error",
        at: origins.place("disks", index, "interface"),
        also: [{ at: origins.place(...(holder < 0 ? ["disk_interface"] : ["disks", holder])), note: "has it first" }],
        path: `proxmox_vm.disks.${index}.interface`,
        subject: host.name,
        message: `two disks of ${host.name} are attached at ${drive}`,
        fix: "delete interface: of one, and it gets the next that is free",
      });
    taken.set(drive, index);
    origins.note(`disks.${index + 1}`, "disks", index);
    return disk(drive, each.storage ?? base.storage, each.size, each);
  });
  return [root, ...others];
}

type DiskOptions = NonNullable<VmVars["root_disk"]>;

const disk = (drive: string, storage: string, sizeGiB: number, options: DiskOptions): VmDisk => ({
  interface: drive,
  storage,
  sizeGiB,
  ssd: options.ssd ?? false,
  discard: options.discard ?? true,
  // Only SCSI disks with a controller of their own and VirtIO disks can have one.
  iothread: options.iothread ?? !drive.startsWith("sata"),
  backup: options.backup ?? true,
  ...withoutUndefined({ notBackedUp: options.not_backed_up }),
  replicate: options.replicate ?? true,
  cache: options.cache ?? "none",
});

const cloudInit = (vars: NonNullable<VmVars["cloud_init"]>, user: string | undefined) => ({
  user: vars.user ?? user ?? "debian",
  sshKeys: vars.ssh_keys,
  ...withoutUndefined({ upgrade: vars.upgrade }),
  interface: vars.interface ?? "scsi30",
});

/** Its cards, which nothing else may use while it runs. */
function claimsOf(vars: VmVars, base: Base, { host, origins, report }: Reader, inputs: GuestInputs): GpuClaim[] {
  const node = inputs.nodes.get(base.node);
  if (!node) return [];
  return vars.gpus.flatMap((each, index) => {
    origins.note(`gpus.${index}`, "gpus", index);
    const { memory, name }: Exclude<typeof each, string> = typeof each === "string" ? { name: each } : each;
    if (node.gpus.some((gpu) => gpu.name === name))
      return [{ gpu: name, exclusive: true, ...withoutUndefined({ memoryMiB: memory }) }];
    report({ ...unknownGpu(name, host, node), at: origins.place("gpus", index), path: `proxmox_vm.gpus.${index}` });
    return [];
  });
}
