import { isIPv6 } from "node:net";

/** What a key under `hosts:` names: one host or a range of them, and the port that follows a colon. */
export type HostPattern =
  | { readonly names: readonly string[]; readonly port?: number }
  | { readonly problem: string; readonly fix: string };

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** More hosts than this from one key are taken for a slip of the keyboard. */
const MAX_HOSTS = 65_536;

const BRACKETED = /^\[(.+)\]:(\d+)$/s;
const WITH_PORT = /^((?:[^:[\]]|\[[^\]]*\])*):(\d+)$/s;
const RANGE = String.raw`\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]`;
const LABEL = String.raw`(?:[\p{L}\p{N}_]|${RANGE})(?:[\p{L}\p{N}_-]|${RANGE})*(?<![_-])`;
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, "iu");
const HEX_RANGE = /\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\]/gi;
const EXAMPLE = "write the first and last, such as web[01:10] or db-[a:f]";

/** Expands a host pattern as Ansible's YAML inventory does: `web[01:10:2]`, `[a:f]`, several in one name, `host:22`, `[::1]:22`. */
export function expandHostPattern(pattern: string): HostPattern {
  const { host, port } = splitPort(pattern);
  const names = host.includes("[") ? expandRange(host) : [host];
  if (!Array.isArray(names)) return names as HostPattern;
  // Ansible takes port 0 for none.
  return port ? { names, port } : { names };
}

/** A port counts only behind something that looks like a host or address; otherwise the whole text is a name. */
function splitPort(pattern: string): { host: string; port?: number } {
  if (!pattern.includes(":")) return { host: pattern };
  const match = BRACKETED.exec(pattern) ?? WITH_PORT.exec(pattern);
  const [, host = "", port] = match ?? [];
  const known = HOST_NAME.test(host) || isIPv6(host.replace(HEX_RANGE, "1"));
  return match && known ? { host, port: Number(port) } : { host: pattern };
}

function expandRange(pattern: string): string[] | { problem: string; fix: string } {
  let names = [""];
  let rest = pattern;
  while (rest.includes("[")) {
    const match = /^([^[]*)\[([^\]]*)\]/s.exec(rest);
    if (!match) return bad(pattern, "the range has no closing bracket");
    const values = rangeValues(match[2]!);
    if (!Array.isArray(values)) return bad(pattern, values);
    if (names.length * values.length > MAX_HOSTS) return bad(pattern, `it stands for more than ${MAX_HOSTS} hosts`);
    names = names.flatMap((name) => values.map((value) => `${name}${match[1]}${value}`));
    rest = rest.slice(match[0].length);
  }
  return names.map((name) => name + rest);
}

function bad(pattern: string, problem: string): { problem: string; fix: string } {
  return { problem: `"${pattern}" is no range of hosts: ${problem}`, fix: EXAMPLE };
}

/** The values of `begin:end` or `begin:end:step`; a text says what is wrong with them. */
function rangeValues(range: string): string[] | string {
  const bounds = range.split(":");
  if (bounds.length !== 2 && bounds.length !== 3) return "it needs a first and a last value with a colon between";
  const [begin = "", end = "", stepText = "1"] = [bounds[0] || "0", bounds[1], bounds[2]];
  if (!end) return "the last value is missing";
  const step = Number(stepText);
  if (!/^\d+$/.test(stepText) || step === 0) return `its step "${stepText}" is no whole number above 0`;
  const padded = begin.length > 1 && begin.startsWith("0");
  if (padded && begin.length !== end.length) return `"${begin}" and "${end}" must have the same number of digits`;
  if (/^[a-zA-Z]$/.test(begin) && /^[a-zA-Z]$/.test(end)) return letters(begin, end, step);
  if (!/^\d+$/.test(begin) || !/^\d+$/.test(end)) return `"${begin}" and "${end}" must be two numbers or two letters`;
  return numbers(Number(begin), Number(end), step, padded ? begin.length : 0);
}

function letters(begin: string, end: string, step: number): string[] | string {
  const [first, last] = [LETTERS.indexOf(begin), LETTERS.indexOf(end)];
  if (first > last) return `"${begin}" comes after "${end}"`;
  return [...LETTERS.slice(first, last + 1)].filter((_, index) => index % step === 0);
}

function numbers(first: number, last: number, step: number, width: number): string[] | string {
  if (first > last) return `${first} is more than ${last}, so it names no host`;
  if ((last - first) / step >= MAX_HOSTS) return `it stands for more than ${MAX_HOSTS} hosts`;
  const values: string[] = [];
  for (let value = first; value <= last; value += step) values.push(String(value).padStart(width, "0"));
  return values;
}
