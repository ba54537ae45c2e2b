import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import type { Caller } from "../call";
import type { State } from "../state/state";

const LIFETIME_S = 2 * 60 * 60;

const sign = (state: State, text: string): string =>
  createHmac("sha256", state.ticketSecret).update(text).digest("base64").replace(/=+$/, "");

const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const hexTime = (): string =>
  Math.floor(Date.now() / 1000)
    .toString(16)
    .toUpperCase()
    .padStart(8, "0");

const isFresh = (hex: string): boolean => {
  const age = Date.now() / 1000 - Number.parseInt(hex, 16);
  return age > -300 && age < LIFETIME_S;
};

export function issueTicket(state: State, user: string): { ticket: string; csrf: string } {
  const time = hexTime();
  return {
    ticket: `PVE:${user}:${time}::${sign(state, `ticket:${user}:${time}`)}`,
    csrf: `${time}:${sign(state, `csrf:${user}:${time}`)}`,
  };
}

/** @returns the user whose ticket this is */
export function readTicket(state: State, ticket: string): string | undefined {
  const match = /^PVE:([^:]+):([0-9A-F]{8})::(.+)$/.exec(ticket);
  if (!match) return undefined;
  const [, user = "", time = "", signature = ""] = match;
  return isFresh(time) && same(signature, sign(state, `ticket:${user}:${time}`)) ? user : undefined;
}

export function isCsrfToken(state: State, user: string, token: string): boolean {
  const match = /^([0-9A-F]{8}):(.+)$/.exec(token);
  return match !== null && isFresh(match[1] ?? "") && same(match[2] ?? "", sign(state, `csrf:${user}:${match[1]}`));
}

const isActive = (entry: { expire: number; enable?: number }): boolean =>
  entry.enable !== 0 && (entry.expire === 0 || entry.expire > Date.now() / 1000);

/** @returns the caller behind `user@realm!name=secret` */
export function readToken(state: State, text: string): Caller | undefined {
  const match = /^(([^!]+)!([^=]+))=(.+)$/.exec(text);
  if (!match) return undefined;
  const [, id = "", user = "", name = "", secret = ""] = match;
  const owner = state.users[user];
  const token = owner?.tokens[name];
  if (!owner || !token || !isActive(owner) || !isActive(token)) return undefined;
  return same(token.secret, secret) ? { id, user, token: name } : undefined;
}

export function passwordMatches(state: State, user: string, password: string): boolean {
  const entry = state.users[user];
  return entry?.password !== undefined && isActive(entry) && same(entry.password, password);
}

export const newSecret = (): string => randomUUID();
