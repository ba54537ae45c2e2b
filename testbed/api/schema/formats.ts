import { isIP, isIPv4, isIPv6 } from "node:net";
import { PRIVILEGES } from "../auth/privileges";
import { checkCalendarEvent } from "./calendar-event";

/** Says what is wrong with a value, in Proxmox VE's words without the final newline; `undefined` when it is right. */
type FormatCheck = (value: string) => string | undefined;

const DNS_LABEL = "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)";
const DNS_NAME = new RegExp(`^(?:${DNS_LABEL}\\.)*${DNS_LABEL}$`);
const STORAGE_ID = /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i;
const USER_ID = /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/;
const TOKEN_ID = /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+![A-Za-z][A-Za-z0-9.\-_]+$/;
const STARTUP = /^(?:order=)?\d+$|^up=\d+$|^down=\d+$/;

const matches =
  (pattern: RegExp, text: string): FormatCheck =>
  (value) =>
    pattern.test(value) ? undefined : text;

const named =
  (pattern: RegExp, text: (value: string) => string): FormatCheck =>
  (value) =>
    pattern.test(value) ? undefined : text(value);

const holds =
  (test: (value: string) => boolean, text: string): FormatCheck =>
  (value) =>
    test(value) ? undefined : text;

/** An address with a prefix length that is no larger than `bits` and no smaller than 8, as Proxmox VE wants it. */
function isCidr(value: string, family: 4 | 6): boolean {
  const match = /^([^/]+)\/(\d+)$/.exec(value);
  if (!match) return false;
  const prefix = Number(match[2]);
  const address = match[1] ?? "";
  return family === 4 ? isIPv4(address) && prefix > 7 && prefix <= 32 : isIPv6(address) && prefix > 7 && prefix <= 128;
}

const isAnyCidr = (value: string): boolean => isCidr(value, 4) || isCidr(value, 6);

function checkPorts(value: string): string | undefined {
  for (const item of value.split(",")) {
    if (item === "") continue;
    const range = /^(\d+)(?:[:-](\d+))?$/.exec(item);
    const ports = range ? [range[1], range[2]].filter((port) => port !== undefined) : [];
    const wrong = ports.find((port) => Number(port) < 0 || Number(port) > 65535);
    if (wrong !== undefined) return `invalid port '${wrong}'`;
    if (range?.[2] !== undefined && Number(range[1]) > Number(range[2])) return "backwards range not allowed";
    if (!range && !/^[a-z][a-z0-9-]*$/i.test(item)) return `invalid port '${item}'`;
  }
  return undefined;
}

function checkFirewallAddress(value: string): string | undefined {
  if (/^\+?(?:dc\/|guest\/|sdn\/)?[a-zA-Z][a-zA-Z0-9\-_]+$/.test(value)) return undefined;
  for (const item of value.split(",")) {
    const range = /^([^-]+)-([^-]+)$/.exec(item);
    const parts = range ? [range[1] ?? "", range[2] ?? ""] : [item.replace(/\/\d+$/, "")];
    const wrong = parts.find((part) => isIP(part) === 0);
    if (wrong === undefined) continue;
    const chars = wrong.includes(":") ? /^[0-9a-fA-F:.]+$/ : /^[0-9.]+$/;
    return chars.test(wrong)
      ? `invalid IP address: Invalid IP quad in IP address ${wrong}`
      : `invalid IP address: Invalid chars in IP ${wrong}`;
  }
  return undefined;
}

function checkDevicePath(value: string): string | undefined {
  if (!value.startsWith("/dev/")) return `${value} is not a valid device path`;
  return checkPathCharacters(value);
}

function checkPathCharacters(value: string): string | undefined {
  const illegal = /(?:^|\/)\.\.?(?:\/|$)|\/\//.test(value);
  return illegal ? `${value} contains illegal character sequences` : undefined;
}

const CONTENT_TYPES = ["images", "rootdir", "iso", "vztmpl", "snippets", "backup", "import", "none"];
const PROTOCOL_NAMES = /^(?:[a-z][a-z0-9.+-]*|\d+)$/i;

