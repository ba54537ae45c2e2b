import { randomUUID } from "node:crypto";
import type { Guest, GuestValues } from "../../state/state";
import type { TaskContext } from "../../tasks";
import type { Context } from "../../testbed";
import { takeUpNamed } from "../node-files";
import { allocate, removeVolume } from "../volumes";
import {
  addToPool,
  discardGuest,
  newGuest,
  nodeOf,
  now,
  requireCreateRight,
  requireFreeVmid,
  requirePool,
} from "./common";
import {
  isDisk,
  makeDisk,
  normalizeMachineValue,
  parseDisk,
  requireMachineRights,
  requireStorageOf,
} from "./qemu-config";
import { startMachine } from "./qemu-run";

const CREATE_ONLY = [
  "node",
  "vmid",
  "pool",
  "force",
  "start",
  "unique",
  "bwlimit",
  "archive",
  "storage",
  "ha-managed",
  "live-restore",
  "import-working-storage",
  "cdrom",
  "freeze",
];

/** `POST /nodes/{node}/qemu` */
export async function createMachine(context: Context): Promise<string> {
  const { call, access, state, testbed } = context;
  const node = nodeOf(context);
  const vmid = Number(call.text("vmid"));
  const pool = call.optional("pool");
  await takeUpNamed(context, node, call.rest());
  requirePool(context, pool);
  const given: GuestValues = call.rest(...CREATE_ONLY);
  if (call.has("cdrom")) given.ide2 = `${call.text("cdrom")},media=cdrom`;
  if (call.flag("start")) access.requireGuest(vmid, pool, "VM.PowerMgmt");
  if (call.flag("ha-managed")) access.require("/", "Sys.Console");
  if (call.has("storage")) access.require(`/storage/${call.text("storage")}`, "Datastore.AllocateSpace");
  requireCreateRight(context, vmid, pool);
  for (const key of Object.keys(given).filter(isDisk)) requireStorageOf(context, key, given[key] ?? "");
  requireMachineRights(context, {
    vmid,
    pool,
    set: call.has("freeze") ? { ...given, freeze: call.text("freeze") } : given,
    remove: [],
  });
  requireFreeVmid(state, vmid, `unable to create VM ${vmid} - `);
  const config: GuestValues = {};
  for (const [key, value] of Object.entries(given)) {
    const normal = isDisk(key) ? undefined : normalizeMachineValue(key, value, true);
    if (normal !== undefined) config[key] = normal;
  }
  const guest = newGuest({ vmid, node, type: "qemu", config: { ...config, lock: "create" } });
  state.guests[vmid] = guest;
  addToPool(state, pool, vmid);
  testbed.changed();
  const undo = () => discardGuest(state, guest);
  return context.task(node, "qmcreate", vmid, (task) => build(context, guest, given, task), undo);
}

function build(context: Context, guest: Guest, given: GuestValues, task: TaskContext): void {
  const { testbed, call } = context;
  const { vmid, node, config } = guest;
  const lock = given.lock;
  const release = reserveFirstNumber(context, guest, given.efidisk0);
  try {
    for (const key of Object.keys(given).filter(isDisk).sort()) {
      config[key] = makeDisk(context, node, vmid, key, given[key] ?? "");
      task.log(`${key}: successfully created disk '${config[key]}'`);
    }
    config.boot ??= defaultBoot(config);
    config.smbios1 = withUuid(config.smbios1);
    if (config.vmgenid === undefined || config.vmgenid === "1") config.vmgenid = randomUUID();
    config.meta = `creation-qemu=10.0.13,ctime=${now()}`;
  } catch (error) {
    throw new Error(`unable to create VM ${vmid} - ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    release();
    delete config.lock;
    if (lock !== undefined) config.lock = lock;
    testbed.changed();
  }
  if (call.flag("start")) startMachine(context, guest, task);
}

/** While an EFI disk is made, Proxmox VE keeps the first disk number for itself; answers how to give it back. */
function reserveFirstNumber(context: Context, guest: Guest, efiDisk: string | undefined): () => void {
  const storage =
    efiDisk === undefined ? undefined : /^([^:]+):\d/.exec(parseDisk("efidisk0", efiDisk).file ?? "")?.[1];
  if (storage === undefined) return () => undefined;
  const { state } = context;
  const kept = allocate({ state, fault: {} }, guest.node, { storage, vmid: guest.vmid, bytes: 0, content: "images" });
  return () => void removeVolume(state, kept.volid, guest.node);
}

function defaultBoot(config: GuestValues): string {
  const disk = ["scsi0", "virtio0", "sata0", "ide0"].find((key) => config[key] !== undefined);
  const order = [disk, config.ide2 === undefined ? undefined : "ide2", config.net0 === undefined ? undefined : "net0"];
  const keys = order.filter((key) => key !== undefined);
  return keys.length === 0 ? " " : `order=${keys.join(";")}`;
}

const withUuid = (smbios: string | undefined): string =>
  smbios === undefined ? `uuid=${randomUUID()}` : /uuid=/.test(smbios) ? smbios : `${smbios},uuid=${randomUUID()}`;
