import { isIPv6 } from "node:net";
import { failure, invalid } from "../errors";
import { splitList } from "../schema/lists";
import type { FirewallRule } from "../state/state";
import type { Context, Handler, Routes } from "../testbed";
import { digestOf, requireDigest } from "./digest";
import { MACROS } from "./firewall-macros";

/** Where rules live: a level's own list, or a security group's. */
export interface RuleList {
  readonly base: string;
  readonly rules: (context: Context, forWrite: boolean) => FirewallRule[];
  /** An empty list of a level that never had a rule fails differently on delete. */
  readonly isGroup: boolean;
}

const PORT_PROTOCOLS = new Set([
  "tcp",
  "6",
  "udp",
  "17",
  "udplite",
  "136",
  "sctp",
  "132",
  "dccp",
  "33",
  "icmp",
  "1",
  "icmpv6",
  "ipv6-icmp",
  "58",
]);
const RULE_KEYS = [
  "type",
  "action",
  "macro",
  "iface",
  "source",
  "dest",
  "proto",
  "dport",
  "sport",
  "log",
  "icmp-type",
  "comment",
];

function requireRule(rule: FirewallRule): void {
  const errors: Record<string, string> = {};
  for (const key of ["dport", "sport", "icmp-type"]) {
    if (rule[key] === undefined) continue;
    if (rule.proto === undefined) errors.proto = `missing property - '${key}' requires this property`;
    else if (!PORT_PROTOCOLS.has(String(rule.proto))) errors[key] = `protocol '${rule.proto}' does not support ports`;
  }
  if (rule.macro !== undefined && !MACROS[String(rule.macro)]) errors.macro = `unknown macro '${rule.macro}'`;
  if (rule.type !== "group" && !/^(?:ACCEPT|DROP|REJECT)$/.test(String(rule.action))) {
    errors.action = `unknown action '${rule.action}'`;
  }
  if (Object.keys(errors).length > 0) throw invalid(errors);
}

/** Empty values are as good as absent. */
function ruleFrom(context: Context): FirewallRule {
  const rule: FirewallRule = {};
  for (const key of RULE_KEYS) {
    const value = context.call.optional(key);
    if (value !== undefined && value !== "") rule[key] = value;
  }
  if (context.call.has("enable")) rule.enable = context.call.number("enable") ?? 0;
  return rule;
}

function showRule(rule: FirewallRule, pos: number | string, digest: string): Record<string, unknown> {
  const addresses = [rule.source, rule.dest].map((text) => splitList(String(text ?? ""))[0] ?? "");
  const address = addresses
    .map((text) => text.replace(/\/\d+$/, ""))
    .find((text) => /^[0-9a-f.:]+$/i.test(text) && text !== "");
  return { ...rule, pos, digest, ...(address === undefined ? {} : { ipversion: isIPv6(address) ? 6 : 4 }) };
}

function ruleAt(context: Context, rules: readonly FirewallRule[]): { rule: FirewallRule; pos: number } {
  const pos = Number(context.call.text("pos"));
  const rule = rules[pos];
  if (!rule) throw failure(`no rule at position ${pos}`);
  return { rule, pos };
}

function updateRule(list: RuleList): Handler {
  return (context) => {
    const rules = list.rules(context, true);
    requireDigest(digestOf(rules), context.call.optional("digest"));
    const { rule, pos } = ruleAt(context, rules);
    const moveTo = context.call.number("moveto");
    if (moveTo !== undefined) {
      rules.splice(moveTo, 0, rule);
      rules.splice(moveTo <= pos ? pos + 1 : pos, 1);
      return null;
    }
    const next: FirewallRule = { ...rule, ...ruleFrom(context) };
    for (const key of RULE_KEYS) if (context.call.optional(key) === "") delete next[key];
    for (const key of context.call.list("delete")) delete next[key];
    requireRule(next);
    rules[pos] = next;
    return null;
  };
}

function removeRule(list: RuleList): Handler {
  return (context) => {
    const rules = list.rules(context, true);
    if (rules.length === 0 && !list.isGroup) {
      throw failure(
        "Can't use an undefined value as an ARRAY reference at /usr/share/perl5/PVE/API2/Firewall/Rules.pm line 462.",
      );
    }
    requireDigest(digestOf(rules), context.call.optional("digest"));
    rules.splice(ruleAt(context, rules).pos, 1);
    return null;
  };
}

function createRule(list: RuleList): Handler {
  return (context) => {
    const rule: FirewallRule = { enable: 0, ...ruleFrom(context) };
    requireRule(rule);
    list.rules(context, true).unshift(rule);
    return null;
  };
}

/** The five methods of a list of rules. */
export function ruleRoutes(list: RuleList): Routes {
  return {
    [`GET ${list.base}`]: (context) => {
      const rules = list.rules(context, false);
      return rules.map((rule, pos) => showRule(rule, pos, digestOf(rules)));
    },
    [`POST ${list.base}`]: createRule(list),
    [`GET ${list.base}/{pos}`]: (context) => {
      const rules = list.rules(context, false);
      const { rule, pos } = ruleAt(context, rules);
      return showRule(rule, String(pos), digestOf(rules));
    },
    [`PUT ${list.base}/{pos}`]: updateRule(list),
    [`DELETE ${list.base}/{pos}`]: removeRule(list),
  };
}