const FORMATS: Readonly<Record<string, FormatCheck>> = {
  "pve-configid": named(/^[a-z][a-z0-9_-]+$/i, (v) => `invalid configuration ID '${v}'`),
  "pve-vmid": matches(/^[1-9][0-9]{2,8}$/, "value does not look like a valid VM ID"),
  "pve-node": matches(/^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/, "value does not look like a valid node name"),
  "pve-storage-id": named(STORAGE_ID, (v) => `storage ID '${v}' contains illegal characters`),
  "pve-iface": named(/^[a-z][a-z0-9_]{1,20}(?:[:.]\d+)?$/i, (v) => `invalid network interface name '${v}'`),
  "pve-bridge-id": named(/^[-_.\w]+$/, (v) => `invalid bridge name '${v}'`),
  "mac-addr": matches(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i,
    "value does not look like a valid unicast MAC address",
  ),
  "mac-prefix": matches(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}:?$/i,
    "value is not a valid unicast MAC address prefix",
  ),
  ip: holds((v) => isIP(v) !== 0, "value does not look like a valid IP address"),
  ipv4: holds(isIPv4, "value does not look like a valid IPv4 address"),
  ipv6: holds(isIPv6, "value does not look like a valid IPv6 address"),
  ipv4mask: holds(
    (v) => isIPv4(v) || /^(?:[0-9]|[12][0-9]|3[0-2])$/.test(v),
    "value does not look like a valid IPv4 netmask",
  ),
  CIDR: holds(isAnyCidr, "value does not look like a valid CIDR network"),
  CIDRv4: holds((v) => isCidr(v, 4), "value does not look like a valid IPv4 CIDR network"),
  CIDRv6: holds((v) => isCidr(v, 6), "value does not look like a valid IPv6 CIDR network"),
  FullRangeCIDR: holds(
    (v) => /^[^/]+\/\d+$/.test(v) && isIP(v.split("/")[0] ?? "") !== 0,
    "value does not look like a valid CIDR network",
  ),
  IPorCIDR: holds((v) => isIP(v) !== 0 || isAnyCidr(v), "value does not look like a valid IP address or CIDR network"),
  IPorCIDRorAlias: holds(
    (v) => isIP(v) !== 0 || isAnyCidr(v) || /^(?:dc\/|guest\/|sdn\/)?[a-zA-Z][a-zA-Z0-9\-_]+$/.test(v),
    "value does not look like a valid IP address or CIDR network",
  ),
  "pve-ipv4-config": holds(
    (v) => /^(?:dhcp|manual)$/.test(v) || isCidr(v, 4),
    "value does not look like a valid ipv4 network configuration",
  ),
  "pve-ipv6-config": holds(
    (v) => /^(?:auto|dhcp|manual)$/.test(v) || isCidr(v, 6),
    "value does not look like a valid ipv6 network configuration",
  ),
  "lxc-ip-with-ll-iface": holds(
    (v) => v === "host" || isIP(v.replace(/%[a-z0-9.]+$/i, "")) !== 0,
    "value does not look like a valid IP address",
  ),
  email: matches(/^[^@\s]+@[^@\s]+$/, "value does not look like a valid email address"),
  "email-or-username": matches(
    /^(?:[^@\s]+@[^@\s]+|[^@\s:/]+)$/,
    "value does not look like a valid email address or user name",
  ),
  "dns-name": matches(DNS_NAME, "value does not look like a valid DNS name"),
  address: named(
    new RegExp(`^(?:${DNS_NAME.source.slice(1, -1)}|[0-9a-fA-F:.]+)$`),
    (v) => `value does not look like a valid address: ${v}`,
  ),
  "pve-storage-server": named(
    new RegExp(`^(?:${DNS_NAME.source.slice(1, -1)}|[0-9a-fA-F:.]+)$`),
    (v) => `value does not look like a valid server name or IP address: ${v}`,
  ),
  "pve-tag": matches(/^[a-z0-9_][a-z0-9_\-+.]*$/i, "invalid characters in tag"),
  "pve-startup-order": holds(
    (v) => v.split(",").every((part) => STARTUP.test(part)),
    "unable to parse startup options",
  ),
  "disk-size": named(/^(\d+(?:\.\d+)?)[KMGT]?$/, (v) => `value does not look like a valid disk size: ${v}`),
  "pve-userid": named(USER_ID, (v) => `value '${v}' does not look like a valid user name`),
  "pve-tokenid": named(TOKEN_ID, (v) => `value '${v}' does not look like a valid token ID`),
  "pve-realm": matches(/^[A-Za-z][A-Za-z0-9.\-_]+$/, "value does not look like a valid realm"),
  "pve-groupid": named(/^[A-Za-z0-9.\-_]+$/, (v) => `group name '${v}' contains invalid characters`),
  "pve-roleid": named(/^[A-Za-z0-9.\-_]+$/, (v) => `role name '${v}' contains invalid characters`),
  "pve-poolid": named(
    /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/,
    (v) => `pool name '${v}' contains invalid characters`,
  ),
  "pve-priv": (v) => (PRIVILEGES.has(v) ? undefined : `invalid privilege '${v}'`),
  "pve-volume-id": named(/^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i, (v) => `unable to parse volume ID '${v}'`),
  "pve-volume-id-or-qm-path": (v) => (v === "none" || v === "cdrom" || v.startsWith("/") ? undefined : volumeId(v)),
  "pve-volume-id-or-absolute-path": (v) => (v.startsWith("/") ? undefined : volumeId(v)),
  "pve-storage-path": matches(/^\/.+/, "value does not look like a valid absolute path"),
  "pve-storage-content": (v) => (CONTENT_TYPES.includes(v) ? undefined : `invalid content type '${v}'`),
  "pve-calendar-event": checkCalendarEvent,
  "pve-lxc-dev-string": checkDevicePath,
  "pve-lxc-mp-string": checkPathCharacters,
  "pve-fw-sport-spec": checkPorts,
  "pve-fw-dport-spec": checkPorts,
  "pve-fw-addr-spec": checkFirewallAddress,
  "pve-fw-protocol-spec": matches(PROTOCOL_NAMES, "invalid protocol"),
  "pve-replication-job-id": matches(/^[1-9][0-9]{2,8}-\d{1,9}$/, "value does not look like a valid replication job ID"),
  "pve-ha-resource-or-vm-id": named(/^(?:(?:ct|vm):\d+|\d+)$/, (v) => `unable to parse ha resource ID '${v}'`),
  "pve-ha-resource-id": named(/^[a-z]+:\S+$/, (v) => `unable to parse ha resource ID '${v}'`),
  "pve-ha-node": matches(
    /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::\d+)?$/,
    "value does not look like a valid group node",
  ),
  "pve-command-batch": holds((v) => v.trim().startsWith("["), "value does not look like a list of commands"),
  "storage-pair": named(
    /^[a-z0-9\-_.]+(?::[a-z0-9\-_.]+)?$/i,
    (v) => `value '${v}' does not look like a valid storage pair`,
  ),
};

/** An empty value of a firewall rule is as good as none. */
const MAY_BE_EMPTY = /^pve-fw-/;

function volumeId(value: string): string | undefined {
  return /^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i.test(value) ? undefined : `unable to parse volume ID '${value}'`;
}

/**
 * Checks a value against a named format; `-list` and `-opt` derive from the format they end.
 * Formats that no caller of the testbed needs are not looked at.
 */
export function checkFormat(format: string, value: string, split: (text: string) => string[]): string | undefined {
  if (value === "" && MAY_BE_EMPTY.test(format)) return undefined;
  const own = FORMATS[format];
  if (own) return own(value);
  const list = /^(.*?)-a?list$/.exec(format);
  const item = list?.[1] === undefined ? undefined : FORMATS[list[1]];
  if (item) {
    for (const part of split(value)) {
      const problem = item(part);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  const optional = /^(.*)-opt$/.exec(format);
  return optional?.[1] !== undefined && value !== "" ? FORMATS[optional[1]]?.(value) : undefined;
}
