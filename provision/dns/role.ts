import { z } from "zod";
import { anyText, cidr4, cidr6, dnsName, ip, whole } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole } from "../role";
import { type Record, zoneFiles } from "./zones";

const LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?";
const NAME = `${LABEL}(\\.${LABEL})*`;
const name = () => text("@, *, or a name relative to the zone such as www", new RegExp(`^(@|(\\*\\.)?${NAME}|\\*)$`));
const target = `(@|${NAME}\\.?)`;

/** What each type's value looks like in a zone file; text is quoted by the role. */
const VALUES = {
  A: [/^\d{1,3}(\.\d{1,3}){3}$/, "an IPv4 address"],
  AAAA: [/^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*$/, "an IPv6 address"],
  CNAME: [new RegExp(`^${target}$`), "a name; one with a dot at its end is complete"],
  NS: [new RegExp(`^${target}$`), "a name; one with a dot at its end is complete"],
  MX: [new RegExp(`^\\d{1,5} ${target}$`), "a priority and a name: 10 mail"],
  SRV: [new RegExp(`^\\d{1,5} \\d{1,5} \\d{1,5} ${target}$`), "priority, weight, port and name: 0 5 5060 sip"],
  TXT: [/^[\x20-\x7e]{1,2000}$/, "printable ASCII text"],
  CAA: [/^(0|128) (issue|issuewild|iodef) "[\x20-\x21\x23-\x5b\x5d-\x7e]*"$/, '0 issue "letsencrypt.org"'],
} as const satisfies { [type in Exclude<Record["type"], "PTR">]: readonly [RegExp, string] };

const record = z
  .strictObject({
    name: name().describe("Relative to the zone; @ is the zone itself."),
    type: z.enum(["A", "AAAA", "CNAME", "NS", "MX", "SRV", "TXT", "CAA"]).describe("Type of the record."),
    value: anyText().describe("What it holds, as a zone file has it; text of TXT without quotes."),
    ttl: whole({ min: 0, max: 604800, unit: "seconds" }).optional().describe("Seconds. Default: dns_ttl."),
  })
  .superRefine(({ type, value }, context) => {
    const [pattern, expected] = VALUES[type];
    if (pattern.test(value)) return;
    const message = `expected ${expected}, got ${JSON.stringify(value)}`;
    context.addIssue({ code: "custom", path: ["value"], message });
  })
  .meta({ id: "dns_record", description: "A record of a zone." });

export default defineRole({
  summary: "BIND: the lab's names and addresses as zones, and a resolver for its networks.",
  group: "dns_hosts",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu"],
  after: ["base", "packages"],
  ofAnyHost: ["dns_aliases"],
  variables: z.object({
    dns_domain: dnsName().describe("Zone of every host whose network has no domain of its own: home.arpa."),
    dns_forwarders: z
      .array(ip())
      .optional()
      .describe("Servers asked for all other names. Default: none, the root servers are asked."),
    dns_allow: z
      .array(z.union([cidr4(), cidr6()]))
      .optional()
      .describe("Networks that may ask. Default: the ranges of proxmox_networks."),
    dns_dnssec: z.boolean().optional().describe("Check the signatures of other zones. Default: true."),
    dns_ttl: whole({ min: 0, max: 604800, unit: "seconds" })
      .optional()
      .describe("Seconds for which answers may be kept. Default: 3600."),
    dns_contact: text("a name as in hostmaster, which stands for hostmaster@ the zone", /^[A-Za-z0-9-]+$/)
      .optional()
      .describe("Who answers for the zones. Default: hostmaster."),
    dns_aliases: z
      .array(text("a name relative to its zone such as git", new RegExp(`^(\\*\\.)?${NAME}$`)))
      .optional()
      .describe("Further names of the host that has this variable, whichever host that is. Default: none."),
    dns_zones: z
      .record(dnsName(), z.array(record))
      .optional()
      .transform((zones) => Object.entries(zones ?? {}).map(([zone, records]) => ({ zone, records })))
      .describe("Zones by name with further records; those of the lab's hosts come by themselves."),
  }),
  derive: (lab, self, values, refuse) => {
    // BIND takes no zone whose name server has no address in it.
    if (self.addresses.length === 0)
      refuse(
        ["dns_domain"],
        `${self.name} serves names, and has no static address`,
        "give it one: ip: in its networks",
      );
    return {
      dns_networks: lab.networks.flatMap(({ cidrs }) => cidrs),
      dns_zone_files: zoneFiles(lab, self, {
        domain: String(values.dns_domain),
        ttl: typeof values.dns_ttl === "number" ? values.dns_ttl : 3600,
        contact: typeof values.dns_contact === "string" ? values.dns_contact : "hostmaster",
        further: (values.dns_zones ?? []) as readonly { readonly zone: string; readonly records: readonly Record[] }[],
      }),
    };
  },
});
