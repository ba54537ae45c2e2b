import { backupCoverage } from "../../model/backup";
import { nodeCapacities, poolsOf } from "../../model/capacity";
import type { Bridge, Lab, Node } from "../../model/lab";
import { code, codes, plain, section, table, yes } from "./markdown";

export function nodes({ groups: known, nodes: all }: Lab): string {
  const telling = new Set(known.filter(({ children }) => children.length === 0).map(({ name }) => name));
  const rows = all.map(({ active, address, cores, groups, memoryMiB, name }) => [
    plain(name),
    code(address),
    active ? "yes" : "no: described, not built",
    cores === undefined ? "" : String(cores),
    memoryMiB === undefined ? "" : String(memoryMiB),
    codes(groups.filter((group) => telling.has(group))),
  ]);
  return section("Nodes", table(["Node", "Address", "Active", "Cores", "Memory MiB", "Groups"], rows), roles(all));
}

function roles(all: readonly Node[]): string {
  const rows = all
    .filter(({ steps }) => steps.length > 0)
    .map(({ name, steps }) => [plain(name), codes(steps.map(({ role }) => role))]);
  return table(["Node", "Roles, in their order"], rows);
}

const WRITTEN: Readonly<Record<Bridge["write"], string>> = {
  none: "is there, never written",
  create: "made by the lab",
  rewrite: "rewritten by the lab",
};

export function bridges({ nodes: all }: Lab): string {
  const rows = all.flatMap((node) =>
    node.bridges.map((name) => {
      const link = node.links.find((each) => each.name === name);
      return [plain(node.name), code(name), ...(link ? linkCells(link) : [WRITTEN.none])];
    }),
  );
  return section(
    "Bridges",
    table(["Node", "Bridge", "", "Address", "Ports", "Reaches the Internet by", "Kept apart from"], rows),
    forwards(all),
  );
}

const linkCells = ({ address, address6, isolateGuests, isolatedFrom, ports, uplink, write }: Bridge): string[] => [
  WRITTEN[write],
  codes([address, address6].filter((each) => each !== undefined)),
  codes(ports),
  uplink === undefined ? "" : code(uplink),
  [...isolatedFrom.map(code), ...(isolateGuests ? ["its guests from each other"] : [])].join(", "),
];

function forwards(all: readonly Node[]): string {
  const rows = all.flatMap(({ links, name }) =>
    links.flatMap(({ forwards: each }) =>
      each.map(({ comment = "", port, protocol, source, to, toPort }) => [
        plain(name),
        code(`${protocol}/${port}`),
        code(`${to}:${toPort}`),
        source === undefined ? "anywhere" : code(source),
        plain(comment),
      ]),
    ),
  );
  return table(["Node", "Port forwarded", "To", "From", ""], rows);
}

export function storages(lab: Lab): string {
  const rows = poolsOf(lab).map(({ has, isShared, nodes: on, storage }) => [
    code(storage.name),
    storage.type,
    on.map(({ name }) => plain(name)).join(", "),
    yes(isShared),
    has === undefined ? "" : String(has),
    storage.content.join(", "),
    madeOf(lab, storage.name),
  ]);
  return section(
    "Storages",
    table(["Storage", "Type", "Nodes", "Shared", "GiB", "Content", "Made by the lab from"], rows),
  );
}

/** Where the data of a storage that the lab makes is. */
function madeOf({ storages: made = [] }: Lab, storage: string): string {
  const target = made.find(({ name }) => name === storage)?.target;
  switch (target?.type) {
    case undefined:
      return "";
    case "dir":
      return code(target.path);
    case "nfs":
      return code(`${target.server}:${target.export}`);
    case "cifs":
      return code(`//${target.server}/${target.share}`);
    case "zfspool":
      return code(target.pool);
    case "pbs":
      return `${code(target.datastore)} on ${code(target.server)}`;
  }
}

export function backups(lab: Lab): string {
  const jobs = (lab.backupJobs ?? []).map(({ enabled, keep, mode, name, schedule, storage }) => [
    code(name),
    enabled ? code(schedule) : "off",
    code(storage),
    mode,
    codes(Object.entries(keep).map(([option, number]) => `${option}=${number}`)),
  ]);
  const rows = backupCoverage(lab).map(({ guest, jobs: own, leftOut, reason = "" }) => [
    plain(guest),
    own.length > 0 ? codes(own) : "no",
    plain(reason),
    leftOut.map((each) => `${code(each.what)}${each.reason ? ` (${plain(each.reason)})` : ""}`).join(", "),
  ]);
  return section(
    "Backups",
    table(["Job", "When", "To", "Mode", "Keeps"], jobs),
    table(["Guest", "Backed up by", "Why not", "Left out"], rows),
  );
}

export function gpus(lab: Lab): string {
  const rows = nodeCapacities(lab).flatMap(({ gpus: cards, node }) =>
    cards.map(({ claims, memoryMiB, model = "", name }) => [
      plain(node.name),
      code(name),
      plain(model),
      codes([node.gpus.find((gpu) => gpu.name === name)?.pciId].filter((each) => each !== undefined)),
      memoryMiB === undefined ? "" : String(memoryMiB),
      node.gpus.find((gpu) => gpu.name === name)?.use === "vm" ? "VMs" : "containers",
      claims
        .map(({ exclusive, guest, started }) => {
          const notes = [exclusive ? "alone" : "", started ? "" : "stopped"].filter((note) => note !== "");
          return `${plain(guest)}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`;
        })
        .join(", "),
    ]),
  );
  return section("GPUs", table(["Node", "GPU", "Model", "PCI address", "Memory MiB", "For", "Used by"], rows));
}
