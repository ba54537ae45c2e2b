import { failure, invalid } from "../errors";
import type { Node } from "../state/state";
import type { Context, Routes } from "../testbed";
import { aptRoutes } from "./apt";
import { certificateRoutes } from "./certificates";
import { requireDigest, sha1 } from "./digest";
import { configWithPending } from "./guests/common";
import { MIB } from "./guests/sizes";
import { networkRoutes } from "./network";
import { nodeResource } from "./resources";
import { capacityOf, enabledStorage, isShared } from "./volumes";

/** The release whose answers the testbed gives. */
export const VERSION = { release: "9.1", version: "9.1.10", repoid: "0000000000000000" };
const KERNEL = { sysname: "Linux", release: "6.17.2-1-pve", version: "#1 SMP PREEMPT_DYNAMIC PMX", machine: "x86_64" };

const nodeOf = (context: Context): Node => {
  const node = context.state.nodes[context.call.text("node")];
  if (!node) throw failure("no such node");
  return node;
};

function status(context: Context): unknown {
  const node = nodeOf(context);
  const total = node.memoryMiB * MIB;
  const disk = 250 * 1024 * MIB;
  return {
    "boot-info": { mode: "legacy-bios" },
    cpu: 0.01,
    cpuinfo: {
      cores: node.cores,
      cpus: node.cores,
      family: "6",
      flags: "fpu sse sse2 hypervisor",
      hvm: "",
      mhz: "2500.000",
      model: "Generic x86-64 CPU",
      sockets: 1,
      user_hz: 100,
      vendor: "GenuineIntel",
    },
    "current-kernel": KERNEL,
    idle: 0,
    ksm: { shared: 0 },
    kversion: `${KERNEL.sysname} ${KERNEL.release} ${KERNEL.version}`,
    loadavg: ["0.10", "0.10", "0.10"],
    memory: { available: total * 0.9, free: total * 0.9, total, used: total * 0.1 },
    pveversion: `pve-manager/${VERSION.version}/${VERSION.repoid}`,
    rootfs: { avail: disk * 0.9, free: disk * 0.9, total: disk, used: disk * 0.1 },
    swap: { free: 0, total: 0, used: 0 },
    uptime: Math.max(Math.floor(Date.now() / 1000) - node.startedAt, 1),
    wait: 0,
  };
}

function setDns(context: Context): null {
  const { dns1, dns2, dns3, search } = context.call.rest("node");
  const given = { search, dns1, dns2, dns3 };
  const entries = Object.entries(given).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
  );
  nodeOf(context).dns = Object.fromEntries(entries);
  context.testbed.changed();
  return null;
}

function setHosts(context: Context): null {
  const node = nodeOf(context);
  requireDigest(sha1(node.hosts), context.call.optional("digest"));
  node.hosts = context.call.text("data");
  context.testbed.changed();
  return null;
}

function localTime(timezone: string): number {
  const now = new Date();
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, timeZoneName: "longOffset" }).formatToParts(now);
  const offset = /GMT([+-])(\d\d):(\d\d)/.exec(parts.find((part) => part.type === "timeZoneName")?.value ?? "");
  const minutes = offset ? (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === "-" ? -1 : 1) : 0;
  return Math.floor(now.getTime() / 1000) + minutes * 60;
}

function setTime(context: Context): null {
  const timezone = context.call.text("timezone");
  try {
    localTime(timezone);
  } catch {
    throw invalid({ timezone: "No such timezone" });
  }
  nodeOf(context).timezone = timezone;
  context.testbed.changed();
  return null;
}

function setConfig(context: Context): null {
  const node = nodeOf(context);
  for (const key of context.call.list("delete")) delete node.config[key];
  Object.assign(node.config, context.call.rest("node", "delete", "digest"));
  context.testbed.changed();
  return null;
}

