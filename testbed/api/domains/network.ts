import { failure, invalid } from "../errors";
import type { NodeBridge } from "../guest-backend";
import { splitList } from "../schema/lists";
import { api } from "../schema/spec";
import type { Node, Section } from "../state/state";
import type { Context, Routes } from "../testbed";
import { Reply } from "../testbed";

const PORTS = ["bridge_ports", "ovs_ports", "slaves"] as const;

const nodeOf = (context: Context): Node => {
  const node = context.state.nodes[context.call.text("node")];
  if (!node) throw failure("no such node");
  return node;
};

/** Interfaces as they will be after the next reload. */
const written = (node: Node): Record<string, Section> => node.pendingNetwork ?? node.network;

/** The section to write into; the first change makes a copy. */
function draft(node: Node): Record<string, Section> {
  node.pendingNetwork ??= structuredClone(node.network);
  return node.pendingNetwork;
}

/** What goes with a key that is deleted. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  cidr: ["cidr", "address", "netmask"],
  cidr6: ["cidr6", "address6", "netmask6"],
};

/** The interface after a call; an update keeps what the call does not name. */
function toSection(context: Context, name: string, type: string, kept: Section = {}): Section {
  const specs = api.methods["POST /nodes/{node}/network"]?.parameters ?? {};
  const section: Section = { ...kept, type };
  for (const [key, value] of Object.entries(context.call.rest("node", "iface", "type", "delete"))) {
    // booleans are numbers; numbers of the interfaces file stay text
    section[key] = specs[key]?.type === "boolean" ? Number(value) : value;
  }
  if (typeof section.comments === "string") section.comments = `${section.comments.replace(/\n$/, "")}\n`;
  fillAddress(section);
  fillByType(section, name, type);
  return section;
}

function fillAddress(section: Section): void {
  if (typeof section.cidr === "string") {
    const [address = "", netmask = ""] = section.cidr.split("/");
    Object.assign(section, { address, netmask });
  } else if (section.address !== undefined && section.netmask !== undefined) {
    section.cidr = `${section.address}/${section.netmask}`;
  }
  if (typeof section.cidr6 === "string") {
    const [address6 = "", netmask6 = ""] = section.cidr6.split("/");
    Object.assign(section, { address6, netmask6 });
  }
  section.method = section.address === undefined ? "manual" : "static";
  section.method6 = section.address6 === undefined ? "manual" : "static";
}

function fillByType(section: Section, name: string, type: string): void {
  if (type === "bridge") {
    section.bridge_ports ??= "";
    section.bridge_stp ??= "off";
    section.bridge_fd ??= "0";
  }
  if (type !== "vlan") return;
  const dotted = /^(.+)\.(\d+)$/.exec(name);
  if (dotted) Object.assign(section, { "vlan-raw-device": dotted[1], "vlan-id": dotted[2] });
}

function requireSane(context: Context, name: string, section: Section, type: string): void {
  const others = Object.entries(written(nodeOf(context))).filter(([iface]) => iface !== name);
  for (const gateway of ["gateway", "gateway6"] as const) {
    const holder =
      section[gateway] === undefined ? undefined : others.find(([, other]) => other[gateway] !== undefined);
    if (holder) throw invalid({ [gateway]: `Default gateway already exists on interface '${holder[0]}'.` });
  }
  for (const key of PORTS) {
    for (const port of splitList(String(section[key] ?? ""))) {
      const user = others.find(([, other]) =>
        PORTS.some((list) => splitList(String(other[list] ?? "")).includes(port)),
      );
      if (user) throw invalid({ [key]: `${port} is already used on interface '${user[0]}'.` });
      if (!written(nodeOf(context))[port] && type === "bridge" && !/\.\d+$/.test(port)) {
        throw failure(`bridge '${name}' - unable to find bridge port '${port}'`);
      }
    }
  }
}

function create(context: Context): null {
  const name = context.call.text("iface");
  const node = nodeOf(context);
  if (written(node)[name]) throw invalid({ iface: "interface already exists" });
  const type = context.call.text("type");
  const section = toSection(context, name, type);
  requireSane(context, name, section, type);
  draft(node)[name] = section;
  context.testbed.changed();
  return null;
}

function requireInterface(context: Context): string {
  const name = context.call.text("iface");
  if (!written(nodeOf(context))[name]) throw invalid({ iface: "interface does not exist" });
  return name;
}

function update(context: Context): null {
  const name = requireInterface(context);
  const type = context.call.text("type");
  const kept = { ...written(nodeOf(context))[name] };
  for (const key of context.call.list("delete")) for (const part of PARTS[key] ?? [key]) delete kept[part];
  const section = toSection(context, name, type, kept);
  requireSane(context, name, section, type);
  draft(nodeOf(context))[name] = section;
  context.testbed.changed();
  return null;
}

function remove(context: Context): null {
  const name = requireInterface(context);
  delete draft(nodeOf(context))[name];
  context.testbed.changed();
  return null;
}

