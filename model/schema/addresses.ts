import ipaddr from "ipaddr.js";
import { text } from "./scalar";

/** A byte of an IPv4 address as a regular expression. */
export const OCTET = String.raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

export const isIpv4 = (value: string) => IPV4.test(value);
export const isIpv6 = (value: string) => value.includes(":") && !value.includes("%") && ipaddr.IPv6.isValid(value);

const isPrefixed = (value: string, isAddress: (address: string) => boolean, bits: number) => {
  const slash = value.lastIndexOf("/");
  const prefix = value.slice(slash + 1);
  return slash > 0 && /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= bits && isAddress(value.slice(0, slash));
};
const isCidr4 = (value: string) => isPrefixed(value, isIpv4, 32);
const isCidr6 = (value: string) => isPrefixed(value, isIpv6, 128);

function isHostCidr4(value: string): boolean {
  if (!isCidr4(value)) return false;
  const [address = "", prefix] = value.split("/");
  if (Number(prefix) >= 31) return true;
  const ends = [ipaddr.IPv4.networkAddressFromCIDR(value), ipaddr.IPv4.broadcastAddressFromCIDR(value)];
  return !ends.some((end) => end.toString() === address);
}

function firstHost(value: string): string | undefined {
  if (!isCidr4(value)) return undefined;
  const bytes = ipaddr.IPv4.networkAddressFromCIDR(value).toByteArray();
  return `${bytes.slice(0, 3).join(".")}.${(bytes[3] ?? 0) + 1}/${value.split("/")[1]}`;
}

const withoutPrefix = (value: string) => value.split("/")[0];
export const ipv4 = () => text("an IPv4 address such as 192.168.1.1", isIpv4, withoutPrefix);
export const ipv6 = () => text("an IPv6 address such as fd00::1", isIpv6, withoutPrefix);
export const ip = () => text("an IP address", (value) => isIpv4(value) || isIpv6(value), withoutPrefix);
export const cidr4 = () => text("an IPv4 range such as 192.168.1.0/24", isCidr4);
export const cidr6 = () => text("an IPv6 range such as fd00::/64", isCidr6);
/** An address of a host, with the prefix of its network: neither the network's own address nor its broadcast. */
export const hostCidr4 = () => text("an address with its prefix such as 10.0.100.1/24", isHostCidr4, firstHost);
export const nicAddress4 = () =>
  text(
    "dhcp, or an IPv4 address such as 192.168.1.51 or 192.168.1.51/24",
    (value) => value === "dhcp" || isIpv4(value) || isCidr4(value),
    (value) => value.toLowerCase(),
  );
export const nicAddress6 = () =>
  text(
    "dhcp, auto, or an IPv6 address such as fd00::51/64",
    (value) => value === "dhcp" || value === "auto" || isIpv6(value) || isCidr6(value),
    (value) => value.toLowerCase(),
  );
