import { failure } from "../../errors";
import type { Context, Routes } from "../../testbed";
import { allocate, findVolume } from "../volumes";
import { forgetGuest, guestOf, nodeOf, requireUnlocked } from "./common";
import { cloneContainer } from "./lxc-clone";
import { parseMount, printMount } from "./lxc-config";
import { createContainer } from "./lxc-create";
import {
  currentStatus,
  interfaces,
  reboot,
  refOf,
  refresh,
  shutdown,
  start,
  statusOf,
  stop,
  stopContainer,
} from "./lxc-run";
import { resizeContainer, updateContainer } from "./lxc-update";
import { sharedRoutes } from "./shared";

async function list(context: Context): Promise<unknown> {
  const guests = Object.values(context.state.guests).filter(
    (guest) =>
      guest.type === "lxc" && guest.node === nodeOf(context) && context.access.has(`/vms/${guest.vmid}`, "VM.Audit"),
  );
  await Promise.all(guests.map((guest) => refresh(context.testbed, guest)));
  return guests.map((guest) => statusOf(context.testbed, guest));
}

async function destroy(context: Context): Promise<string> {
  const { call, state, testbed } = context;
  const guest = guestOf(context, "lxc");
  const { vmid } = guest;
  if (guest.config.protection === "1") throw failure(`can't remove CT ${vmid} - protection mode enabled`);
  requireUnlocked(context, guest);
  const ha = state.sections["ha/resources"]?.[`ct:${vmid}`];
  if (ha && !call.flag("purge")) {
    throw failure(`unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`);
  }
  if (guest.running && !call.flag("force")) throw failure(`unable to destroy CT ${vmid} - container is running`);
  return context.task(guest.node, "vzdestroy", vmid, async (task) => {
    requireUnlocked(context, guest);
    if (guest.running) {
      task.log(`forced to stop CT ${vmid} before destroying!`);
      await stopContainer(testbed, guest, task.log);
    }
    guest.config.lock = "destroyed";
    await testbed.backend.destroy(refOf(guest), task.log);
    if (call.flag("purge")) task.log(`purging CT ${vmid} from related configurations..`);
    forgetGuest(state, guest, call.flag("purge"));
    testbed.changed();
  });
}

function makeTemplate(context: Context): null {
  const guest = guestOf(context, "lxc");
  requireUnlocked(context, guest);
  if (guest.config.template === "1") throw failure(`you can't convert a CT that's already a template`);
  if (Object.keys(guest.snapshots).length > 0)
    throw failure("unable to create template, because CT contains snapshots");
  if (guest.running) throw failure("you can't convert a CT to template if the CT is running");
  guest.config.template = "1";
  context.testbed.changed();
  return null;
}

async function moveVolume(context: Context): Promise<string> {
  const { call, access, state, testbed } = context;
  const guest = guestOf(context, "lxc");
  const key = call.text("volume");
  const storage = call.optional("storage");
  const value = guest.config[key];
  requireUnlocked(context, guest);
  if (value === undefined) throw failure(`cannot move volume '${key}', not configured`);
  if (storage === undefined) throw failure("one of 'storage' or 'target-vmid' must be set");
  if (!access.isRoot) access.require(`/storage/${storage}`, "Datastore.AllocateSpace");
  if (guest.running) throw failure("cannot move volumes of a running container");
  return context.task(guest.node, "move_volume", guest.vmid, () => {
    const mount = parseMount(key, value);
    const bytes = findVolume(state, mount.volume ?? "", guest.node)?.size ?? 0;
    const made = allocate(context, guest.node, { storage, vmid: guest.vmid, bytes, content: "rootdir" });
    guest.config[key] = printMount({ ...mount, volume: made.volid });
    if (call.flag("delete")) state.volumes = state.volumes.filter((volume) => volume.volid !== mount.volume);
    else guest.config.unused0 ??= mount.volume ?? "";
    testbed.changed();
  });
}

function suspend(context: Context): never {
  throw failure(`CT ${context.call.text("vmid")} not running`);
}

const BASE = "/nodes/{node}/lxc";

export const lxcRoutes: Routes = {
  ...sharedRoutes("lxc"),
  [`GET ${BASE}`]: list,
  [`POST ${BASE}`]: createContainer,
  [`DELETE ${BASE}/{vmid}`]: destroy,
  [`PUT ${BASE}/{vmid}/config`]: updateContainer,
  [`PUT ${BASE}/{vmid}/resize`]: resizeContainer,
  [`POST ${BASE}/{vmid}/clone`]: cloneContainer,
  [`POST ${BASE}/{vmid}/template`]: makeTemplate,
  [`POST ${BASE}/{vmid}/move_volume`]: moveVolume,
  [`GET ${BASE}/{vmid}/interfaces`]: interfaces,
  [`GET ${BASE}/{vmid}/status/current`]: currentStatus,
  [`POST ${BASE}/{vmid}/status/start`]: start,
  [`POST ${BASE}/{vmid}/status/stop`]: stop,
  [`POST ${BASE}/{vmid}/status/shutdown`]: shutdown,
  [`POST ${BASE}/{vmid}/status/reboot`]: reboot,
  [`POST ${BASE}/{vmid}/status/suspend`]: suspend,
  [`POST ${BASE}/{vmid}/status/resume`]: suspend,
};
