import { failure } from "../../errors";
import { printPropertyString } from "../../schema/property-string";
import type { Guest } from "../../state/state";
import type { Context, Handler, Routes } from "../../testbed";
import { requireDigest } from "../digest";
import { allocate, findVolume, removeVolume, storageOf } from "../volumes";
import { digestOfGuest, forgetGuest, guestOf, nodeOf, requireSkiplockRight, requireUnlocked } from "./common";
import { cloneMachine } from "./qemu-clone";
import { isDisk, parseDisk } from "./qemu-config";
import { createMachine } from "./qemu-create";
import {
  agentInterfaces,
  agentOf,
  machineCurrent,
  machineStatus,
  rebootCall,
  resetCall,
  shutdownCall,
  startCall,
  stopCall,
} from "./qemu-run";
import { changeOption, updateMachine } from "./qemu-update";
import { sharedRoutes } from "./shared";
import { parseSize, printSize } from "./sizes";

async function updateInTask(context: Context): Promise<string> {
  const guest = guestOf(context, "qemu");
  updateMachine(context);
  return context.task(guest.node, "qmconfig", guest.vmid, () => undefined);
}

async function resize(context: Context): Promise<string> {
  const { call, access, state } = context;
  const guest = guestOf(context, "qemu");
  const key = call.text("disk");
  requireUnlocked(context, guest);
  requireDigest(digestOfGuest(guest), call.optional("digest"));
  const value = guest.config[key];
  if (value === undefined) throw failure(`disk '${key}' does not exist`);
  const disk = parseDisk(key, value);
  const storage = (disk.file ?? "").split(":")[0];
  if (!access.isRoot) access.require(`/storage/${storage}`, "Datastore.AllocateSpace");
  const size = call.text("size");
  const current = parseSize(disk.size ?? "0");
  const target = size.startsWith("+") ? current + parseSize(size.slice(1)) : parseSize(size);
  if (target < current) throw failure("shrinking disks is not supported");
  return context.task(guest.node, "resize", guest.vmid, () => {
    const volume = findVolume(state, disk.file ?? "", guest.node);
    if (volume) volume.size = target;
    guest.config[key] = printPropertyString({ ...disk, size: printSize(target) }, { first: ["file"], bare: "file" });
    context.testbed.changed();
  });
}

async function destroy(context: Context): Promise<string> {
  const { call, state, testbed } = context;
  requireSkiplockRight(context);
  const guest = guestOf(context, "qemu");
  const { vmid } = guest;
  if (guest.config.protection === "1") throw failure(`can't remove VM ${vmid} - protection mode enabled`);
  if (state.sections["ha/resources"]?.[`vm:${vmid}`] && !call.flag("purge")) {
    throw failure(`unable to remove VM ${vmid} - used in HA resources and purge parameter not set.`);
  }
  if (guest.running) throw failure(`VM ${vmid} is running - destroy failed`);
  if (!call.flag("skiplock")) requireUnlocked(context, guest);
  return context.task(guest.node, "qmdestroy", vmid, () => {
    forgetGuest(state, guest, call.flag("purge"));
    testbed.changed();
  });
}

async function makeTemplate(context: Context): Promise<string> {
  const guest = guestOf(context, "qemu");
  requireUnlocked(context, guest);
  if (Object.keys(guest.snapshots).length > 0)
    throw failure("unable to create template, because VM contains snapshots");
  if (guest.config.template === "1" && !context.call.has("disk"))
    throw failure("you can't convert a template to a template");
  if (guest.running) throw failure("you can't convert a VM to template if VM is running");
  return context.task(guest.node, "qmtemplate", guest.vmid, () => {
    guest.config.template = "1";
    for (const key of Object.keys(guest.config).filter(isDisk)) {
      const rename = (text: string): string => text.replace(/(^|[:/])vm-(\d+-disk-)/, "$1base-$2");
      const file = parseDisk(key, guest.config[key] ?? "").file ?? "";
      const volume = findVolume(context.state, file, guest.node);
      if (volume) volume.volid = rename(volume.volid);
      guest.config[key] = rename(guest.config[key] ?? "");
    }
    context.testbed.changed();
  });
}

async function moveDisk(context: Context): Promise<string> {
  const { call, access } = context;
  const guest = guestOf(context, "qemu");
  const key = call.text("disk");
  const storage = call.optional("storage") ?? "";
  const value = guest.config[key];
  requireUnlocked(context, guest);
  if (value === undefined) throw failure(`disk '${key}' does not exist`);
  const target = call.number("target-vmid");
  if (target !== undefined) return giveDisk(context, guest, key, target);
  access.require(`/storage/${storage}`, "Datastore.AllocateSpace");
  storageOf(context.state, storage);
  return context.task(guest.node, "qmmove", guest.vmid, () => {
    const disk = parseDisk(key, value);
    const bytes = parseSize(disk.size ?? "0");
    const made = allocate(context, guest.node, { storage, vmid: guest.vmid, bytes, content: "images" });
    if (call.flag("delete")) removeVolume(context.state, disk.file ?? "", guest.node);
    else guest.config.unused0 ??= disk.file ?? "";
    guest.config[key] = printPropertyString({ ...disk, file: made.volid }, { first: ["file"], bare: "file" });
    context.testbed.changed();
  });
}

