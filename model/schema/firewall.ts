import { z } from "zod";
import { FIREWALL_MACROS } from "../firewall-macros";
import { address, end } from "./firewall-addresses";
import * as f from "./formats";
import { nearest } from "./nearest";
import { refuse } from "./refine";
import { Refusal, scalar, text } from "./scalar";

/*
 * Formats and bounds are those of the API schema of Proxmox VE 9.2 (POST /cluster/firewall/…), and of pve-firewall's own checks
 * (PVE::Firewall): it keeps names of sets and groups in lower case, and takes 15 ports in a rule, of which a range counts two.
 */

const MOST_PORTS = 15;

const LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"] as const;
const PROTOCOLS = [
  "tcp",
  "udp",
  "icmp",
  "icmpv6",
  "ipv6-icmp",
  "igmp",
  "sctp",
  "udplite",
  "dccp",
  "gre",
  "esp",
  "ah",
  "ipip",
  "l2tp",
  "ospf",
  "vrrp",
] as const;
/** Protocols that have ports (PVE::Firewall). */
const WITH_PORTS: readonly string[] = ["tcp", "udp", "udplite", "sctp", "dccp"];

const nameOf = (what: string, longest: number) =>
  text(
    `${what} (small letters, digits, - and _, starting with a letter; 2 to ${longest})`,
    new RegExp(`^[a-z][a-z0-9_-]{1,${longest - 1}}$`),
    (value) => value.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, "-"),
  );
const aliasName = () => nameOf("an alias's name", 64);
const setName = () => nameOf("an IP set's name", 64);
const groupName = () => nameOf("a security group's name", 18);

const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);

/** `443`, `"8000-8010"`; a range comes out as pve-firewall writes it, `8000:8010`. */
const portItem = () =>
  scalar<string>({ type: ["integer", "string"], pattern: "^[0-9]+([-:][0-9]+)?$" }, (input) => {
    const written = typeof input === "number" ? String(input) : input;
    const match = typeof written === "string" ? /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(written) : null;
    const expected = "a port from 1 to 65535, or a range such as 8000-8010";
    if (!match) return new Refusal(expected, "write the number; named services are given by allow: { macro: … }");
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (first < 1 || last > 65535) return new Refusal(expected);
    if (first > last) return new Refusal(expected, `write ${last}-${first}`);
    return match[2] === undefined || first === last ? String(first) : `${first}:${last}`;
  });

const macro = () =>
  scalar<string>({ type: "string", enum: [...FIREWALL_MACROS] }, (input) => {
    if (FIREWALL_MACROS.some((name) => name === input)) return String(input);
    const near = typeof input === "string" ? nearest(input, FIREWALL_MACROS) : undefined;
    const expected = "the name of one of Proxmox VE's macros, such as SSH or HTTPS";
    return new Refusal(expected, near === undefined ? "or write protocol and port instead" : `did you mean ${near}?`);
  });

const match = z
  .strictObject({
    from: oneOrMore(end()).optional().meta({
      description: "Where packets come from: addresses, or names of aliases, IP sets, networks, guests. Default: all.",
    }),
    to: oneOrMore(end())
      .optional()
      .meta({ description: "Where packets go to, written like from. Default: everywhere." }),
    protocol: f.oneOf(PROTOCOLS).optional().meta({ description: "Default: every protocol." }),
    port: oneOrMore(portItem())
      .optional()
      .meta({ description: "Ports they go to: 443, 8000-8010, or a list. Default: all." }),
    source_port: oneOrMore(portItem()).optional().meta({ description: "Ports they come from. Default: all." }),
    macro: macro().optional().meta({ description: "A service by its name in Proxmox VE, such as SSH, DNS, HTTPS." }),
  })
  .superRefine((value, context) => {
    const { macro: service, port, protocol, source_port } = value;
    if (service !== undefined && (protocol ?? port ?? source_port) !== undefined)
      return refuse(
        context,
        ["macro"],
        "a macro brings protocol and ports itself",
        "delete protocol and port, or the macro",
      );
    for (const [key, ports] of Object.entries({ port, source_port })) {
      if (ports === undefined) continue;
      if (protocol === undefined) refuse(context, [key], "a port needs a protocol", "add protocol: tcp (or udp)");
      else if (!WITH_PORTS.includes(protocol))
        refuse(context, [key], `${protocol} has no ports`, "delete it, or choose tcp or udp");
      const count = [ports].flat().reduce((sum, each) => sum + (each.includes(":") ? 2 : 1), 0);
      if (count > MOST_PORTS)
        refuse(
          context,
          [key],
          `a rule takes ${MOST_PORTS} ports, a range counts two; these are ${count}`,
          "write two rules",
        );
    }
  })
  .meta({ description: "Which packets: everything that is said must hold; {} means all." });