function answer(node: Node, name: string, section: Section): Record<string, unknown> {
  const names = Object.keys(written(node));
  const running = node.network[name] !== undefined;
  const families = [
    ...(section.method === "static" || section.address6 === undefined ? ["inet"] : []),
    ...(section.address6 === undefined ? [] : ["inet6"]),
  ];
  const isVlan = section.type === "vlan";
  // the kernel that the answers were recorded from has no VLAN devices
  const state = isVlan ? { exists: null } : running ? { active: 1 } : {};
  return { ...section, families, priority: names.indexOf(name) + 3, ...state };
}

const KINDS: Readonly<Record<string, RegExp>> = {
  any_bridge: /^(?:bridge|OVSBridge)$/,
  any_local_bridge: /^(?:bridge|OVSBridge)$/,
  include_sdn: /./,
};

function list(context: Context): unknown {
  const { call, access } = context;
  const node = nodeOf(context);
  const wanted = call.optional("type");
  const kind = wanted === undefined ? /./ : (KINDS[wanted] ?? new RegExp(`^${wanted}$`));
  const entries = Object.entries(written(node)).filter(([name, section]) => {
    const isBridge = /bridge$/i.test(String(section.type));
    const path = `/sdn/zones/localnetwork/${name}`;
    return (
      kind.test(String(section.type)) && (!isBridge || access.isRoot || access.hasAny(path, "SDN.Audit", "SDN.Use"))
    );
  });
  const data = entries.map(([iface, section]) => ({ iface, ...answer(node, iface, section) }));
  const changes = diff(node);
  return changes === undefined ? data : new Reply(data, { changes });
}

const BESIDE = new Set([
  "type",
  "method",
  "method6",
  "autostart",
  "cidr",
  "netmask",
  "netmask6",
  "cidr6",
  "comments",
  "priority",
  "address6",
  "gateway6",
]);

/** An interface in the words of `/etc/network/interfaces`. */
function stanza(name: string, section: Section): string[] {
  const options = Object.entries(section)
    .filter(([key]) => !BESIDE.has(key))
    .map(
      ([key, value]) =>
        `\t${key.replace(/_/g, "-")} ${key === "address" ? section.cidr : value === "" ? "none" : value}`,
    );
  const comment =
    typeof section.comments === "string"
      ? section.comments
          .trimEnd()
          .split("\n")
          .map((line) => `#${line}`)
      : [];
  const auto = section.autostart === 1 ? [`auto ${name}`] : [];
  const gateway6 = section.gateway6 === undefined ? [] : [`\tgateway ${section.gateway6}`];
  const six = section.address6 === undefined ? [] : ["", `iface ${name} inet6 static`, `\taddress ${section.cidr6}`];
  const main = [`iface ${name} inet ${section.method ?? "manual"}`, ...options, ...comment];
  return [...auto, ...main, ...six, ...(six.length > 0 ? gateway6 : []), ""];
}

/** What a reload would change, as a unified diff of whole stanzas; absent when nothing is pending. */
function diff(node: Node): string | undefined {
  const next = node.pendingNetwork;
  if (!next) return undefined;
  const lines: string[] = [];
  for (const name of new Set([...Object.keys(node.network), ...Object.keys(next)])) {
    const before = node.network[name] ? stanza(name, node.network[name]) : [];
    const after = next[name] ? stanza(name, next[name]) : [];
    if (before.join("\n") === after.join("\n")) continue;
    lines.push(`@@ ${name} @@`, ...before.map((line) => `-${line}`), ...after.map((line) => `+${line}`));
  }
  if (lines.length === 0) return undefined;
  return ["--- /etc/network/interfaces", "+++ /etc/network/interfaces.new", ...lines, ""].join("\n");
}

function reload(context: Context): Promise<string> {
  const node = nodeOf(context);
  return context.task(context.call.text("node"), "srvreload", "networking", async () => {
    if (node.pendingNetwork) node.network = node.pendingNetwork;
    delete node.pendingNetwork;
    context.testbed.changed();
    await context.testbed.backend.network?.(context.call.text("node"), bridgesOf(node));
  });
}

/** A node's bridges that are in force. */
export function bridgesOf({ network }: Node): NodeBridge[] {
  const bridges = Object.entries(network).filter(([, section]) => section.type === "bridge");
  return bridges.map(([name, section]) => ({
    name,
    addresses: [section.cidr, section.cidr6].flatMap((address) => (address === undefined ? [] : [String(address)])),
    stanza: `${stanza(name, section).join("\n")}\n`,
  }));
}

function revert(context: Context): null {
  delete nodeOf(context).pendingNetwork;
  context.testbed.changed();
  return null;
}

const BASE = "/nodes/{node}/network";

export const networkRoutes: Routes = {
  [`GET ${BASE}`]: list,
  [`POST ${BASE}`]: create,
  [`PUT ${BASE}`]: reload,
  [`DELETE ${BASE}`]: revert,
  [`GET ${BASE}/{iface}`]: (context) => {
    const name = requireInterface(context);
    return answer(nodeOf(context), name, written(nodeOf(context))[name] ?? {});
  },
  [`PUT ${BASE}/{iface}`]: update,
  [`DELETE ${BASE}/{iface}`]: remove,
};
