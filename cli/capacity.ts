import {
  type GpuLoad,
  type Load,
  type NodeCapacity,
  nodeCapacities,
  type Pool,
  poolsOf,
  promised,
  TIGHT,
} from "../model/capacity";
import { type NodeLoss, nodeLosses } from "../model/failover";
import type { Lab } from "../model/lab";
import { EXIT, type ExitCode, type Io, table } from "./output";
import { load, resolved } from "./target";

export interface CapacityOptions {
  readonly json?: boolean;
}

/** Tells what nodes, storages and cards have, what guests are promised of it, and what fits when one node is lost. */
export function capacity(target: string, { json = false }: CapacityOptions, io: Io): ExitCode {
  const lab = resolved(load(target, io), io);
  if (!lab) return EXIT.problems;
  io.out(json ? JSON.stringify(asJson(lab), undefined, 2) : text(lab, io));
  return EXIT.ok;
}

function asJson(lab: Lab): object {
  const isActive = new Set(lab.nodes.filter(({ active }) => active).map(({ name }) => name));
  return {
    lab: lab.name,
    nodes: nodeCapacities(lab).map(({ cores, gpus, guests, memoryMiB, node }) => ({
      node: node.name,
      active: node.active,
      cores,
      memoryMiB: { ...memoryMiB, ...(memoryMiB.has === undefined ? {} : { line: memoryMiB.has * TIGHT }) },
      gpus,
      guests: guests.map(({ name, started }) => ({ guest: name, started })),
    })),
    storages: poolsOf(lab).map(({ isShared, nodes, storage, ...sizes }) => ({
      storage: storage.name,
      type: storage.type,
      shared: isShared,
      active: nodes.some(({ name }) => isActive.has(name)),
      nodes: nodes.map(({ name }) => name),
      sizeGiB: sizes,
    })),
    withoutNode: nodeLosses(lab),
  };
}

function text(lab: Lab, io: Io): string {
  const all = nodeCapacities(lab);
  const active = all.filter(({ node }) => node.active);
  const inactive = all.filter(({ node }) => !node.active);
  const pools = poolsOf(lab);
  const isActive = ({ nodes }: Pool) => nodes.some((node) => node.active);
  const parts = [
    nodeTable(active, io),
    storageTable(pools.filter(isActive), io),
    gpuTable(active, io),
    inactive.length > 0 ? `${io.colors.bold("Not active")}\n${nodeTable(inactive, io)}` : "",
    storageTable(
      pools.filter((pool) => !isActive(pool)),
      io,
    ),
    gpuTable(inactive, io),
    ...nodeLosses(lab).map((loss) => lossText(loss, io)),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

const stated = (value: number | undefined) => (value === undefined ? "?" : String(value));

function nodeTable(nodes: readonly NodeCapacity[], io: Io): string {
  const rows = nodes.map(({ cores, guests, memoryMiB, node }) => {
    const { has, running } = memoryMiB;
    const line = has === undefined ? "?" : String(Math.floor(has * TIGHT));
    const runningCount = guests.filter(({ started }) => started).length;
    return [
      node.name,
      `${runningCount} of ${guests.length}`,
      ...sums(cores),
      ...sums(memoryMiB),
      line,
      used(running, has, TIGHT, io),
    ];
  });
  const heads = ["NODE", "GUESTS UP", "CORES", "UP", "ALL", "MEMORY MiB", "UP", "ALL", "90 %", "USED"];
  return table(heads, rows, io.colors);
}

function storageTable(pools: readonly Pool[], io: Io): string {
  if (pools.length === 0) return "";
  const rows = pools.map((pool) => {
    const { isShared, nodes, storage } = pool;
    const where = nodes.map(({ name }) => name).join(", ");
    return [
      storage.name,
      `${storage.type}${isShared ? ", shared" : ""}`,
      where,
      ...sums(pool),
      used(promised(pool), pool.has, 1, io),
    ];
  });
  return table(["STORAGE", "TYPE", "NODES", "DISK GiB", "UP", "ALL", "USED"], rows, io.colors);
}

function gpuTable(nodes: readonly NodeCapacity[], io: Io): string {
  const rows = nodes.flatMap(({ gpus, node }) =>
    gpus.map((gpu) => [node.name, gpu.name, gpu.model ?? "?", stated(gpu.memoryMiB), ...asked(gpu), claims(gpu)]),
  );
  if (rows.length === 0) return "";
  return table(["NODE", "GPU", "MODEL", "MEMORY MiB", "UP", "ALL", "CLAIMED BY"], rows, io.colors);
}

const sums = (each: Load): string[] => [stated(each.has), String(each.running), String(promised(each))];

function asked({ claims: all }: GpuLoad): [string, string] {
  const sum = (of: GpuLoad["claims"]) => String(of.reduce((total, { memoryMiB = 0 }) => total + memoryMiB, 0));
  return [sum(all.filter(({ started }) => started)), sum(all)];
}

function claims({ claims: all }: GpuLoad): string {
  const guests = all.map(({ exclusive, guest, started }) => {
    const notes = [exclusive ? "alone" : "", started ? "" : "stopped"].filter((note) => note !== "");
    return notes.length > 0 ? `${guest} (${notes.join(", ")})` : guest;
  });
  return guests.join(", ") || "nobody";
}

/** A share of what there is, coloured from where it gets tight. */
function used(amount: number, has: number | undefined, tight: number, { colors }: Io): string {
  if (has === undefined) return "?";
  const share = has === 0 ? (amount === 0 ? 0 : 1) : amount / has;
  const percent = `${Math.round(100 * share)} %`;
  if (share > 1) return colors.red(percent);
  return share > tight ? colors.yellow(percent) : percent;
}

function lossText({ moved, node, stranded }: NodeLoss, { colors }: Io): string {
  const head = colors.bold(`Without ${node}`);
  if (moved.length + stranded.length === 0) return `${head}: no guest runs there`;
  const lines = [
    ...moved.map(({ guest, memoryMiB, to }) => `  ${colors.green("fits")}  ${guest} on ${to} (${memoryMiB} MiB)`),
    ...stranded.map(({ guest, reasons }) => `  ${colors.red("lost")}  ${guest}: ${reasons.join("; ")}`),
  ];
  return [`${head}: ${moved.length} of ${moved.length + stranded.length} running guests fit elsewhere`, ...lines].join(
    "\n",
  );
}
