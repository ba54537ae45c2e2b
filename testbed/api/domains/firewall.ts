import { failure, invalid } from "../errors";
import { api } from "../schema/spec";
import type { FirewallRule } from "../state/state";
import { type Context, type Handler, mergeRoutes, type Routes } from "../testbed";
import { digestOf, requireDigest } from "./digest";
import { LEVELS, type Level, readLevel, writeLevel } from "./firewall-levels";
import { MACROS } from "./firewall-macros";
import { ruleRoutes } from "./firewall-rules";
import { aliasRoutes, ipsetRoutes } from "./firewall-sets";

function readOptions(level: Level): Handler {
  const specs = api.methods[`PUT ${level.base}/options`]?.parameters ?? {};
  return (context) => {
    const { options } = readLevel(context, level);
    const shown = Object.entries(options).map(([key, value]) => {
      const type = specs[key]?.type;
      return [key, type === "integer" || type === "boolean" ? Number(value) : value];
    });
    return { ...Object.fromEntries(shown), digest: digestOf(options) };
  };
}

const writeOptions =
  (level: Level): Handler =>
  (context) => {
    requireDigest(digestOf(readLevel(context, level).options), context.call.optional("digest"));
    const { options } = writeLevel(context, level);
    for (const key of context.call.list("delete")) delete options[key];
    Object.assign(options, context.call.rest("node", "vmid", "vnet", "delete", "digest"));
    return null;
  };

const CLUSTER = LEVELS[0]!;
const GROUPS = "/cluster/firewall/groups";

function groupRules(context: Context, forWrite: boolean): FirewallRule[] {
  const name = context.call.text("group");
  const group = (forWrite ? writeLevel(context, CLUSTER) : readLevel(context, CLUSTER)).groups[name];
  if (!group) throw failure(`no such security group '${name}'`);
  return group.rules;
}

const groupRoutes: Routes = {
  [`GET ${GROUPS}`]: (context) =>
    Object.entries(readLevel(context, CLUSTER).groups).map(([group, { comment }]) => ({
      group,
      digest: digestOf(readLevel(context, CLUSTER).groups),
      ...(comment === undefined ? {} : { comment }),
    })),
  [`POST ${GROUPS}`]: (context) => {
    const { groups } = writeLevel(context, CLUSTER);
    const name = context.call.text("group");
    const rename = context.call.optional("rename");
    const comment = context.call.optional("comment");
    const known = rename === undefined ? undefined : groups[rename];
    if (rename !== undefined && !known) throw failure(`no such security group '${rename}'`);
    if (rename === undefined && groups[name]) throw invalid({ group: `Security group '${name}' already exists` });
    if (rename !== undefined && rename !== name) delete groups[rename];
    groups[name] = { rules: known?.rules ?? [], ...(comment ? { comment } : {}) };
    return null;
  },
  [`DELETE ${GROUPS}/{group}`]: (context) => {
    const name = context.call.text("group");
    const group = readLevel(context, CLUSTER).groups[name];
    if (!group) return null;
    if (group.rules.length > 0) throw failure(`Security group '${name}' is not empty`);
    delete writeLevel(context, CLUSTER).groups[name];
    return null;
  },
  ...ruleRoutes({ base: `${GROUPS}/{group}`, rules: groupRules, isGroup: true }),
  "GET /cluster/firewall/macros": () => Object.entries(MACROS).map(([macro, descr]) => ({ macro, descr })),
};

/** What rules of a level may refer to: sets and aliases of its own and of the cluster. */
const references =
  (level: Level): Handler =>
  (context) =>
    [readLevel(context, CLUSTER), ...(level === CLUSTER ? [] : [readLevel(context, level)])].flatMap((firewall, i) => {
      const scope = i === 0 ? "dc" : "guest";
      return [
        ...Object.keys(firewall.ipsets).map((name) => ({ type: "ipset", name, ref: `+${scope}/${name}`, scope })),
        ...Object.keys(firewall.aliases).map((name) => ({ type: "alias", name, ref: `${scope}/${name}`, scope })),
      ];
    });

function levelRoutes(level: Level): Routes {
  const rules = (context: Context, forWrite: boolean): FirewallRule[] =>
    (forWrite ? writeLevel(context, level) : readLevel(context, level)).rules;
  const all: Routes = {
    [`GET ${level.base}/options`]: readOptions(level),
    [`PUT ${level.base}/options`]: writeOptions(level),
    [`GET ${level.base}/refs`]: references(level),
    [`GET ${level.base}/log`]: () => [],
    ...ruleRoutes({ base: `${level.base}/rules`, rules, isGroup: false }),
    ...aliasRoutes(level),
    ...ipsetRoutes(level),
  };
  return Object.fromEntries(Object.entries(all).filter(([key]) => api.methods[key]));
}

export const firewallRoutes: Routes = {
  ...mergeRoutes(...LEVELS.map(levelRoutes)),
  ...groupRoutes,
};
