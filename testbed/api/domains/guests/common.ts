import { randomBytes } from "node:crypto";
import { denied, failure, invalid } from "../../errors";
import { splitList } from "../../schema/lists";
import type { PropertyValues } from "../../schema/property-string";
import { api, type ParameterSpecs } from "../../schema/spec";
import { specFor } from "../../schema/validate";
import type { Guest, GuestValues, State } from "../../state/state";
import type { Context } from "../../testbed";
import { sha1 } from "../digest";

export type GuestType = Guest["type"];

/** What a call changes of a guest's configuration. */
export interface GuestChange {
  readonly vmid: number;
  readonly pool?: string | undefined;
  /** Absent: a new guest. */
  readonly before?: GuestValues;
  readonly set: GuestValues;
  readonly remove: readonly string[];
}

const FOLDER: Readonly<Record<GuestType, string>> = { lxc: "lxc", qemu: "qemu-server" };

/** `CT` or `VM`, as Proxmox VE's texts say. */
export const kindOf = (type: GuestType): string => (type === "lxc" ? "CT" : "VM");

export const configSpecs = (type: GuestType): ParameterSpecs =>
  api.methods[`PUT /nodes/{node}/${type}/{vmid}/config`]?.parameters ?? {};

export function findGuest(state: State, node: string, type: GuestType, vmid: number): Guest | undefined {
  const guest = state.guests[vmid];
  return guest?.node === node && guest.type === type ? guest : undefined;
}

export const missingGuest = (node: string, type: GuestType, vmid: number): Error =>
  failure(`Configuration file 'nodes/${node}/${FOLDER[type]}/${vmid}.conf' does not exist`);

/** The guest that a request's `node` and `vmid` name. */
export function guestOf(context: Context, type: GuestType): Guest {
  const { call, state } = context;
  const vmid = Number(call.text("vmid"));
  const guest = findGuest(state, nodeOf(context), type, vmid);
  if (!guest) throw missingGuest(nodeOf(context), type, vmid);
  return guest;
}

export const nodeOf = (context: Context): string => context.call.text("node");

export const digestOfGuest = (guest: Guest): string =>
  sha1(JSON.stringify([guest.config, guest.pending, guest.snapshots]));

/** The configuration as it will be after the next start. */
export function configWithPending(guest: Guest): GuestValues {
  const config = { ...guest.config };
  for (const [key, value] of Object.entries(guest.pending)) {
    if (value === null) delete config[key];
    else config[key] = value;
  }
  return config;
}

/** Integers and booleans are numbers in answers; numbers with a fraction, and all else, are strings. */
export function answerValue(type: GuestType, key: string, value: string): string | number {
  const spec = specFor(configSpecs(type), key);
  const isNumber = spec?.type === "integer" || spec?.type === "boolean" || NUMBERS.has(key);
  return isNumber && /^[+-]?\d+$/.test(value) ? Number(value) : value;
}
/** Keys that no parameter describes but answers hold. */
const NUMBERS = new Set(["unprivileged", "template", "snaptime"]);

export const answerConfig = (type: GuestType, config: GuestValues): Record<string, string | number> =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [key, answerValue(type, key, value)]));

/** Refuses work on a locked guest; a fault may have locked it. */
export function requireUnlocked(context: Pick<Context, "fault">, guest: Guest): void {
  const lock = context.fault.lock ?? guest.config.lock;
  if (lock !== undefined) throw failure(`${kindOf(guest.type)} is locked (${lock})`);
}

/** Only root itself may ignore a lock. */
export function requireSkiplockRight(context: Context): void {
  if (context.call.flag("skiplock") && !context.access.isRoot) {
    throw invalid({ skiplock: "Only root may use this option." });
  }
}

/** A guest that stands still, and that nothing is pending for. */
export const newGuest = (is: Pick<Guest, "vmid" | "node" | "type" | "config">): Guest => ({
  ...is,
  pending: {},
  running: false,
  startedAt: 0,
  pid: 0,
  snapshots: {},
});

export function withoutLock(config: GuestValues): GuestValues {
  const { lock: _, ...rest } = config;
  return rest;
}

/** A volume that nothing uses any more stays with its guest, as `unusedN`. */
export function keepUnused({ config }: Guest, volume: string): void {
  let n = 0;
  while (config[`unused${n}`] !== undefined) n++;
  config[`unused${n}`] = volume;
}

/** A guest is created by who may do so, or by who may do so in the pool that it goes to. */
export function requireCreateRight(context: Context, vmid: number, pool: string | undefined): void {
  const { access } = context;
  const allowed =
    access.isRoot ||
    access.has(`/vms/${vmid}`, "VM.Allocate") ||
    (pool !== undefined && access.has(`/pool/${pool}`, "VM.Allocate"));
  if (!allowed) throw denied();
}