/** `POST /nodes/{node}/vzdump`: a backup archive for every guest that is named. */
async function backup(context: Context): Promise<string> {
  const { call, access, state, testbed } = context;
  const node = call.text("node");
  const storage = call.optional("storage") ?? "local";
  const named = call.list("vmid").map(Number);
  for (const key of ["tmpdir", "dumpdir", "script"]) {
    if (call.has(key) && !access.isRoot) throw invalid({ [key]: "Only root may set this option." });
  }
  const guests = Object.values(state.guests).filter(
    (guest) => guest.node === node && (call.flag("all") || named.includes(guest.vmid)),
  );
  for (const guest of guests) if (!access.isRoot) access.require(`/vms/${guest.vmid}`, "VM.Backup");
  if (!access.isRoot) access.require(`/storage/${storage}`, "Datastore.AllocateSpace");
  const section = enabledStorage(state, storage, node);
  return context.task(node, "vzdump", named.length === 1 ? String(named[0]) : "", (task) => {
    task.log(`INFO: starting new backup job: vzdump ${named.join(" ")} --storage ${storage} --node ${node}`);
    for (const guest of guests) {
      if (context.fault.fullStorage === storage || capacityOf(section) <= 0) throw new Error("job errors");
      const stamp = new Date()
        .toISOString()
        .replace(/T/, "-")
        .replace(/[-:]/g, "_")
        .replace(/\..*$/, "")
        .replace(/_(\d\d)_(\d\d)_(\d\d)$/, "-$1_$2_$3");
      const day = stamp.replace(/^(\d{4})_(\d\d)_(\d\d)_(\d\d)_/, "$1_$2_$3-$4_");
      const ending = guest.type === "lxc" ? "tar.zst" : "vma.zst";
      state.volumes.push({
        volid: `${storage}:backup/vzdump-${guest.type}-${guest.vmid}-${day}.${ending}`,
        node: isShared(section) ? "" : node,
        content: "backup",
        format: ending,
        size: 46_000_000,
        ctime: Math.floor(Date.now() / 1000),
        vmid: guest.vmid,
        notes: JSON.stringify({ config: configWithPending(guest) }),
      });
      task.log(`INFO: Finished Backup of VM ${guest.vmid}`);
    }
    task.log("INFO: Backup job finished successfully");
    testbed.changed();
  });
}

const idle =
  (worker: string, id = "") =>
  (context: Context): Promise<string> =>
    context.task(context.call.text("node"), worker, id, () => undefined);

const requireRoot = (context: Context): null => {
  context.access.requireRoot();
  return null;
};

const pci = (context: Context): unknown => nodeOf(context).pciDevices;

export const nodeRoutes: Routes = {
  "GET /version": () => VERSION,
  "GET /nodes": (context) =>
    Object.keys(context.state.nodes).map((name) => ({
      ...nodeResource(
        context.testbed,
        name,
        context.access.isRoot || context.access.has(`/nodes/${name}`, "Sys.Audit"),
      ),
      ssl_fingerprint: context.testbed.certificate.fingerprint,
    })),
  "GET /nodes/{node}/status": status,
  "GET /nodes/{node}/version": () => VERSION,
  "GET /nodes/{node}/dns": (context) => nodeOf(context).dns,
  "PUT /nodes/{node}/dns": setDns,
  "GET /nodes/{node}/hosts": (context) => ({ data: nodeOf(context).hosts, digest: sha1(nodeOf(context).hosts) }),
  "POST /nodes/{node}/hosts": setHosts,
  "GET /nodes/{node}/time": (context) => {
    const { timezone } = nodeOf(context);
    return { timezone, time: Math.floor(Date.now() / 1000), localtime: localTime(timezone) };
  },
  "PUT /nodes/{node}/time": setTime,
  "GET /nodes/{node}/config": (context) => nodeOf(context).config,
  "PUT /nodes/{node}/config": setConfig,
  "GET /nodes/{node}/subscription": () => ({
    status: "notfound",
    message: "There is no subscription key",
    serverid: "00000000000000000000000000000000",
    url: "https://www.proxmox.com/en/proxmox-virtual-environment/pricing",
  }),
  "PUT /nodes/{node}/subscription": () => null,
  "GET /nodes/{node}/aplinfo": () => [],
  "POST /nodes/{node}/aplinfo": idle("download"),
  "GET /nodes/{node}/hardware/pci": pci,
  "GET /nodes/{node}/hardware/usb": (context) => nodeOf(context).usbDevices,
  "GET /nodes/{node}/disks/list": () => [],
  "POST /nodes/{node}/disks/directory": idle("dircreate"),
  "POST /nodes/{node}/disks/lvm": idle("lvmcreate"),
  "POST /nodes/{node}/disks/lvmthin": idle("lvmthincreate"),
  "POST /nodes/{node}/disks/zfs": idle("zfscreate"),
  "POST /nodes/{node}/disks/initgpt": idle("diskinit"),
  "PUT /nodes/{node}/disks/wipedisk": requireRoot,
  "POST /nodes/{node}/execute": requireRoot,
  "POST /nodes/{node}/termproxy": idle("vncshell"),
  "POST /nodes/{node}/vncshell": idle("vncshell"),
  "POST /nodes/{node}/apt/update": idle("aptupdate"),
  "POST /nodes/{node}/vzdump": backup,
  ...aptRoutes,
  ...certificateRoutes,
  ...networkRoutes,
};
