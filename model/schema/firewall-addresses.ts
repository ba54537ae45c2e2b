import { rangeOf } from "../resolve/ip";
import { isIpv4, isIpv6 } from "./formats";
import { type Advice, text } from "./scalar";

/** The largest range that pve-firewall takes (PVE::Firewall). */
const SMALLEST_PREFIX = 8;
const ADDRESS = `an IP address, or a range from /${SMALLEST_PREFIX} on, such as 192.168.1.0/24`;

/** Whether it is an address or a range at all, such as pve-firewall may still refuse. */
function isWellFormed(value: string): boolean {
  const [address = "", prefix] = value.split("/");
  const bits = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  return prefix === undefined ? bits > 0 : /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

/** What to write in place of a range that is none to pve-firewall; undefined where nothing better is known. */
function betterRange(value: string): Advice | undefined {
  const [address = "", prefix] = value.split("/");
  if (prefix === undefined || !isWellFormed(value)) return undefined;
  if (Number(prefix) < SMALLEST_PREFIX)
    return { fix: "for every address leave it out: a rule without from or to holds for all" };
  const range = rangeOf(value);
  return range.canonical === `${address}/${prefix}` || range.canonical.includes(":")
    ? undefined
    : { fix: `write ${range.canonical}, or ${address} for the one address` };
}

const isAddress = (value: string): boolean => isWellFormed(value) && betterRange(value) === undefined;

/** An address, or a range that pve-firewall takes. */
export const address = () => text(ADDRESS, isAddress, betterRange);

/** Whether it is written as addresses are, and not as a name. */
export const looksLikeAddress = (value: string) => /^[\d.]+(\/\d+)?(-[\d.]+)?$/.test(value) || value.includes(":");

function isRange(value: string): boolean {
  const [first = "", last = "", more] = value.split("-");
  const sameFamily = (isIpv4(first) && isIpv4(last)) || (isIpv6(first) && isIpv6(last));
  return more === undefined && sameFamily;
}

/** An end of a rule: an address, or the name of something that has one. */
export const end = () =>
  text(
    "an address, a range (10.0.0.5-10.0.0.9), or the name of an alias, IP set, network or guest",
    (value) =>
      looksLikeAddress(value) ? isRange(value) || isAddress(value) : /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(value),
    (value) => (looksLikeAddress(value) ? betterRange(value) : undefined),
  );
