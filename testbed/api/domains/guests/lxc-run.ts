import { failure, messageOf } from "../../errors";
import type { GuestRef, TaskLog } from "../../guest-backend";
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
import { parseNet, rootBytes } from "./lxc-config";
import { MIB } from "./sizes";

export const refOf = (guest: Guest): GuestRef => ({ node: guest.node, vmid: guest.vmid });

/** Starts a container inside a task: what was pending comes into force. */
export async function startContainer(context: Context, guest: Guest, task: Pick<TaskContext, "log">): Promise<void> {
  const { testbed, state } = context;
  if (!context.call.flag("skiplock")) requireUnlocked(context, guest);
  if (guest.config.template === "1") throw new Error(`you can't start a CT if it's a template`);
  guest.config = configWithPending(guest);
  guest.pending = {};
  const { os } = guest;
  if (os !== undefined && os !== "unmanaged" && guest.config.ostype !== "unmanaged") guest.config.ostype = os;
  for (const [key, value] of Object.entries(guest.config)) {
    const bridge = /^net\d+$/.test(key) ? parseNet(value).bridge : undefined;
    if (bridge !== undefined && !bridgeExists(state, guest.node, bridge)) {
      throw new Error(`bridge '${bridge}' does not exist`);
    }
  }
  await testbed.backend.start(refOf(guest), guest.config, task.log);
  await markRunning(testbed, guest);
}

async function markRunning(testbed: Testbed, guest: Guest): Promise<void> {
  const status = await testbed.backend.status(refOf(guest));
  guest.running = true;
  guest.startedAt = now();
  guest.pid = status.pid ?? 2000 + (++testbed.state.counter % 30_000);
  testbed.changed();
}

function markStopped(testbed: Testbed, guest: Guest): void {
  guest.running = false;
  guest.pid = 0;
  guest.config = configWithPending(guest);
  guest.pending = {};
  testbed.changed();
}

/** Stops a container at once, or after asking it to. */
export async function stopContainer(testbed: Testbed, guest: Guest, log: TaskLog, timeout?: number): Promise<void> {
  if (timeout === undefined) await testbed.backend.stop(refOf(guest), log);
  else await testbed.backend.shutdown(refOf(guest), timeout, log);
  markStopped(testbed, guest);
}

export async function start(context: Context): Promise<string> {
  requireSkiplockRight(context);
  const vmid = Number(context.call.text("vmid"));
  const guest = context.state.guests[vmid];
  if (guest?.node === nodeOf(context) && guest.running) throw failure(`CT ${vmid} already running`);
  return context.task(nodeOf(context), "vzstart", vmid, async (task) => {
    if (guest?.type !== "lxc" || guest.node !== nodeOf(context)) throw missingGuest(nodeOf(context), "lxc", vmid);
    await startContainer(context, guest, task);
  });
}

function runningGuest(context: Context, kind = "CT"): Guest {
  const vmid = context.call.text("vmid");
  const guest = context.state.guests[Number(vmid)];
  if (guest?.type !== "lxc" || guest.node !== nodeOf(context) || !guest.running) {
    throw failure(`${kind} ${vmid} not running`);
  }
  return guest;
}

export async function stop(context: Context): Promise<string> {
  requireSkiplockRight(context);
  const guest = runningGuest(context);
  return context.task(guest.node, "vzstop", guest.vmid, async (task) => {
    if (!context.call.flag("skiplock")) requireUnlocked(context, guest);
    await stopContainer(context.testbed, guest, task.log);
  });
}

export async function shutdown(context: Context): Promise<string> {
  const guest = runningGuest(context);
  const { call, testbed } = context;
  const timeout = call.number("timeout") ?? 60;
  return context.task(guest.node, "vzshutdown", guest.vmid, async (task) => {
    requireUnlocked(context, guest);
    try {
      await stopContainer(testbed, guest, task.log, timeout);
    } catch (error) {
      if (!call.flag("forceStop")) throw error;
      task.log(messageOf(error));
      await stopContainer(testbed, guest, task.log);
    }
  });
}

