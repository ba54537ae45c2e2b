import { failure, invalid } from "../../errors";
import type { Guest } from "../../state/state";
import type { Context, Handler, Routes } from "../../testbed";
import {
  answerConfig,
  answerValue,
  configWithPending,
  digestOfGuest,
  findGuest,
  type GuestType,
  guestOf,
  kindOf,
  missingGuest,
  nodeOf,
  now,
  requireUnlocked,
} from "./common";

/** `GET …/config`: with what is pending, unless the caller wants the current values or a snapshot's. */
export const readConfig =
  (type: GuestType): Handler =>
  (context) => {
    const { call } = context;
    const guest = guestOf(context, type);
    const snapshot = call.optional("snapshot");
    const saved = snapshot === undefined ? undefined : guest.snapshots[snapshot];
    if (snapshot !== undefined && !saved) throw failure(`snapshot '${snapshot}' does not exist`);
    const config = saved?.config ?? (call.flag("current") ? guest.config : configWithPending(guest));
    return { ...answerConfig(type, config), digest: digestOfGuest(guest) };
  };

/** `GET …/pending`: every key with its value and what it will be. */
export const readPending =
  (type: GuestType): Handler =>
  (context) => {
    const guest = guestOf(context, type);
    const keys = new Set([...Object.keys(guest.config), ...Object.keys(guest.pending)]);
    const entries: Record<string, unknown>[] = [...keys].map((key) => {
      const value = guest.config[key];
      const next = guest.pending[key];
      return {
        key,
        ...(value === undefined ? {} : { value: answerValue(type, key, value) }),
        ...(typeof next === "string" ? { pending: answerValue(type, key, next) } : {}),
        ...(next === null ? { delete: 1 } : {}),
      };
    });
    return [...entries, { key: "digest", value: digestOfGuest(guest) }];
  };

const prefixOf = (type: GuestType): string => (type === "lxc" ? "vz" : "qm");

function listSnapshots(type: GuestType): Handler {
  return (context) => {
    const guest = guestOf(context, type);
    const saved = Object.entries(guest.snapshots).map(([name, snapshot]) => ({
      name,
      description: snapshot.description,
      snaptime: snapshot.time,
      ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
    }));
    const parent = latestSnapshot(guest);
    const current = {
      name: "current",
      description: "You are here!",
      digest: digestOfGuest(guest),
      running: guest.running ? 1 : 0,
      ...(parent === undefined ? {} : { parent }),
    };
    return [...saved, current];
  };
}

const latestSnapshot = (guest: Guest): string | undefined => Object.keys(guest.snapshots).at(-1);

function makeSnapshot(type: GuestType): Handler {
  return (context) => {
    const { call, testbed } = context;
    const name = call.text("snapname");
    const guest = guestOf(context, type);
    if (name === "current") throw failure("unable to use snapshot name 'current' (reserved name)");
    return context.task(guest.node, `${prefixOf(type)}snapshot`, guest.vmid, () => {
      requireUnlocked(context, guest);
      if (guest.snapshots[name]) throw new Error(`snapshot name '${name}' already used`);
      const parent = latestSnapshot(guest);
      guest.snapshots[name] = {
        config: { ...guest.config },
        time: now(),
        description: call.optional("description") ?? "",
        ...(parent === undefined ? {} : { parent }),
      };
      testbed.changed();
    });
  };
}

function dropSnapshot(type: GuestType): Handler {
  return (context) => {
    const name = context.call.text("snapname");
    const guest = guestOf(context, type);
    return context.task(guest.node, `${prefixOf(type)}delsnapshot`, guest.vmid, () => {
      requireUnlocked(context, guest);
      if (!guest.snapshots[name]) throw new Error(`snapshot '${name}' does not exist`);
      delete guest.snapshots[name];
      context.testbed.changed();
    });
  };
}

function rollBack(type: GuestType): Handler {
  return (context) => {
    const name = context.call.text("snapname");
    const guest = guestOf(context, type);
    return context.task(guest.node, `${prefixOf(type)}rollback`, guest.vmid, async (task) => {
      requireUnlocked(context, guest);
      const snapshot = guest.snapshots[name];
      if (!snapshot) throw new Error(`snapshot '${name}' does not exist`);
      if (guest.running && type === "lxc") await context.testbed.backend.stop(guest, task.log);
      guest.running = false;
      guest.config = { ...snapshot.config };
      guest.pending = {};
      context.testbed.changed();
    });
  };
}

