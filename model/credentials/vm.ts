import type { VmGuest } from "../lab";
import { type Need, root, token, tokens } from "./need";

const only = (option: string) => `only root can set '${option}' config`;

/** What a VM needs beside what every guest needs. */
export function vmNeeds(guest: VmGuest): Need[] {
  const vm = `/vms/${guest.vmid}`;
  return [
    token("machine", "sets firmware, machine type and screen", [vm, "VM.Config.HWType"], [vm, "VM.Config.Options"]),
    token("agent", "says whether the guest agent runs", [vm, "VM.Config.Options"]),
    token("boot_order", "says what it starts from", [vm, "VM.Config.Disk"]),
    token("balloon", "sets the least memory", [vm, "VM.Config.Memory"]),
    ...cpuNeeds(guest, vm),
    ...(guest.startup
      ? [token("startup", "sets the start order of a VM", [vm, "VM.Config.Options"], ["/", "Sys.Modify"])]
      : []),
    ...diskNeeds(guest, vm),
    ...systemNeeds(guest, vm),
    ...deviceNeeds(guest, vm),
    ...rootNeeds(guest),
  ];
}

function cpuNeeds({ cpu }: VmGuest, vm: string): Need[] {
  const custom = cpu.type.startsWith("custom-") ? [["/nodes", "Sys.Audit"] as const] : [];
  return [token("cpu", `sets the CPU type ${cpu.type}`, [vm, "VM.Config.CPU"], ...custom)];
}

/** Those of the root disk are every guest's: its storage also holds the EFI disk, the TPM's state and the cloud-init drive. */
function diskNeeds({ disks }: VmGuest, vm: string): Need[] {
  return disks
    .slice(1)
    .map((disk) =>
      token(
        `disks ${disk.interface}`,
        `creates and grows a disk on ${disk.storage}`,
        [vm, "VM.Config.Disk"],
        [`/storage/${disk.storage}`, "Datastore.AllocateSpace"],
      ),
    );
}

const storageOf = (volume: string) => `/storage/${volume.split(":")[0] ?? ""}`;

function systemNeeds(guest: VmGuest, vm: string): Need[] {
  const drive = guest.cloudInit
    ? [
        token(
          "cloud_init",
          "sets what cloud-init does, and its drive",
          [vm, "VM.Config.Cloudinit"],
          [vm, "VM.Config.CDROM"],
        ),
      ]
    : [];
  const discs = guest.discs.map((disc) =>
    token(
      guest.system === "windows" ? `windows ${disc}` : `iso ${disc}`,
      `puts ${disc} into a drive`,
      [vm, "VM.Config.CDROM"],
      [storageOf(disc), "Datastore.Audit"],
    ),
  );
  return [...drive, ...imageNeeds(guest), ...discs];
}

function imageNeeds({ adopt, image, node, system }: VmGuest): Need[] {
  if (!image || adopt) return [];
  const option = system === "cloud" ? "cloud_init.image" : system === "haos" ? "haos" : "image";
  if (image.kind === "volume")
    return [token(option, `reads ${image.volume}`, [storageOf(image.volume), "Datastore.Audit"])];
  const storage = `/storage/${image.storage}`;
  const read = token(option, `reads ${image.fileName} on ${image.storage}`, [storage, "Datastore.Audit"]);
  // A packed one is fetched by a step on the node, which needs no API.
  if (/\.(xz|gz|zst|bz2)$/.test(new URL(image.url).pathname)) return [read];
  const download = tokens(
    option,
    `${node} downloads ${image.fileName} to ${image.storage}, and removes it at the end`,
    [storage, "Datastore.AllocateTemplate"],
    [storage, "Datastore.Audit"],
    [storage, "Datastore.Allocate"],
    [`/nodes/${node}`, "Sys.AccessNetwork"],
  );
  return [download];
}

function deviceNeeds({ cards, usb }: VmGuest, vm: string): Need[] {
  const mapped = (key: string, kind: "pci" | "usb", { name }: { readonly name: string }) =>
    token(
      `${key} ${name}`,
      `attaches the mapping ${name}`,
      [vm, "VM.Config.HWType"],
      [`/mapping/${kind}/${name}`, "Mapping.Use"],
    );
  return [...cards.map((card) => mapped("gpus", "pci", card)), ...usb.map((each) => mapped("usb", "usb", each))];
}

function rootNeeds({ cards, cpu, hugepages }: VmGuest): Need[] {
  const isHidden = cpu.hidden && !cards.some(({ primary }) => primary);
  return [
    ...(cpu.affinity === undefined
      ? []
      : [root("cpu.affinity", only("affinity"), "let the node's scheduler place it; weigh it with cpu.units")]),
    ...(hugepages
      ? [root("hugepages", only("hugepages"), "do without: the kernel merges pages by itself (transparent huge pages)")]
      : []),
    ...(hugepages?.keep ? [root("keep_hugepages", only("keephugepages"), "let the pages go")] : []),
    ...(isHidden
      ? [
          root(
            "cpu.hidden",
            only("args"),
            "make one of its cards the primary one, which hides the hypervisor by itself",
          ),
        ]
      : []),
  ];
}