export async function reboot(context: Context): Promise<string> {
  const guest = runningGuest(context, "VM");
  const timeout = context.call.number("timeout") ?? 60;
  return context.task(guest.node, "vzreboot", guest.vmid, async (task) => {
    requireUnlocked(context, guest);
    guest.config = configWithPending(guest);
    guest.pending = {};
    await context.testbed.backend.reboot(refOf(guest), guest.config, timeout, task.log);
    await markRunning(context.testbed, guest);
  });
}

const PRESSURE = [
  "pressurecpufull",
  "pressurecpusome",
  "pressureiofull",
  "pressureiosome",
  "pressurememoryfull",
  "pressurememorysome",
];

/** What lists and `status/current` say about a container. */
export function statusOf(testbed: Testbed, guest: Guest, memoryBytes?: number): Record<string, unknown> {
  const config = guest.config;
  const memory = Number(config.memory ?? 512) * MIB;
  const disk = rootBytes(guest);
  const limit = Number(config.cpulimit ?? 0) > 0 ? config.cpulimit : undefined;
  return {
    cpu: 0,
    // A limit takes the place of cores that are not set, as the text that it is.
    cpus: config.cores === undefined ? (limit ?? testbed.state.nodes[guest.node]?.cores ?? 1) : Number(config.cores),
    disk: guest.running ? Math.round(disk * 0.08) : 0,
    diskread: 0,
    diskwrite: 0,
    maxdisk: disk,
    maxmem: memory,
    maxswap: Number(config.swap ?? 512) * MIB,
    mem: guest.running ? (memoryBytes ?? Math.round(memory * 0.05)) : 0,
    name: config.hostname ?? `CT${guest.vmid}`,
    netin: 0,
    netout: 0,
    status: guest.running ? "running" : "stopped",
    swap: 0,
    type: "lxc",
    uptime: guest.running ? Math.max(now() - guest.startedAt, 1) : 0,
    vmid: guest.vmid,
    ...(config.tags === undefined ? {} : { tags: config.tags }),
    ...(config.lock === undefined ? {} : { lock: config.lock }),
    ...(config.template === "1" ? { template: 1 } : {}),
    ...(guest.running ? { pid: guest.pid, ...Object.fromEntries(PRESSURE.map((key) => [key, "0.00"])) } : {}),
  };
}

export async function currentStatus(context: Context): Promise<unknown> {
  const guest = guestOf(context, "lxc");
  await refresh(context.testbed, guest);
  const status = guest.running ? await context.testbed.backend.status(refOf(guest)) : undefined;
  return { ...statusOf(context.testbed, guest, status?.memoryBytes), ha: haOf(context, guest) };
}

/** A guest that stopped by itself is stopped. */
export async function refresh(testbed: Testbed, guest: Guest): Promise<void> {
  if (!guest.running) return;
  const status = await testbed.backend.status(refOf(guest));
  if (!status.running && guest.running) markStopped(testbed, guest);
  else if (status.pid !== undefined) guest.pid = status.pid;
}

export function haOf(context: Context, guest: Guest): Record<string, unknown> {
  const sid = `${guest.type === "lxc" ? "ct" : "vm"}:${guest.vmid}`;
  const resource = context.state.sections["ha/resources"]?.[sid];
  return resource && resource.state !== "ignored" ? { managed: 1, state: resource.state ?? "started" } : { managed: 0 };
}

export async function interfaces(context: Context): Promise<unknown> {
  const { call, state, testbed } = context;
  const guest = state.guests[Number(call.text("vmid"))];
  if (guest?.type !== "lxc" || guest.node !== nodeOf(context) || !guest.running) return null;
  const found = await testbed.backend.addresses(refOf(guest));
  return found?.map((item) => {
    const mac = item.mac.toLowerCase();
    const v4 = item.addresses.find((address) => !address.includes(":"));
    const v6 = item.addresses.find((address) => address.includes(":"));
    return {
      name: item.name,
      hwaddr: mac,
      "hardware-address": mac,
      "ip-addresses": item.addresses.map((address) => {
        const [ip, prefix] = address.split("/");
        return { "ip-address": ip, "ip-address-type": ip?.includes(":") ? "inet6" : "inet", prefix };
      }),
      ...(v4 === undefined ? {} : { inet: v4 }),
      ...(v6 === undefined ? {} : { inet6: v6 }),
    };
  });
}