function snapshotOf(context: Context, type: GuestType): Guest["snapshots"][string] {
  const name = context.call.text("snapname");
  const snapshot = guestOf(context, type).snapshots[name];
  if (!snapshot) throw failure(`snapshot '${name}' does not exist`);
  return snapshot;
}

function migrate(type: GuestType): Handler {
  return (context) => {
    const { call, state } = context;
    const target = call.text("target");
    if (target === nodeOf(context)) throw invalid({ target: "target is local node." });
    if (!state.nodes[target]) throw failure(`no such cluster node '${target}'`);
    const guest = guestOf(context, type);
    requireUnlocked(context, guest);
    if (guest.running && type === "qemu" && !call.flag("online")) {
      throw invalid({ online: "VM is running, use '--online 1' to migrate" });
    }
    if (guest.running && type === "lxc" && !call.flag("restart") && !call.flag("online")) {
      throw failure("migration target: CT is running, use restart mode");
    }
    return context.task(guest.node, `${prefixOf(type)}migrate`, guest.vmid, (task) => {
      task.log(`starting migration of ${kindOf(type)} ${guest.vmid} to node '${target}'`);
      for (const volume of state.volumes)
        if (volume.vmid === guest.vmid && volume.node === guest.node) volume.node = target;
      guest.node = target;
      task.log("migration finished successfully");
      context.testbed.changed();
    });
  };
}

function feature(type: GuestType): Handler {
  return (context) => {
    const { call, state } = context;
    const vmid = Number(call.text("vmid"));
    const guest = findGuest(state, nodeOf(context), type, vmid);
    if (!guest) {
      throw type === "lxc"
        ? missingGuest(nodeOf(context), type, vmid)
        : failure(`unable to find configuration file for VM ${vmid} on node '${nodeOf(context)}'`);
    }
    const storages = Object.values(guest.config).map((value) => state.storages[value.split(":")[0] ?? ""]?.type);
    const plain = storages.some((kind) => kind === "dir" || kind === "nfs");
    return { hasFeature: call.text("feature") === "copy" || !plain ? 1 : 0 };
  };
}

const noSuchGraph: Handler = (context) => {
  const vmid = context.call.text("vmid");
  if (context.state.guests[Number(vmid)]) return [];
  const file = `/var/lib/rrdcached/db/pve-vm-9.0/${vmid}`;
  throw failure(
    `RRD error: rrdcached@unix:/var/run/rrdcached.sock: rrd_fetch_r failed: opening '${file}': No such file or directory`,
  );
};

/** A console: the testbed gives a port and a ticket that nothing listens to. */
const console_ =
  (worker: string): Handler =>
  async (context) => {
    const node = nodeOf(context);
    const id = context.call.optional("vmid") ?? "";
    const upid = await context.task(node, worker, id, () => undefined);
    return { port: "5900", ticket: `PVEVNC:${upid}`, upid, user: context.call.caller.id };
  };

const statusIndex =
  (type: GuestType): Handler =>
  (context) => {
    guestOf(context, type);
    return ["current", "start", "stop", "reset", "shutdown", "suspend", "reboot"].map((subdir) => ({ subdir }));
  };

/** What containers and virtual machines have in common. */
export function sharedRoutes(type: GuestType): Routes {
  const base = `/nodes/{node}/${type}/{vmid}`;
  return {
    [`GET ${base}/config`]: readConfig(type),
    [`GET ${base}/pending`]: readPending(type),
    [`GET ${base}/status`]: statusIndex(type),
    [`GET ${base}/feature`]: feature(type),
    [`GET ${base}/rrddata`]: noSuchGraph,
    [`POST ${base}/migrate`]: migrate(type),
    [`GET ${base}/snapshot`]: listSnapshots(type),
    [`POST ${base}/snapshot`]: makeSnapshot(type),
    [`DELETE ${base}/snapshot/{snapname}`]: dropSnapshot(type),
    [`POST ${base}/snapshot/{snapname}/rollback`]: rollBack(type),
    [`GET ${base}/snapshot/{snapname}/config`]: (context) => {
      const snapshot = snapshotOf(context, type);
      return { ...answerConfig(type, snapshot.config), description: snapshot.description, snaptime: snapshot.time };
    },
    [`PUT ${base}/snapshot/{snapname}/config`]: (context) => {
      snapshotOf(context, type).description = context.call.optional("description") ?? "";
      return null;
    },
    [`POST ${base}/termproxy`]: console_("vncproxy"),
    [`POST ${base}/vncproxy`]: console_("vncproxy"),
    [`POST ${base}/spiceproxy`]: console_("spiceproxy"),
  };
}
