import { failure, invalid } from "../errors";
import type { IpSet } from "../state/state";
import type { Context, Handler, Routes } from "../testbed";
import { digestOf } from "./digest";
import { type Level, readLevel, writeLevel } from "./firewall-levels";

const showAlias = (name: string, alias: { cidr: string; comment?: string }): Record<string, unknown> => ({
  name,
  cidr: alias.cidr,
  ipversion: alias.cidr.includes(":") ? 6 : 4,
  ...(alias.comment ? { comment: alias.comment } : {}),
});

/** Named addresses of a level. */
export function aliasRoutes(level: Level): Routes {
  const base = `${level.base}/aliases`;
  const existing = (context: Context): string => {
    const name = context.call.text("name");
    if (!readLevel(context, level).aliases[name]) throw invalid({ name: "no such alias" });
    return name;
  };
  return {
    [`GET ${base}`]: (context) => {
      const { aliases } = readLevel(context, level);
      return Object.entries(aliases).map(([name, alias]) => ({ ...showAlias(name, alias), digest: digestOf(aliases) }));
    },
    [`POST ${base}`]: (context) => {
      const name = context.call.text("name");
      if (readLevel(context, level).aliases[name]) throw invalid({ name: `alias '${name}' already exists` });
      writeLevel(context, level).aliases[name] = aliasFrom(context);
      return null;
    },
    [`GET ${base}/{name}`]: (context) => {
      const name = existing(context);
      return showAlias(name, readLevel(context, level).aliases[name] ?? { cidr: "" });
    },
    [`PUT ${base}/{name}`]: (context) => {
      const name = existing(context);
      const { aliases } = writeLevel(context, level);
      const target = context.call.optional("rename") ?? name;
      if (target !== name && aliases[target]) throw invalid({ name: `alias '${target}' already exists` });
      delete aliases[name];
      aliases[target] = aliasFrom(context);
      return null;
    },
    [`DELETE ${base}/{name}`]: (context) => {
      delete writeLevel(context, level).aliases[context.call.text("name")];
      return null;
    },
  };
}

function aliasFrom(context: Context): { cidr: string; comment?: string } {
  const comment = context.call.optional("comment");
  return { cidr: context.call.text("cidr"), ...(comment ? { comment } : {}) };
}

function setOf(context: Context, level: Level, forWrite: boolean): IpSet {
  const name = context.call.text("name");
  const set = (forWrite ? writeLevel(context, level) : readLevel(context, level)).ipsets[name];
  if (!set) throw failure(`no such IPSet '${name}'`);
  return set;
}

function createSet(level: Level): Handler {
  return (context) => {
    const { call } = context;
    const name = call.text("name");
    const { ipsets } = writeLevel(context, level);
    const comment = call.optional("comment");
    const rename = call.optional("rename");
    if (rename !== undefined) {
      const set = ipsets[rename];
      if (!set) throw failure(`no such IPSet '${rename}'`);
      delete ipsets[rename];
      ipsets[name] = { ...set, ...(comment === undefined ? {} : { comment }) };
      return null;
    }
    if (ipsets[name]) throw invalid({ name: `IPSet '${name}' already exists` });
    ipsets[name] = { entries: [], ...(comment ? { comment } : {}) };
    return null;
  };
}

function entryOf(context: Context, level: Level): IpSet["entries"][number] {
  const cidr = context.call.text("cidr");
  const entry = setOf(context, level, true).entries.find((item) => item.cidr === cidr);
  if (!entry) throw invalid({ cidr: `no such IP/Network` });
  return entry;
}

/** Sets of addresses of a level. */
export function ipsetRoutes(level: Level): Routes {
  const base = `${level.base}/ipset`;
  return {
    [`GET ${base}`]: (context) =>
      Object.entries(readLevel(context, level).ipsets).map(([name, set]) => ({
        name,
        digest: digestOf(set),
        ...(set.comment === undefined ? {} : { comment: set.comment }),
      })),
    [`POST ${base}`]: createSet(level),
    [`GET ${base}/{name}`]: (context) => {
      const set = setOf(context, level, false);
      return set.entries.map((entry) => ({ ...entry, digest: digestOf(set.entries) }));
    },
    [`POST ${base}/{name}`]: (context) => {
      const set = setOf(context, level, true);
      const cidr = context.call.text("cidr");
      if (set.entries.some((entry) => entry.cidr === cidr)) throw invalid({ cidr: `address '${cidr}' already exists` });
      const comment = context.call.optional("comment");
      const nomatch = context.call.flag("nomatch") ? { nomatch: 1 } : {};
      set.entries.push({ cidr, ...(comment ? { comment } : {}), ...nomatch });
      return null;
    },
    [`DELETE ${base}/{name}`]: (context) => {
      const name = context.call.text("name");
      const set = setOf(context, level, true);
      if (set.entries.length > 0 && !context.call.flag("force")) throw failure(`IPSet '${name}' is not empty`);
      delete writeLevel(context, level).ipsets[name];
      return null;
    },
    [`GET ${base}/{name}/{cidr}`]: (context) => entryOf(context, level),
    [`PUT ${base}/{name}/{cidr}`]: (context) => {
      const entry = entryOf(context, level);
      if (context.call.has("comment")) entry.comment = context.call.text("comment");
      if (context.call.flag("nomatch")) entry.nomatch = 1;
      else if (context.call.has("nomatch")) delete entry.nomatch;
      return null;
    },
    [`DELETE ${base}/{name}/{cidr}`]: (context) => {
      const set = setOf(context, level, true);
      set.entries = set.entries.filter((entry) => entry.cidr !== context.call.text("cidr"));
      return null;
    },
  };
}
