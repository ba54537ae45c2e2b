import { failure } from "../../errors";
import type { Guest } from "../../state/state";
import type { TaskContext } from "../../tasks";
import type { Context, Testbed } from "../../testbed";
import {
  bridgeExists,
  configWithPending,
  guestOf,
  missingGuest,
  nodeOf,
  now,
  requireSkiplockRight,
  requireUnlocked,
} from "./common";
import { haOf } from "./lxc-run";
import { bootBytes, parseNic } from "./qemu-config";
import { MIB } from "./sizes";

const PRESSURE = [
  "pressurecpufull",
  "pressurecpusome",
  "pressureiofull",
  "pressureiosome",
  "pressurememoryfull",
  "pressurememorysome",
];

const hasAgent = (guest: Guest): boolean => /^(?:1|enabled=1)|,enabled=1/.test(guest.config.agent ?? "");

/** What lists and `status/current` say about a virtual machine. */
export function machineStatus(testbed: Testbed, guest: Guest): Record<string, unknown> {
  const { config, running } = guest;
  const memory = Number(/(\d+)/.exec(config.memory ?? "512")?.[1]) * MIB;
  const cpus = Number(config.vcpus ?? Number(config.cores ?? 1) * Number(config.sockets ?? 1));
  const mem = running ? Math.round(memory * 0.1) : 0;
  return {
    cpu: 0,
    cpus: Math.min(cpus, testbed.state.nodes[guest.node]?.cores ?? cpus),
    disk: 0,
    maxdisk: bootBytes(config),
    maxmem: memory,
    mem,
    memhost: mem,
    name: config.name ?? `VM ${guest.vmid}`,
    netin: 0,
    netout: 0,
    status: running ? "running" : "stopped",
    uptime: running ? Math.max(now() - guest.startedAt, 1) : 0,
    vmid: guest.vmid,
    ...(config.tags === undefined ? {} : { tags: config.tags }),
    ...(config.lock === undefined ? {} : { lock: config.lock }),
    ...(config.template === "1" ? { template: 1 } : {}),
    ...(Object.keys(config).some((key) => /^serial\d+$/.test(key)) ? { serial: 1 } : {}),
    ...(running ? { pid: guest.pid, ...Object.fromEntries(PRESSURE.map((key) => [key, 0])) } : {}),
  };
}

export function machineCurrent(context: Context): unknown {
  const guest = guestOf(context, "qemu");
  const nics = Object.keys(guest.config).flatMap((key) => {
    const index = /^net(\d+)$/.exec(key)?.[1];
    return index === undefined ? [] : [[`tap${guest.vmid}i${index}`, { netin: 0, netout: 0 }] as const];
  });
  return {
    ...machineStatus(context.testbed, guest),
    ha: haOf(context, guest),
    qmpstatus: guest.running ? "running" : "stopped",
    ...(hasAgent(guest) ? { agent: 1 } : {}),
    ...(guest.running && nics.length > 0 ? { nics: Object.fromEntries(nics) } : {}),
  };
}

/** Starts a machine inside a task. */
export function startMachine(context: Context, guest: Guest, task: Pick<TaskContext, "log">): void {
  const { state, testbed } = context;
  if (!context.call.flag("skiplock")) requireUnlocked(context, guest);
  if (guest.config.template === "1") throw new Error("you can't start a vm if it's a template");
  if (guest.running) throw new Error(`VM ${guest.vmid} already running`);
  guest.config = configWithPending(guest);
  guest.pending = {};
  for (const [key, value] of Object.entries(guest.config)) {
    const bridge = /^net\d+$/.test(key) ? parseNic(value).bridge : undefined;
    if (bridge !== undefined && !bridgeExists(state, guest.node, bridge))
      throw new Error(`bridge '${bridge}' does not exist`);
    if (/^hostpci\d+$/.test(key)) requirePciDevice(context, guest, value, task);
  }
  guest.running = true;
  guest.startedAt = now();
  guest.pid = 2000 + (++state.counter % 30_000);
  testbed.changed();
}

