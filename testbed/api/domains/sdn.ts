import { isIP } from "node:net";
import { failure } from "../errors";
import { api } from "../schema/spec";
import type { Section } from "../state/state";
import { type Context, type Handler, mergeRoutes, type Routes } from "../testbed";
import { digestOf } from "./digest";
import { type Collection, collectionRoutes, entriesOf, toSection } from "./sections";

const APPLIED = "sdn/applied";

function sdnErrors(kind: string, label: string): Pick<Collection, "missing" | "taken"> {
  const noun = label === "" ? "sdn" : `sdn ${label}`;
  const absent = (verb: string) => (id: string) => failure(`${verb}${noun} '${id}' does not exist`);
  return {
    missing: {
      read: absent(""),
      update: absent(`update sdn ${kind} object failed: `),
      remove: absent(`delete sdn ${kind} object failed: `),
    },
    taken: (id) => failure(`create sdn ${kind} object failed: sdn ${kind} object ID '${id}' already defined`),
  };
}

const zones: Collection = {
  base: "/cluster/sdn/zones",
  id: "zone",
  store: "sdn/zones",
  showId: "zone",
  showDigest: true,
  ...sdnErrors("zone", ""),
};

/** Changing a vnet takes a right on it, in its zone. */
function requireVnetRight(context: Context, vnet: string): void {
  const zone = entriesOf(context, "sdn/vnets")[vnet]?.zone;
  if (zone !== undefined) context.access.require(`/sdn/zones/${zone}/${vnet}`, "SDN.Allocate");
}

const vnets: Collection = {
  requireWrite: requireVnetRight,
  base: "/cluster/sdn/vnets",
  id: "vnet",
  store: "sdn/vnets",
  showId: "vnet",
  showDigest: true,
  defaults: { type: "vnet" },
  ...sdnErrors("vnet", "vnet"),
  check: (context, _id, entry, isNew) => {
    const zone = String(entry.zone ?? "");
    if (!entriesOf(context, "sdn/zones")[zone]) {
      const at = "at /usr/share/perl5/PVE/API2/Network/SDN/Vnets.pm line 326.";
      throw failure(`${isNew ? "create" : "update"} sdn vnet object failed: cannot lookup undefined type! ${at}`);
    }
  },
};

const others: readonly Collection[] = [
  {
    base: "/cluster/sdn/controllers",
    id: "controller",
    store: "sdn/controllers",
    showId: "controller",
    showDigest: true,
    ...sdnErrors("controller", "controller"),
  },
  {
    base: "/cluster/sdn/ipams",
    id: "ipam",
    store: "sdn/ipams",
    showId: "ipam",
    showDigest: true,
    ...sdnErrors("ipam", "ipam"),
  },
  {
    base: "/cluster/sdn/dns",
    id: "dns",
    store: "sdn/dns",
    showId: "dns",
    showDigest: true,
    ...sdnErrors("dns", "dns"),
  },
];

/** With `pending=1` an entry says how it differs from what is in force. */
function readZone(context: Context): unknown {
  const id = context.call.text("zone");
  const entry = entriesOf(context, "sdn/zones")[id];
  const applied = entriesOf(context, APPLIED)[`zones/${id}`];
  const wantsPending = context.call.flag("pending");
  const shown = wantsPending ? (entry ?? applied) : context.call.flag("running") ? applied : entry;
  if (!shown) throw zones.missing.read(id);
  if (!wantsPending) return { ...shown, zone: id, digest: digestOf(entriesOf(context, "sdn/zones")) };
  const base = { ...(applied ?? shown), zone: id, digest: null };
  if (!entry) return { ...base, state: "deleted" };
  if (!applied) {
    const { type, ...pending } = shown;
    return { type, zone: id, digest: null, pending, state: "new" };
  }
  const changed = Object.entries(entry).filter(([key, value]) => applied[key] !== value);
  return changed.length === 0 ? base : { ...base, pending: Object.fromEntries(changed), state: "changed" };
}

const subnetId = (zone: string, cidr: string): string => `${zone}-${cidr.replace("/", "-")}`;

function createSubnet(context: Context): null {
  const { call } = context;
  const vnet = call.text("vnet");
  requireVnetRight(context, vnet);
  const zone = String(vnetOf(context, vnet).zone);
  const cidr = call.text("subnet");
  const [network = "", mask = ""] = cidr.split("/");
  if (isIP(network) === 0 || !/^\d+$/.test(mask))
    throw failure(`create sdn subnet object failed: invalid subnet '${cidr}'`);
  const id = subnetId(zone, cidr);
  const subnets = entriesOf(context, "sdn/subnets");
  if (subnets[id]) throw failure(`create sdn subnet object failed: sdn subnet object ID '${id}' already defined`);
  const specs = api.methods["POST /cluster/sdn/vnets/{vnet}/subnets"]?.parameters ?? {};
  subnets[id] = {
    "dhcp-range": [],
    ...toSection(specs, context, ["subnet", "digest"]),
    type: "subnet",
    vnet,
    zone,
    cidr,
    network,
    mask,
  };
  context.testbed.changed();
  return null;
}

