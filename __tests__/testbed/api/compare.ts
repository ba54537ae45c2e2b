import type { Exchange } from "./replay";

/** Values that no two hosts share; only their type is compared. */
const VOLATILE =
  /^(?:uptime|cpu|mem|pid|disk|diskread|diskwrite|netin|netout|memhost|pressure\w+|used|avail|used_fraction|free|available|total|time|localtime|ctime|timestamp|starttime|endtime|pstart|swap|digest|ssl_fingerprint|fingerprint|loadavg|mhz|value|maxmem|maxdisk|description|descr|changes|n|port|ticket|CSRFPreventionToken|priority|nics|snaptime|flags|allowed-tags|subjectpublic|pem|issuer|subject|notbefore|notafter|san)$/;

/** An exchange with the names that occur in its recording's requests: all others are of other objects on the host. */
export interface Scope extends Exchange {
  readonly known: ReadonlySet<string>;
}

const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "list" : typeof value);

/** MAC addresses, UUIDs, times, task ids and digests read the same on both sides. */
const mask = (text: string): string =>
  text
    .replace(/UPID:(\w+):[0-9A-F]+:[0-9A-F]+:[0-9A-F]+:/g, "UPID:$1:")
    .replace(/BC:24:11(?::[0-9A-F]{2}){3}/gi, (mac) => (mac === mac.toLowerCase() ? "mac" : "MAC"))
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
    .replace(/fe80::[0-9a-f:]+/g, "LINKLOCAL")
    .replace(/\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}/g, "DATE")
    .replace(/ctime=\d+/g, "ctime")
    .replace(/ at \/usr\/share\/perl5\S* line \d+\./g, "")
    .replace(/, at character offset .*/s, "")
    .replace(/\n+$/, "\n")
    .replace(/^(?:[a-z]+,)+[a-z]+$/, (list) => list.split(",").sort().join(","))
    .replace(/\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d/g, "TIME");

const IDENTITY = [
  "volid",
  "iface",
  "id",
  "vmid",
  "upid",
  "userid",
  "roleid",
  "groupid",
  "poolid",
  "storage",
  "node",
  "realm",
  "tokenid",
  "key",
  "subdir",
  "macro",
  "handle",
  "path",
  "pos",
  "name",
  "group",
  "cidr",
];

/** Adds to `differences` what two answers do not agree in. */
export function compare(
  expected: unknown,
  actual: unknown,
  path: string,
  exchange: Scope,
  differences: string[],
): void {
  if (typeOf(expected) !== typeOf(actual)) {
    differences.push(`${path}: ${brief(expected)}, got ${brief(actual)}`);
    return;
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    compareLists(expected, actual, path, exchange, differences);
    return;
  }
  if (typeof expected === "object" && expected !== null) {
    const theirs = expected as Record<string, unknown>;
    const ours = actual as Record<string, unknown>;
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      const at = `${path}.${key}`;
      if (!(key in theirs)) differences.push(`${at}: absent, got ${brief(ours[key])}`);
      else if (!(key in ours)) differences.push(`${at}: ${brief(theirs[key])}, got nothing`);
      else if (isVolatile(key, path) && typeOf(theirs[key]) === typeOf(ours[key])) continue;
      else compare(theirs[key], ours[key], at, exchange, differences);
    }
    return;
  }
  const same = typeof expected === "string" ? mask(expected) === mask(String(actual)) : expected === actual;
  if (!same) differences.push(`${path}: ${brief(expected)}, got ${brief(actual)}`);
}

/** `description` and `value` matter in a guest's configuration, and nowhere else. */
function isVolatile(key: string, path: string): boolean {
  if (key === "total" && path === "") return true;
  return VOLATILE.test(key) || /\.(?:memory|rootfs|loadavg)$/.test(path);
}

function compareLists(
  expected: unknown[],
  actual: unknown[],
  path: string,
  exchange: Scope,
  differences: string[],
): void {
  if (/\/log$/.test(exchange.request)) {
    compareLogs(expected, actual, path, differences);
    return;
  }
  const open = exchange.partial === true || exchange.cut !== undefined;
  const identity = IDENTITY.find(
    (key) => expected.some((item) => hasKey(item, key)) || actual.some((item) => hasKey(item, key)),
  );
  if (identity === undefined) {
    const [theirs, ours] = [expected, actual].map((list) =>
      list.map((item) => mask(JSON.stringify(sorted(item)))).sort(),
    );
    if (!open && JSON.stringify(theirs) !== JSON.stringify(ours))
      differences.push(`${path}: ${brief(expected)}, got ${brief(actual)}`);
    return;
  }
  const idOf = (item: unknown): string => mask(String((item as Record<string, unknown>)[identity]));
  if (new Set(expected.map(idOf)).size < expected.length) {
    for (const [i, item] of expected.entries()) compare(item, actual[i], `${path}[${i}]`, exchange, differences);
    return;
  }
  const ours = new Map(actual.toReversed().map((item) => [idOf(item), item]));
  for (const item of expected) {
    const match = ours.get(idOf(item));
    if (match === undefined) {
      if (exchange.cut === undefined && exchange.known.has(idOf(item)))
        differences.push(`${path}[${idOf(item)}]: missing`);
    } else compare(item, match, `${path}[${idOf(item)}]`, exchange, differences);
    ours.delete(idOf(item));
  }
  if (!open) for (const id of ours.keys()) differences.push(`${path}[${id}]: too much`);
}

/** Only the end of a task's log is the API's; what leads there are other programs' words. */
function compareLogs(expected: unknown[], actual: unknown[], path: string, differences: string[]): void {
  const [theirs, ours] = [expected, actual].map((list) => mask(String((list.at(-1) as { t?: string } | undefined)?.t)));
  if (theirs !== ours) differences.push(`${path}: "${theirs}", got "${ours}"`);
}

/** The same value with its keys in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([key, item]) => [key, sorted(item)]),
  );
}

const hasKey = (item: unknown, key: string): boolean => typeof item === "object" && item !== null && key in item;
const brief = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 160);

/** Every name that occurs in a text, and the fixed names of a host. */
export class KnownNames extends Set<string> {
  constructor(private readonly text: string) {
    super();
  }

  override has(name: string): boolean {
    const last = name.replace(/^(?:lxc|qemu)\//, "");
    return !/^(?:\d{4}|rec[\w-]*|local:.*)$/.test(last) || this.text.includes(last);
  }
}
