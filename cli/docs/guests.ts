import type { Guest, Lab, Mount, VmImage } from "../../model/lab";
import { code, codes, plain, section, table } from "./markdown";

const KINDS: Readonly<Record<Guest["kind"], string>> = { container: "CT", vm: "VM" };

export function guests({ guests: all }: Lab): string {
  const rows = all.map((guest) => [
    String(guest.vmid),
    plain(guest.name),
    KINDS[guest.kind],
    plain(guest.node),
    systemOf(guest),
    String(guest.cores),
    String(guest.memoryMiB),
    `${guest.diskGiB} on ${code(guest.storage)}`,
    guest.tier === undefined ? "" : code(guest.tier),
    stateOf(guest),
    plain(guest.description ?? ""),
  ]);
  const heads = [
    "VMID",
    "Guest",
    "",
    "Node",
    "System",
    "Cores",
    "Memory MiB",
    "Disk GiB",
    "Tier",
    "State",
    "Description",
  ];
  return section("Guests", table(heads, rows), departures(all), mounts(all), hardware(all));
}

function systemOf(guest: Guest): string {
  if (guest.kind === "container") return guest.os.osType;
  if (guest.system === "cloud" && guest.image) return plain(imageName(guest.image));
  return guest.system === "plain" ? guest.osType : guest.system;
}

/** `debian-13-genericcloud-amd64`: the file or volume without what says how it is packed. */
function imageName(image: VmImage): string {
  const name = image.kind === "download" ? image.fileName : image.volume.replace(/^.*[:/]/, "");
  return name.replace(/\.(qcow2|raw|img|vmdk)$/, "");
}

function stateOf({ protection, startOnBoot, started, startup }: Guest): string {
  const order = startup?.order === undefined ? "" : `, order ${startup.order}`;
  const boot = startOnBoot ? `starts with the node${order}` : "not started with the node";
  return [started ? "runs" : "stopped", boot, protection ? "protected" : ""].filter((each) => each !== "").join("; ");
}

/** Where a guest is not as its tier says, and why. */
function departures(all: readonly Guest[]): string {
  const rows = all.flatMap(({ exceptions, name, tier = "" }) =>
    exceptions.map(({ key, reason = "", tierValue, value }) => [
      plain(name),
      code(tier),
      key,
      String(tierValue),
      String(value),
      plain(reason),
    ]),
  );
  return table(["Not as its tier", "Tier", "Key", "Tier says", "Is", "Because"], rows);
}

function mounts(all: readonly Guest[]): string {
  const rows = all.flatMap((guest) =>
    guest.kind === "container"
      ? guest.mounts.map((mount) => [plain(guest.name), code(mount.path), sourceOf(mount), mountNotes(mount)])
      : guest.disks
          .slice(1)
          .map(({ backup, interface: at, sizeGiB, storage }) => [
            plain(guest.name),
            code(at),
            `${sizeGiB} GiB on ${code(storage)}`,
            backup ? "" : "not backed up",
          ]),
  );
  return table(["Mount or disk of", "At", "Is", ""], rows);
}

const sourceOf = (mount: Mount): string =>
  mount.kind === "bind" ? `${code(mount.source)} of the node` : `${mount.sizeGiB} GiB on ${code(mount.storage)}`;

function mountNotes(mount: Mount): string {
  const notes = [mount.readOnly ? "read only" : "", mount.kind === "volume" && !mount.backup ? "not backed up" : ""];
  return notes.filter((note) => note !== "").join(", ");
}

/** Device files and USB devices; cards have a section of their own. */
function hardware(all: readonly Guest[]): string {
  const rows = all.map((guest) => {
    const devices =
      guest.kind === "container" ? guest.devices.map(({ path }) => path) : guest.usb.map(({ name }) => name);
    return [plain(guest.name), codes(devices)];
  });
  return table(
    ["Guest", "Devices"],
    rows.filter(([, devices]) => devices !== ""),
  );
}