function vnetOf(context: Context, id: string): Section {
  const vnet = entriesOf(context, "sdn/vnets")[id];
  if (!vnet) throw vnets.missing.read(id);
  return vnet;
}

const answerSubnet = (context: Context, id: string, subnet: Section): Record<string, unknown> => ({
  ...subnet,
  "dhcp-range": (Array.isArray(subnet["dhcp-range"]) ? subnet["dhcp-range"] : []).map((range) =>
    Object.fromEntries(range.split(",").map((part) => part.split("="))),
  ),
  id,
  subnet: id,
  digest: digestOf(entriesOf(context, "sdn/subnets")),
});

function subnetOf(context: Context, verb = ""): { id: string; subnet: Section } {
  const id = context.call.text("subnet");
  const subnet = entriesOf(context, "sdn/subnets")[id];
  if (!subnet) throw failure(`${verb}sdn subnet '${id}' does not exist`);
  return { id, subnet };
}

function updateSubnet(context: Context): null {
  requireVnetRight(context, context.call.text("vnet"));
  const { id, subnet } = subnetOf(context, "update sdn subnet object failed: ");
  const specs = api.methods["PUT /cluster/sdn/vnets/{vnet}/subnets/{subnet}"]?.parameters ?? {};
  const next = { ...subnet, ...toSection(specs, context, ["subnet", "vnet", "delete", "digest"]) };
  for (const key of context.call.list("delete")) delete next[key];
  entriesOf(context, "sdn/subnets")[id] = next;
  context.testbed.changed();
  return null;
}

function listSubnets(context: Context): unknown {
  const vnet = context.call.text("vnet");
  vnetOf(context, vnet);
  return Object.entries(entriesOf(context, "sdn/subnets"))
    .filter(([, subnet]) => subnet.vnet === vnet)
    .map(([id, subnet]) => answerSubnet(context, id, subnet));
}

/** `PUT /cluster/sdn`: what is written comes into force on every node. */
function apply(context: Context): Promise<string> {
  const first = Object.keys(context.state.nodes)[0] ?? "";
  return context.task(first, "reloadnetworkall", "", () => {
    const applied = Object.entries(entriesOf(context, "sdn/zones")).map(([id, zone]) => [`zones/${id}`, { ...zone }]);
    context.state.sections[APPLIED] = Object.fromEntries(applied) as Record<string, Section>;
    context.state.sections["sdn/running-vnets"] = structuredClone(entriesOf(context, "sdn/vnets"));
    context.testbed.changed();
  });
}

const dropVnet: Handler = (context) => {
  const id = context.call.text("vnet");
  requireVnetRight(context, id);
  if (!entriesOf(context, "sdn/vnets")[id]) throw vnets.missing.remove?.(id) ?? failure("no such vnet");
  if (Object.values(entriesOf(context, "sdn/subnets")).some((subnet) => subnet.vnet === id)) {
    throw failure(`delete sdn vnet object failed: Can't delete vnet if subnets exists`);
  }
  delete entriesOf(context, "sdn/vnets")[id];
  context.testbed.changed();
  return null;
};

const dropZone: Handler = (context) => {
  const id = context.call.text("zone");
  if (!entriesOf(context, "sdn/zones")[id]) throw zones.missing.remove?.(id) ?? failure("no such zone");
  const user = Object.entries(entriesOf(context, "sdn/vnets")).find(([, vnet]) => vnet.zone === id);
  if (user) throw failure(`delete sdn zone object failed: zone ${id} is used by vnet ${user[0]}`);
  delete entriesOf(context, "sdn/zones")[id];
  context.testbed.changed();
  return null;
};

const SUBNETS = "/cluster/sdn/vnets/{vnet}/subnets";

export const sdnRoutes: Routes = {
  ...mergeRoutes(...[zones, vnets, ...others].map(collectionRoutes)),
  "PUT /cluster/sdn": apply,
  "GET /cluster/sdn/zones/{zone}": readZone,
  "DELETE /cluster/sdn/zones/{zone}": dropZone,
  "DELETE /cluster/sdn/vnets/{vnet}": dropVnet,
  [`GET ${SUBNETS}`]: listSubnets,
  [`POST ${SUBNETS}`]: createSubnet,
  [`GET ${SUBNETS}/{subnet}`]: (context) => {
    const { id, subnet } = subnetOf(context);
    return answerSubnet(context, id, subnet);
  },
  [`PUT ${SUBNETS}/{subnet}`]: updateSubnet,
  [`DELETE ${SUBNETS}/{subnet}`]: (context) => {
    requireVnetRight(context, context.call.text("vnet"));
    const { id } = subnetOf(context, "delete sdn subnet object failed: ");
    delete entriesOf(context, "sdn/subnets")[id];
    context.testbed.changed();
    return null;
  },
};
