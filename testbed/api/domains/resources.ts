import type { Guest } from "../state/state";
import type { Testbed } from "../testbed";
import { statusOf as containerStatus } from "./guests/lxc-run";
import { machineStatus } from "./guests/qemu-run";
import { MIB } from "./guests/sizes";
import { capacityOf, contentOf, isOnNode, isShared, usedBytes } from "./volumes";

/** One entry of `GET /cluster/resources` or of a pool's members. */
export type Resource = Record<string, unknown>;

export function guestResource(testbed: Testbed, guest: Guest): Resource {
  const status = guest.type === "lxc" ? containerStatus(testbed, guest) : machineStatus(testbed, guest);
  const {
    cpu,
    cpus,
    disk,
    diskread = 0,
    diskwrite = 0,
    maxdisk,
    maxmem,
    mem,
    name,
    netin,
    netout,
    uptime,
    tags,
    lock,
  } = status;
  const pool = Object.keys(testbed.state.pools).find((id) => testbed.state.pools[id]?.guests.includes(guest.vmid));
  return {
    cpu,
    disk,
    diskread,
    diskwrite,
    maxdisk,
    maxmem,
    mem,
    name,
    netin,
    netout,
    uptime,
    id: `${guest.type}/${guest.vmid}`,
    maxcpu: Number(cpus),
    node: guest.node,
    status: status.status,
    template: guest.config.template === "1" ? 1 : 0,
    type: guest.type,
    vmid: guest.vmid,
    ...(tags === undefined ? {} : { tags }),
    ...(lock === undefined ? {} : { lock }),
    ...(pool === undefined ? {} : { pool }),
  };
}

/** @returns `undefined` when the node does not have this storage */
export function storageResource(testbed: Testbed, node: string, id: string): Resource | undefined {
  const storage = testbed.state.storages[id];
  if (!storage || !isOnNode(storage, node)) return undefined;
  const off = storage.disable === 1;
  return {
    content: contentOf(storage).join(","),
    disk: off ? 0 : usedBytes(testbed.state, id, node),
    id: `storage/${node}/${id}`,
    maxdisk: off ? 0 : capacityOf(storage),
    node,
    plugintype: storage.type,
    shared: isShared(storage) ? 1 : 0,
    status: off ? "unknown" : "available",
    storage: id,
    type: "storage",
  };
}

export function nodeResource(testbed: Testbed, name: string, full: boolean): Resource {
  const node = testbed.state.nodes[name];
  const numbers = {
    cpu: 0.01,
    disk: 8 * 1024 * MIB,
    maxcpu: node?.cores ?? 1,
    maxdisk: 250 * 1024 * MIB,
    maxmem: (node?.memoryMiB ?? 0) * MIB,
    mem: Math.round((node?.memoryMiB ?? 0) * MIB * 0.1),
    uptime: Math.max(Math.floor(Date.now() / 1000) - (node?.startedAt ?? 0), 1),
  };
  return {
    id: `node/${name}`,
    level: "",
    node: name,
    status: node?.online ? "online" : "offline",
    type: "node",
    ...(full && node?.online ? numbers : {}),
  };
}
