import { randomUUID } from "node:crypto";
import { failure } from "../../errors";
import { printPropertyString } from "../../schema/property-string";
import type { Guest, GuestValues } from "../../state/state";
import type { Context } from "../../testbed";
import { allocate } from "../volumes";
import {
  addToPool,
  discardGuest,
  guestOf,
  newGuest,
  newMac,
  requireFreeVmid,
  requirePool,
  requireUnlocked,
} from "./common";
import { isCdrom, isDisk, normalizeMachineValue, parseDisk, parseNic } from "./qemu-config";
import { parseSize } from "./sizes";

/** `POST /nodes/{node}/qemu/{vmid}/clone` */
export async function cloneMachine(context: Context): Promise<string> {
  const { call, state, testbed } = context;
  const source = guestOf(context, "qemu");
  const newid = Number(call.text("newid"));
  const pool = call.optional("pool");
  requirePool(context, pool);
  requireUnlocked(context, source);
  requireFreeVmid(state, newid, `unable to create VM ${newid}: `);
  const full = call.has("full") ? call.flag("full") : source.config.template !== "1";
  if (!full && call.has("storage")) throw failure("parameter 'storage' not allowed for linked clones");
  requireRights(context, source, full);
  const copy = newGuest({
    vmid: newid,
    node: call.optional("target") ?? source.node,
    type: "qemu",
    config: { ...clonedConfig(context, source), lock: "clone" },
  });
  state.guests[newid] = copy;
  addToPool(state, pool, newid);
  testbed.changed();
  const work = (): void => {
    try {
      for (const key of Object.keys(source.config).filter(isDisk).sort()) cloneDisk(context, source, copy, key);
    } catch (error) {
      throw new Error(`clone failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      delete copy.config.lock;
      testbed.changed();
    }
  };
  return context.task(source.node, "qmclone", source.vmid, work, () => discardGuest(state, copy));
}

function requireRights(context: Context, source: Guest, full: boolean): void {
  const { access, call } = context;
  if (access.isRoot) return;
  for (const [key, value] of Object.entries(source.config)) {
    if (/^net\d+$/.test(key)) {
      const { bridge } = parseNic(value);
      if (bridge !== undefined) access.require(`/sdn/zones/localnetwork/${bridge}`, "SDN.Use");
    } else if (/^hostpci\d+$/.test(key)) {
      const mapping = /(?:^|,)mapping=([^,]+)/.exec(value)?.[1];
      if (mapping === undefined) throw failure(`only root can set '${key}' config for non-mapped devices`);
      access.require(`/mapping/pci/${mapping}`, "Mapping.Use");
    } else if (/^usb\d+$/.test(key) && /host=|^[0-9a-f]{4}:/.test(value) && !/spice/i.test(value)) {
      throw failure(`only root can set '${key}' config for real devices`);
    } else if (isDisk(key)) {
      const disk = parseDisk(key, value);
      const storage = (full ? call.optional("storage") : undefined) ?? (disk.file ?? "").split(":")[0];
      if (!isCdrom(disk)) access.require(`/storage/${storage}`, "Datastore.AllocateSpace");
    }
  }
}

function clonedConfig(context: Context, source: Guest): GuestValues {
  const { call } = context;
  const config: GuestValues = {};
  for (const [key, value] of Object.entries(source.config)) {
    if (/^(?:unused\d+|lock|template|name|description|parent|vmgenid)$/.test(key) || isDisk(key)) continue;
    config[key] = value;
    if (/^net\d+$/.test(key)) {
      const { macaddr: _, ...nic } = parseNic(value);
      config[key] = normalizeMachineValue(key, printPropertyString({ ...nic, macaddr: newMac() }), true) ?? value;
    }
  }
  config.name = call.optional("name") ?? `Copy-of-VM-${source.config.name ?? source.vmid}`;
  const description = call.optional("description");
  if (description !== undefined) config.description = description;
  config.smbios1 =
    (source.config.smbios1 ?? "").replace(/uuid=[^,]+/, `uuid=${randomUUID()}`) || `uuid=${randomUUID()}`;
  if (source.config.vmgenid !== undefined) config.vmgenid = randomUUID();
  return config;
}

function cloneDisk(context: Context, source: Guest, copy: Guest, key: string): void {
  const disk = parseDisk(key, source.config[key] ?? "");
  const isCloudInit = /cloudinit/.test(disk.file ?? "");
  if (isCdrom(disk) && !isCloudInit) {
    copy.config[key] = source.config[key] ?? "";
    return;
  }
  const storage = context.call.optional("storage") ?? (disk.file ?? "").split(":")[0] ?? "";
  const format = /\.(qcow2|raw|vmdk)$/.exec(disk.file ?? "")?.[1];
  const made = allocate(context, copy.node, {
    storage,
    vmid: copy.vmid,
    bytes: parseSize(disk.size ?? "0"),
    content: "images",
    ...(isCloudInit ? { label: "cloudinit" } : {}),
    ...(format === undefined ? {} : { format }),
  });
  copy.config[key] = printPropertyString({ ...disk, file: made.volid }, { first: ["file"], bare: "file" });
}