const what = z.union([macro(), match]);

const ACTIONS = ["allow", "drop", "reject", "group"] as const;

const rule = z
  .strictObject({
    allow: what
      .optional()
      .meta({ description: "Let these packets through: a macro's name, or what they have to match." }),
    drop: what.optional().meta({ description: "Throw these packets away without an answer." }),
    reject: what.optional().meta({ description: "Refuse these packets with an answer." }),
    group: groupName().optional().meta({ description: "Apply the rules of this security group here." }),
    direction: f.oneOf(["in", "out", "forward"]).optional().meta({
      description: "in: to the guest or node; out: from it; forward: through the node. Default: in.",
    }),
    card: f.interfaceName().optional().meta({
      description: "Only on this network card: of a guest its name inside (eth0), of a node the interface's.",
    }),
    log: f.oneOf(LEVELS).optional().meta({ description: "Log packets that match, at this level. Default: not." }),
    comment: f.line().optional().meta({ description: "What the rule is for." }),
    enabled: f.flag().optional().meta({ description: "False: kept, but not applied. Default: true." }),
  })
  .superRefine((value, context) => {
    const given = ACTIONS.filter((key) => value[key] !== undefined);
    if (given.length !== 1)
      refuse(
        context,
        given.slice(1, 2),
        `expected one of ${ACTIONS.join(", ")}, got ${given.length === 0 ? "none" : given.join(" and ")}`,
        given.length === 0 ? "add one" : "write two rules",
      );
    if (value.group === undefined) return;
    for (const key of ["direction", "log"] as const)
      if (value[key] !== undefined)
        refuse(context, [key], `the rules of a group say ${key} themselves`, `delete ${key}`);
  })
  .meta({
    description: "A rule; the first one that matches a packet decides.",
    anyOf: ACTIONS.map((key) => ({ required: [key] })),
  });

const rules = z.array(rule);
const policy = (allowed: readonly [string, ...string[]], description: string) =>
  f
    .oneOf(allowed as readonly ["accept", "drop", "reject"])
    .optional()
    .meta({ description });
const logLevel = (which: string) =>
  f
    .oneOf(LEVELS)
    .optional()
    .meta({ description: `Log ${which} packets that are not let through. Default: nolog.` });

const alias = z.union([
  address(),
  z.strictObject({
    address: address().meta({ description: "Its address or range." }),
    comment: f.line().optional().meta({ description: "What it is." }),
  }),
]);

const member = z.union([
  end(),
  z.strictObject({
    address: end().meta({ description: "An address, a range, or the name of an alias, a network or a guest." }),
    except: f.flag().optional().meta({ description: "True: left out of a larger range of the set. Default: false." }),
    comment: f.line().optional().meta({ description: "What it is." }),
  }),
]);

const ipset = z.union([
  z.array(member),
  z.strictObject({
    members: z.array(member).meta({ description: "What is in it." }),
    comment: f.line().optional().meta({ description: "What it is for." }),
  }),
]);

