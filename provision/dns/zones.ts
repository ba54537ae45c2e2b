import ipaddr from "ipaddr.js";
import type { HostView, LabView } from "../role";

export interface Record {
  readonly name: string;
  readonly type: "A" | "AAAA" | "CNAME" | "NS" | "MX" | "SRV" | "TXT" | "CAA" | "PTR";
  readonly value: string;
  /** Seconds. */
  readonly ttl?: number;
}

export interface ZoneOptions {
  /** Zone of hosts whose network has no domain. */
  readonly domain: string;
  /** Seconds. */
  readonly ttl: number;
  readonly contact: string;
  readonly further: readonly { readonly zone: string; readonly records: readonly Record[] }[];
}

export type ZoneFile = {
  readonly name: string;
  /** A master file (RFC 1035) but for its serial, which is `@SERIAL@`: the server knows what the last one was. */
  readonly text: string;
};

/**
 * The zones of a lab: forward ones with every host that has a static address, its aliases as CNAMEs; a reverse one for each
 * /24 and each /64 that has a host; and what else is given. Every member of the DNS group serves all of them.
 */
export function zoneFiles(lab: LabView, self: HostView, options: ZoneOptions): ZoneFile[] {
  const zones = new Map<string, Record[]>();
  const put = (zone: string, record: Record) => {
    const records = zones.get(zone);
    if (records) records.push(record);
    else zones.set(zone, [record]);
  };
  for (const { records, zone } of options.further) for (const record of records) put(zone, record);
  for (const host of lab.hosts) {
    const first = host.addresses[0];
    for (const { address, domain = options.domain } of host.addresses) {
      put(domain, { name: host.hostname, type: address.includes(":") ? "AAAA" : "A", value: address });
      const { name, zone } = reverseOf(address);
      put(zone, { name, type: "PTR", value: `${host.hostname}.${domain}.` });
    }
    for (const alias of aliasesOf(host))
      put(first?.domain ?? options.domain, { name: alias, type: "CNAME", value: host.hostname });
  }
  const servers = serversOf(lab, self, options.domain);
  return [...zones]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, records]) => ({ name, text: textOf(withoutRepeats(records), servers, options) }));
}

function serversOf(lab: LabView, self: HostView, domain: string): string[] {
  const others = lab.hosts.filter(({ groups, name }) => groups.includes("dns_hosts") && name !== self.name);
  return [self, ...others].map((host) => `${host.hostname}.${host.addresses[0]?.domain ?? domain}.`);
}

function textOf(records: readonly Record[], servers: readonly string[], { contact, ttl }: ZoneOptions): string {
  return [
    `$TTL ${ttl}`,
    // Times in seconds: refresh, retry, expire, and how long "no such name" may be kept.
    `@ IN SOA ${servers[0]} ${contact} (@SERIAL@ 3600 900 1209600 300)`,
    ...servers.map((server) => `@ IN NS ${server}`),
    ...records.map(({ name, ttl: own, type, value }) =>
      [name, ...(own === undefined ? [] : [own]), "IN", type, type === "TXT" ? quoted(value) : value].join(" "),
    ),
    "",
  ].join("\n");
}

/** One string of a TXT record holds 255 bytes at most. */
function quoted(value: string): string {
  const parts = value.match(/.{1,255}/g) ?? [""];
  return parts.map((part) => `"${part.replace(/["\\]/g, "\\$&")}"`).join(" ");
}

function withoutRepeats(records: readonly Record[]): Record[] {
  return [...new Map(records.map((record) => [JSON.stringify(record), record])).values()];
}

function aliasesOf(host: HostView): string[] {
  const value = host.variable("dns_aliases");
  return Array.isArray(value) ? value.filter((alias) => typeof alias === "string") : [];
}

/** The zone of an address's /24 or /64, and its name in there. */
export function reverseOf(address: string): { readonly zone: string; readonly name: string } {
  const parsed = ipaddr.parse(address);
  const bytes = parsed.toByteArray();
  const labels =
    parsed.kind() === "ipv4"
      ? bytes.map(String)
      : bytes.flatMap((byte) => [(byte >> 4).toString(16), (byte & 15).toString(16)]);
  const own = parsed.kind() === "ipv4" ? 1 : 16;
  const suffix = parsed.kind() === "ipv4" ? "in-addr.arpa" : "ip6.arpa";
  return {
    zone: [...labels.slice(0, -own).reverse(), suffix].join("."),
    name: labels.slice(-own).reverse().join("."),
  };
}