/** Passed-through devices must be on the node, by their id or by a mapping for the node. */
function requirePciDevice(context: Context, guest: Guest, value: string, task: Pick<TaskContext, "log">): void {
  const mapping = /(?:^|,)mapping=([^,]+)/.exec(value)?.[1];
  const entry = context.state.sections["mapping/pci"]?.[mapping ?? ""];
  const maps = Array.isArray(entry?.map) ? entry.map : [];
  const mapped = maps.find((map) => map.includes(`node=${guest.node}`));
  if (mapping !== undefined && mapped === undefined) throw new Error(`PCI device mapping not found for '${mapping}'`);
  const path =
    mapped === undefined
      ? (/(?:^|host=)([0-9a-f:.]+)/i.exec(value)?.[1] ?? "")
      : (/path=([^,]+)/.exec(mapped)?.[1] ?? "");
  const full = path.split(":").length === 2 ? `0000:${path}` : path;
  const known = context.state.nodes[guest.node]?.pciDevices.some((device) => String(device.id).startsWith(full));
  if (known) return;
  const text = `no PCI device found for '${full}'`;
  task.log(text);
  throw new Error(text);
}

export function stopMachine(testbed: Testbed, guest: Guest): void {
  guest.running = false;
  guest.pid = 0;
  guest.config = configWithPending(guest);
  guest.pending = {};
  testbed.changed();
}

/** A state change that only the machine's existence can refuse at once; everything else fails in the task. */
function inTask(context: Context, worker: string, work: (guest: Guest, task: TaskContext) => void): Promise<string> {
  requireSkiplockRight(context);
  const node = nodeOf(context);
  const vmid = Number(context.call.text("vmid"));
  return context.task(node, worker, vmid, (task) => {
    const guest = context.state.guests[vmid];
    if (guest?.type !== "qemu" || guest.node !== node) throw missingGuest(node, "qemu", vmid);
    if (worker !== "qmstart" && !context.call.flag("skiplock")) requireUnlocked(context, guest);
    work(guest, task);
  });
}

export const startCall = (context: Context): Promise<string> =>
  inTask(context, "qmstart", (guest, task) => startMachine(context, guest, task));

export const stopCall = (context: Context): Promise<string> =>
  inTask(context, "qmstop", (guest) => stopMachine(context.testbed, guest));

export const shutdownCall = (context: Context): Promise<string> =>
  inTask(context, "qmshutdown", (guest) => stopMachine(context.testbed, guest));

export const rebootCall = (context: Context): Promise<string> =>
  inTask(context, "qmreboot", (guest, task) => {
    if (!guest.running) throw new Error("VM not running");
    stopMachine(context.testbed, guest);
    startMachine(context, guest, task);
  });

export const resetCall = (context: Context): Promise<string> =>
  inTask(context, "qmreset", (guest) => {
    if (!guest.running) throw new Error("VM not running");
  });

/** Answers of the guest agent: plausible ones when it is enabled and the machine runs. */
export function agentOf(context: Context): Guest {
  const guest = guestOf(context, "qemu");
  if (!guest.running) throw failure(`VM ${guest.vmid} is not running`);
  if (!hasAgent(guest)) throw failure("No QEMU guest agent configured");
  if (context.state.options["testbed-agent"] === "silent") throw failure("QEMU guest agent is not running");
  return guest;
}

export function agentInterfaces(context: Context): unknown {
  const guest = agentOf(context);
  const loopback = {
    name: "lo",
    "hardware-address": "00:00:00:00:00:00",
    "ip-addresses": [
      { "ip-address": "127.0.0.1", "ip-address-type": "ipv4", prefix: 8 },
      { "ip-address": "::1", "ip-address-type": "ipv6", prefix: 128 },
    ],
  };
  const nics = Object.entries(guest.config).flatMap(([key, value]) => {
    const index = /^net(\d+)$/.exec(key)?.[1];
    if (index === undefined) return [];
    const fixed = /(?:^|,)ip=(\d[^,/]*)\/(\d+)/.exec(guest.config[`ipconfig${index}`] ?? "");
    const host = (guest.vmid * 8 + Number(index)) % 65_024;
    const address = fixed?.[1] ?? `198.19.${Math.floor(host / 254)}.${(host % 254) + 1}`;
    return {
      name: index === "0" ? "eth0" : `eth${index}`,
      "hardware-address": (parseNic(value).macaddr ?? "").toLowerCase(),
      "ip-addresses": [{ "ip-address": address, "ip-address-type": "ipv4", prefix: Number(fixed?.[2] ?? 15) }],
    };
  });
  return { result: [loopback, ...nics] };
}
