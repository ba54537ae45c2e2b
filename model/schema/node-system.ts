import { z } from "zod";
import * as f from "./formats";
import { refuse } from "./refine";
import { secretOrText } from "./secret";

/** Repositories that Proxmox VE 9 offers by handle (bpg/proxmox 0.111.1, proxmox_apt_standard_repository). */
export const repositories = z
  .strictObject({
    enterprise: f.flag().optional().meta({ description: "For nodes with a subscription. Default: as it is." }),
    no_subscription: f.flag().optional().meta({ description: "For nodes without one. Default: as it is." }),
    ceph: f
      .oneOf(["enterprise", "no-subscription", "none"])
      .optional()
      .meta({ description: "Ceph's packages; none: switched off. Default: as it is." }),
  })
  .meta({ description: "Proxmox VE's package repositories." });

export const dns = z
  .strictObject({
    domain: f.dnsName().meta({ description: "Search domain, also the domain of the node's own name." }),
    // Proxmox VE takes dns1, dns2 and dns3.
    servers: z.array(f.ip()).min(1).max(3).meta({ description: "Name servers, at most three." }),
  })
  .meta({ description: "The node's own name resolution." });

export const hostEntries = z.record(f.ip(), z.array(f.dnsName()).min(1)).meta({
  description: "Lines of the node's /etc/hosts by address; those of localhost and of the node itself are always there.",
});

const domain = z.strictObject({
  domain: f.dnsName().meta({ description: "Name in the certificate." }),
  plugin: f
    .plainName()
    .optional()
    .meta({ description: "One of proxmox_acme.plugins, for proof by DNS. Default: proof by HTTP on port 80." }),
  alias: f.dnsName().optional().meta({ description: "Another domain in which the proof is written." }),
});

export const acmeDomains = z
  .strictObject({
    domains: z.array(domain).min(1).meta({ description: "Names that the node's web interface is reached by." }),
  })
  .meta({ description: "A public certificate for the node, by the account of proxmox_acme." });

const plugin = z
  .strictObject({
    api: f.plainName().meta({ description: "The plugin's kind, such as cf for Cloudflare (acme.sh's names)." }),
    data: z
      .record(f.environmentName(), secretOrText())
      .meta({ description: "What the plugin asks for, by name: { CF_Token: { secret: cloudflare_token } }." }),
    validation_delay: f
      .whole({ min: 0, max: 172800, unit: "seconds" })
      .optional()
      .meta({ description: "Seconds to wait for DNS. Default: 30." }),
  })
  .meta({ description: "How a name server is told to prove that a domain is yours." });

export const acme = z
  .strictObject({
    contact: f.line().meta({ description: "E-mail address of the account." }),
    directory: f.url().optional().meta({ description: "The CA's directory. Default: Let's Encrypt." }),
    terms: f.url().meta({ description: "URL of the CA's terms of service; writing it agrees to them." }),
    plugins: z.record(f.mappingName(), plugin).default({}).meta({ description: "DNS plugins by name." }),
  })
  .meta({ description: "The cluster's account for certificates by ACME." });

const metricsServer = z
  .strictObject({
    type: f.oneOf(["graphite", "influxdb", "opentelemetry"]).meta({ description: "What it speaks." }),
    server: f.hostAddress().meta({ description: "Where it is." }),
    port: f.port().meta({ description: "Its port." }),
    protocol: f.oneOf(["udp", "tcp", "http", "https"]).optional().meta({
      description: "graphite: udp, tcp; influxdb: udp, http, https; opentelemetry: http, https. Default: Proxmox VE's.",
    }),
    path: f.line().optional().meta({ description: "graphite: root of the names; opentelemetry: path of the URL." }),
    bucket: f.line().optional().meta({ description: "influxdb by HTTP: bucket." }),
    organization: f.line().optional().meta({ description: "influxdb by HTTP: organization." }),
    token: secretOrText().optional().meta({ description: "influxdb by HTTP: { secret: name } of its token." }),
    verify: f.flag().optional().meta({ description: "Check the server's certificate. Default: true." }),
  })
  .superRefine((value, context) => {
    const allowed = { graphite: ["udp", "tcp"], influxdb: ["udp", "http", "https"], opentelemetry: ["http", "https"] };
    if (value.protocol === undefined || allowed[value.type].includes(value.protocol)) return;
    const fix = `write ${allowed[value.type].join(" or ")}`;
    refuse(context, ["protocol"], `${value.type} does not speak ${value.protocol}`, fix);
  })
  .meta({ description: "Where Proxmox VE sends its own measurements." });

export const metrics = z
  .record(f.mappingName(), metricsServer)
  .meta({ description: "Servers that the cluster sends its measurements to, by name." });
