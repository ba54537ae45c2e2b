/** What is set on a node itself through Proxmox VE's API. What is absent stays as it is. */
export interface NodeSystem {
  readonly repositories?: {
    readonly enterprise?: boolean;
    readonly noSubscription?: boolean;
    readonly ceph?: "enterprise" | "no-subscription" | "none";
  };
  readonly timeZone?: string;
  readonly dns?: { readonly domain: string; readonly servers: readonly string[] };
  /** Further lines of /etc/hosts. */
  readonly hosts?: readonly { readonly address: string; readonly names: readonly string[] }[];
  readonly certificateDomains?: readonly CertificateDomain[];
}

export interface CertificateDomain {
  readonly domain: string;
  /** One of the lab's DNS plugins; without one, proof by HTTP. */
  readonly plugin?: string;
  readonly alias?: string;
}

/** Text, or the name of a secret. */
export type SecretOrText = string | { readonly secret: string };

/** The cluster's account for certificates. */
export interface Acme {
  readonly contact: string;
  readonly directory?: string;
  readonly terms: string;
  readonly plugins: readonly AcmePlugin[];
}

export interface AcmePlugin {
  readonly name: string;
  readonly api: string;
  readonly data: { readonly [name: string]: SecretOrText };
  readonly validationDelaySeconds?: number;
}

/** A server that the cluster sends its measurements to. */
export interface MetricsServer {
  readonly name: string;
  readonly type: "graphite" | "influxdb" | "opentelemetry";
  readonly server: string;
  readonly port: number;
  readonly protocol?: "udp" | "tcp" | "http" | "https";
  readonly path?: string;
  readonly bucket?: string;
  readonly organization?: string;
  readonly token?: SecretOrText;
  readonly verify?: boolean;
}