/** A disk becomes another machine's. */
function giveDisk(context: Context, guest: Guest, key: string, vmid: number): Promise<string> {
  const { access, call, state } = context;
  access.require(`/vms/${vmid}`, "VM.Config.Disk");
  const target = state.guests[vmid];
  const targetKey = call.optional("target-disk") ?? key;
  if (target?.type !== "qemu") throw failure(`VM ${vmid} does not exist`);
  if (target.config[targetKey] !== undefined) throw failure(`Target disk key '${targetKey}' is already in use`);
  return context.task(guest.node, "qmmove", guest.vmid, () => {
    const value = guest.config[key] ?? "";
    const volume = findVolume(state, parseDisk(key, value).file ?? "", guest.node);
    if (volume) volume.vmid = vmid;
    target.config[targetKey] = value;
    delete guest.config[key];
    context.testbed.changed();
  });
}

function unlink(context: Context): null {
  const guest = guestOf(context, "qemu");
  requireUnlocked(context, guest);
  for (const key of context.call.list("idlist")) changeOption(context, guest, key, null);
  context.testbed.changed();
  return null;
}

function cloudInit(context: Context): string {
  const guest = guestOf(context, "qemu");
  const name = guest.config.name ?? `VM${guest.vmid}`;
  if (context.call.text("type") === "network") return "version: 1\nconfig: []\n";
  if (context.call.text("type") === "meta") return `instance-id: ${guest.vmid}\n`;
  const user = guest.config.ciuser === undefined ? "" : `user: ${guest.config.ciuser}\n`;
  return `#cloud-config\nhostname: ${name}\nmanage_etc_hosts: true\nfqdn: ${name}\n${user}chpasswd:\n  expire: False\nusers:\n  - default\npackage_upgrade: true\n`;
}

/** A fixed answer, from a machine whose agent runs. */
const agentAnswer =
  (answer: unknown): Handler =>
  (context) => {
    agentOf(context);
    return answer;
  };

const BASE = "/nodes/{node}/qemu";
const AGENT = `${BASE}/{vmid}/agent`;

export const qemuRoutes: Routes = {
  ...sharedRoutes("qemu"),
  [`GET ${BASE}`]: (context) =>
    Object.values(context.state.guests)
      .filter(
        (guest) =>
          guest.type === "qemu" &&
          guest.node === nodeOf(context) &&
          context.access.has(`/vms/${guest.vmid}`, "VM.Audit"),
      )
      .map((guest) => machineStatus(context.testbed, guest)),
  [`POST ${BASE}`]: createMachine,
  [`DELETE ${BASE}/{vmid}`]: destroy,
  [`PUT ${BASE}/{vmid}/config`]: updateMachine,
  [`POST ${BASE}/{vmid}/config`]: updateInTask,
  [`PUT ${BASE}/{vmid}/resize`]: resize,
  [`POST ${BASE}/{vmid}/clone`]: cloneMachine,
  [`POST ${BASE}/{vmid}/template`]: makeTemplate,
  [`POST ${BASE}/{vmid}/move_disk`]: moveDisk,
  [`PUT ${BASE}/{vmid}/unlink`]: unlink,
  [`PUT ${BASE}/{vmid}/cloudinit`]: (context) => void guestOf(context, "qemu"),
  [`GET ${BASE}/{vmid}/cloudinit/dump`]: cloudInit,
  [`GET ${BASE}/{vmid}/status/current`]: machineCurrent,
  [`POST ${BASE}/{vmid}/status/start`]: startCall,
  [`POST ${BASE}/{vmid}/status/stop`]: stopCall,
  [`POST ${BASE}/{vmid}/status/shutdown`]: shutdownCall,
  [`POST ${BASE}/{vmid}/status/reboot`]: rebootCall,
  [`POST ${BASE}/{vmid}/status/reset`]: resetCall,
  [`POST ${BASE}/{vmid}/monitor`]: () => "",
  [`GET ${AGENT}/network-get-interfaces`]: agentInterfaces,
  [`POST ${AGENT}/ping`]: agentAnswer({ result: {} }),
  [`GET ${AGENT}/info`]: agentAnswer({ result: { version: "10.0.0", supported_commands: [] } }),
  [`GET ${AGENT}/get-host-name`]: (context) => ({ result: { "host-name": agentOf(context).config.name } }),
  [`POST ${AGENT}/exec`]: agentAnswer({ pid: 1234 }),
  [`POST ${AGENT}/file-write`]: (context) => void agentOf(context),
  [`POST ${AGENT}/set-user-password`]: agentAnswer({ result: {} }),
};
