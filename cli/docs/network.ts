import type { FirewallRule, Lab } from "../../model/lab";
import { code, codes, plain, section, table } from "./markdown";

export function networks({ networks: all }: Lab): string {
  const rows = all.map(({ bridge, cidr = "", cidr6 = "", dns, gateway = "", gateway6 = "", name, router, vlan }) => [
    code(name),
    bridge === undefined ? "planned only" : code(bridge),
    vlan === undefined ? "" : String(vlan),
    given([cidr, cidr6]),
    given([gateway, gateway6]) + (router === undefined ? "" : ` (${plain(router)})`),
    codes(dns?.servers ?? []) + (dns?.domain === undefined ? "" : ` for ${code(dns.domain)}`),
  ]);
  return section("Networks", table(["Network", "Bridge", "VLAN", "Range", "Gateway", "DNS"], rows));
}

const given = (texts: readonly string[]): string => codes(texts.filter((text) => text !== ""));

/** Who has which address: fixed ones in their order, then those that a guest is given when it starts. */
export function addresses({ guests, nodes }: Lab): string {
  const all = [
    ...nodes.map(({ active, address, name }) => ({
      address,
      who: plain(name),
      at: active ? "node" : "node, not active",
      on: "",
    })),
    ...nodes.flatMap(({ links, name }) =>
      links.flatMap(({ address, address6, name: bridge }) =>
        [address, address6].flatMap((each) =>
          each === undefined ? [] : [{ address: each, who: plain(name), at: code(bridge), on: "" }],
        ),
      ),
    ),
    ...guests.flatMap(({ name, nics }) =>
      nics.flatMap(({ address, address6, bridge, name: card, network, vlan }) => {
        const on = `${code(network ?? bridge)}${vlan === undefined ? "" : `, VLAN ${vlan}`}`;
        const own = [address, address6].filter((each) => each !== undefined);
        return (own.length > 0 ? own : ["none"]).map((each) => ({
          address: each,
          who: plain(name),
          at: code(card),
          on,
        }));
      }),
    ),
  ];
  const rows = all
    .sort((a, b) => compare(key(a.address), key(b.address)) || compare(a.who, b.who))
    .map(({ address, at, on, who }) => [code(address), who, at, on]);
  return section("Addresses", table(["Address", "Of", "At", "Network"], rows));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sorts IPv4 by number, before IPv6, before words. */
function key(address: string): string {
  const bytes = /^(\d+)\.(\d+)\.(\d+)\.(\d+)/.exec(address)?.slice(1);
  if (bytes) return `0${bytes.map((byte) => byte.padStart(3, "0")).join(".")}`;
  return `${address.includes(":") ? 1 : 2}${address}`;
}

export function firewall({ firewall: wall, guests }: Lab): string {
  if (!wall) return "";
  const state = wall.enabled
    ? `On. Datacenter: incoming ${wall.input}, outgoing ${wall.output}, forwarded ${wall.forward}.`
    : "Off at the datacenter, so that no rule below has any effect.";
  const rows = [
    ...rulesOf("datacenter", wall.rules),
    ...wall.groups.flatMap(({ name, rules }) => rulesOf(`group ${code(name)}`, rules)),
    ...wall.nodes.flatMap(({ node, rules }) => rulesOf(`node ${plain(node)}`, rules)),
    ...guests.flatMap(({ firewall: own, name }) => (own ? rulesOf(plain(name), own.rules) : [])),
  ];
  const on = guests
    .filter(({ firewall: own }) => own?.enabled)
    .map(({ firewall: own, name }) => [plain(name), own?.input ?? "", own?.output ?? ""]);
  return section(
    "Firewall",
    state,
    table(["Guest with a firewall", "Incoming", "Outgoing"], on),
    table(["At", "Direction", "Action", "What", "From", "To", ""], rows),
  );
}

const rulesOf = (at: string, rules: readonly FirewallRule[]): string[][] =>
  rules.map((rule) => {
    const note = [rule.enabled ? "" : "off", plain(rule.comment ?? "")].filter((each) => each !== "").join(", ");
    if (rule.kind === "group") return [at, "", `as group ${code(rule.group)}`, "", "", "", note];
    const { action, direction, from = "", macro = "", port = "", protocol = "", to = "" } = rule;
    const what = [macro, protocol, port].filter((each) => each !== "").join(" ");
    return [at, direction, action, what === "" ? "" : code(what), given([from]), given([to]), note];
  });