export function requireFreeVmid(state: State, vmid: number, prefix = ""): void {
  const taken = state.guests[vmid];
  if (taken) throw failure(`${prefix}${kindOf(taken.type)} ${vmid} already exists on node '${taken.node}'`);
}

export function requirePool(context: Context, pool: string | undefined): void {
  if (pool !== undefined && !context.state.pools[pool]) throw denied(`pool '${pool}' does not exist`);
}

export function addToPool(state: State, pool: string | undefined, vmid: number): void {
  if (pool !== undefined) state.pools[pool]?.guests.push(vmid);
}

/** Takes back the beginnings of a guest. */
export function discardGuest(state: State, { vmid }: Guest): void {
  delete state.guests[vmid];
  state.volumes = state.volumes.filter((volume) => volume.vmid !== vmid || volume.content === "backup");
  for (const pool of Object.values(state.pools)) pool.guests = pool.guests.filter((id) => id !== vmid);
}

/** Forgets a guest everywhere it is named. */
export function forgetGuest(state: State, guest: Guest, purge: boolean): void {
  const { vmid } = guest;
  discardGuest(state, guest);
  delete state.firewalls[`guest/${vmid}`];
  state.acl = state.acl.filter((entry) => entry.path !== `/vms/${vmid}`);
  if (purge) purgeGuest(state, vmid);
}

function purgeGuest(state: State, vmid: number): void {
  for (const job of Object.values(state.sections["cluster/backup"] ?? {})) {
    const left = splitList(String(job.vmid ?? "")).filter((id) => id !== String(vmid));
    if (job.vmid !== undefined) job.vmid = left.join(",");
  }
  const replication = state.sections["cluster/replication"] ?? {};
  for (const id of Object.keys(replication)) if (id.startsWith(`${vmid}-`)) delete replication[id];
  for (const kind of ["ct", "vm"]) delete state.sections["ha/resources"]?.[`${kind}:${vmid}`];
}

/** Proxmox VE writes tags in lower case, sorted, each once. */
export function normalizeTags(text: string): string {
  const tags = splitList(text).map((tag) => tag.toLowerCase());
  return [...new Set(tags)].sort().join(";");
}

/** A fresh MAC address with Proxmox's own prefix. */
export function newMac(): string {
  const tail = [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase());
  return ["BC:24:11", ...tail].join(":");
}

export const now = (): number => Math.floor(Date.now() / 1000);

/** Bridges and vnets that exist on a node. */
export function bridgeExists(state: State, node: string, bridge: string): boolean {
  const interfaces = state.nodes[node]?.network ?? {};
  const isBridge = /^(?:OVS)?bridge$/i.test(String(interfaces[bridge]?.type ?? ""));
  return isBridge || state.sections["sdn/running-vnets"]?.[bridge] !== undefined;
}

/** Using a bridge needs SDN.Use on it, or on its VLAN. */
function requireBridgeUse(context: Context, bridge: string | undefined, vlan: string | undefined): void {
  if (bridge === undefined || context.access.isRoot) return;
  const zone = context.state.sections["sdn/vnets"]?.[bridge]?.zone ?? "localnetwork";
  const path = `/sdn/zones/${zone}/${bridge}`;
  context.access.require(vlan === undefined ? path : `${path}/${vlan}`, "SDN.Use");
}

/** Refuses a network card on a bridge, or on VLANs of it, that the caller may not use. */
export function requireNicBridge(context: Context, { bridge, tag, trunks }: PropertyValues): void {
  if (trunks === undefined || tag !== undefined) {
    requireBridgeUse(context, bridge, tag);
    return;
  }
  for (const vlan of trunks.split(";")) requireBridgeUse(context, bridge, vlan);
}

/** Tags: the guest itself must allow it, and registered ones need more. */
export function requireTagRight(context: Context, vmid: number, before: string, after: string): void {
  if (context.access.isRoot) return;
  const old = new Set(splitList(before));
  const fresh = new Set(splitList(after.toLowerCase()));
  const changed = [...new Set([...old, ...fresh])].filter((tag) => old.has(tag) !== fresh.has(tag));
  if (changed.length === 0) return;
  if (!context.access.hasOnGuestItself(vmid, "VM.Config.Options")) throw denied(`/vms/${vmid}, VM.Config.Options`);
  const registered = splitList(context.state.options["registered-tags"] ?? "");
  if (changed.some((tag) => registered.includes(tag))) context.access.require("/", "Sys.Modify");
}
