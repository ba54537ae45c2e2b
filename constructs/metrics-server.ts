import { Construct } from "constructs";
import {
  type MetricsServerConfig,
  MetricsServer as MetricsServerResource,
} from "../.gen/providers/proxmox/metrics-server";
import { giveAddress } from "./address";
import { compact } from "./compact";
import { ConstructError, shown } from "./construct-error";

export interface MetricsServerProps {
  readonly name: string;
  readonly type: "graphite" | "influxdb" | "opentelemetry";
  readonly server: string;
  readonly port: number;
  /** Graphite: udp, tcp; InfluxDB: udp, http, https; OpenTelemetry: http, https. @default udp; https for OpenTelemetry */
  readonly protocol?: "udp" | "tcp" | "http" | "https";
  /** Graphite: root of the names; OpenTelemetry: path of the URL. @default Proxmox VE's */
  readonly path?: string;
  /** InfluxDB by HTTP. @default none */
  readonly bucket?: string;
  /** InfluxDB by HTTP. @default none */
  readonly organization?: string;
  /** InfluxDB by HTTP: a sensitive Terraform expression. @default none */
  readonly token?: string;
  /** False: the server's certificate is not checked. @default true */
  readonly verifyTls?: boolean;
}

type Optional<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

const PROTOCOLS = { graphite: ["udp", "tcp"], influxdb: ["udp", "http", "https"], opentelemetry: ["http", "https"] };

/** A server that the cluster sends its measurements of nodes, guests and storages to. */
export class MetricsServer extends Construct {
  readonly server: MetricsServerResource;

  constructor(scope: Construct, id: string, props: MetricsServerProps) {
    super(scope, id);
    const { bucket, name, organization, path, port, protocol, server, token, type, verifyTls } = props;
    if (protocol !== undefined && !PROTOCOLS[type].includes(protocol))
      throw new ConstructError(this, [
        `protocol: expected ${PROTOCOLS[type].join(" or ")} for ${type}, got ${shown(protocol)}; write one of them, or delete protocol`,
      ]);
    const own: Readonly<Record<MetricsServerProps["type"], Optional<MetricsServerConfig>>> = {
      graphite: { graphiteProto: protocol, graphitePath: path },
      influxdb: {
        influxDbProto: protocol,
        influxBucket: bucket,
        influxOrganization: organization,
        influxToken: token,
        influxVerify: verifyTls,
      },
      opentelemetry: { opentelemetryProto: protocol, opentelemetryPath: path, opentelemetryVerifySsl: verifyTls },
    };
    this.server = new MetricsServerResource(this, "Default", {
      ...compact<Partial<MetricsServerConfig>>(own[type]),
      name,
      server,
      port,
      type,
    });
    giveAddress(this.server, name);
  }
}