const securityGroup = z.union([
  rules,
  z.strictObject({
    hosts: oneOrMore(f.plainName()).optional().meta({
      description:
        "Groups or guests of the inventory that get these rules, after their own. Default: only who names it by group.",
    }),
    rules: rules.meta({ description: "Its rules, in order." }),
    comment: f.line().optional().meta({ description: "What it is for." }),
  }),
]);

const nodeFirewall = z
  .strictObject({
    enabled: f.flag().optional().meta({ description: "False: no rules on this node. Default: true." }),
    log_in: logLevel("incoming"),
    log_out: logLevel("outgoing"),
    log_forward: logLevel("forwarded"),
    ndp: f.flag().optional().meta({ description: "Let IPv6 neighbour discovery through. Default: true." }),
    nosmurfs: f.flag().optional().meta({ description: "Drop packets with forged broadcast sources. Default: true." }),
    nftables: f.flag().optional().meta({ description: "Use proxmox-firewall, made for nftables. Default: false." }),
    rules: rules.default([]).meta({ description: "Rules of this node, before those of the datacenter." }),
  })
  .meta({ description: "What a node has beside the datacenter's rules." });

export const firewall = z
  .strictObject({
    enabled: f.flag().meta({ description: "Whether Proxmox VE filters at all, on every node and for every guest." }),
    adopt: f.flag().optional().meta({
      description: "Take over the rules that datacenter and nodes have already. Default: false, they are an error.",
    }),
    input: policy(["accept", "drop", "reject"], "What happens to packets to nodes that no rule names. Default: drop."),
    output: policy(["accept", "drop", "reject"], "The same for packets from nodes. Default: accept."),
    forward: policy(["accept", "drop"], "The same for packets through nodes. Default: accept."),
    ebtables: f.flag().optional().meta({ description: "Filter Ethernet frames, too. Default: true." }),
    aliases: z.record(aliasName(), alias).default({}).meta({ description: "Names for addresses." }),
    ipsets: z.record(setName(), ipset).default({}).meta({
      description: "Sets of addresses. Members of management reach the nodes' port 22, web interface and consoles.",
    }),
    security_groups: z.record(groupName(), securityGroup).default({}).meta({ description: "Named lists of rules." }),
    rules: rules.default([]).meta({ description: "Rules of every node, after those of the node itself." }),
    nodes: z.record(f.plainName(), nodeFirewall).default({}).meta({ description: "What single nodes have beside." }),
  })
  .meta({ description: "Proxmox VE's firewall of the datacenter and its nodes." });

export const guestFirewall = z
  .strictObject({
    enabled: f
      .flag()
      .optional()
      .meta({ description: "False: rules are kept, but nothing is filtered. Default: true." }),
    input: policy(
      ["accept", "drop", "reject"],
      "What happens to packets to the guest that no rule names. Default: drop.",
    ),
    output: policy(["accept", "drop", "reject"], "The same for packets from the guest. Default: accept."),
    dhcp: f.flag().optional().meta({ description: "Let DHCP through. Default: whether a card gets its address so." }),
    ndp: f.flag().optional().meta({ description: "Let IPv6 neighbour discovery through. Default: true." }),
    radv: f.flag().optional().meta({ description: "The guest may send router advertisements. Default: false." }),
    macfilter: f.flag().optional().meta({ description: "Only the card's own MAC address may send. Default: true." }),
    ipfilter: f.flag().optional().meta({ description: "Only the card's own addresses may send. Default: false." }),
    log_in: logLevel("incoming"),
    log_out: logLevel("outgoing"),
    rules: rules.default([]).meta({ description: "The guest's own rules, before those of its security groups." }),
  })
  .meta({ description: "The guest's firewall; with it, its network cards are filtered." });

export type FirewallVars = z.output<typeof firewall>;
export type GuestFirewallVars = z.output<typeof guestFirewall>;
export type RuleVars = z.output<typeof rule>;
export type MatchVars = z.output<typeof match>;
