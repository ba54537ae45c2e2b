import type { TerraformResource } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { AcmeCertificate } from "../.gen/providers/proxmox/acme-certificate";
import { AptRepository } from "../.gen/providers/proxmox/apt-repository";
import { AptStandardRepository } from "../.gen/providers/proxmox/apt-standard-repository";
import { VirtualEnvironmentDns } from "../.gen/providers/proxmox/virtual-environment-dns";
import { VirtualEnvironmentHosts } from "../.gen/providers/proxmox/virtual-environment-hosts";
import { VirtualEnvironmentTime } from "../.gen/providers/proxmox/virtual-environment-time";
import { giveAddress } from "./address";
import { compact } from "./compact";
import { ConstructError, shown } from "./construct-error";
import type { NodeAccess } from "./providers";
import { dependencies } from "./step";

export interface ProxmoxNodeProps {
  readonly node: NodeAccess;
  /** True: written and switched on; false: switched off. @default as they are */
  readonly repositories?: NodeRepositories;
  /** `Europe/Berlin`. @default as it is */
  readonly timeZone?: string;
  /** @default as it is */
  readonly dns?: { readonly domain: string; readonly servers: readonly string[] };
  /** Further lines of /etc/hosts, beside those of localhost and of the node itself. @default the file stays as it is */
  readonly hosts?: readonly { readonly address: string; readonly names: readonly string[] }[];
  /** A certificate for the web interface, ordered when it is missing or runs out. @default none */
  readonly certificate?: {
    /** The account's name in the cluster. */
    readonly account: string;
    readonly domains: readonly CertificateDomain[];
    /** The account, and the plugins that prove the names. */
    readonly after: readonly IDependable[];
  };
}

export interface NodeRepositories {
  readonly enterprise?: boolean;
  readonly noSubscription?: boolean;
  readonly ceph?: "enterprise" | "no-subscription" | "none";
}

export interface CertificateDomain {
  readonly domain: string;
  /** Id of a DNS plugin. @default proof by HTTP on port 80 */
  readonly plugin?: string;
  /** @default none */
  readonly alias?: string;
}

/**
 * What Proxmox VE's API sets on a node itself: package repositories, time zone, name servers, /etc/hosts, certificate.
 * None of it is undone when it leaves the configuration: a node always has some value.
 */
export class ProxmoxNode extends Construct {
  readonly resources: readonly TerraformResource[];
  readonly #props: ProxmoxNodeProps;

  constructor(scope: Construct, id: string, props: ProxmoxNodeProps) {
    super(scope, id);
    this.#props = props;
    const problems = problemsOf(props);
    if (problems.length > 0) throw new ConstructError(this, problems);
    const { dns, node, timeZone } = props;
    const nodeName = node.name;
    this.resources = [
      ...this.#repositories(props.repositories ?? {}),
      ...(timeZone === undefined ? [] : [new VirtualEnvironmentTime(this, "time", { nodeName, timeZone })]),
      ...(dns
        ? [new VirtualEnvironmentDns(this, "dns", { nodeName, domain: dns.domain, servers: [...dns.servers] })]
        : []),
      ...this.#hosts(),
      ...this.#certificate(),
    ];
    for (const resource of this.resources)
      if (!resource.terraformResourceType.includes("apt_")) giveAddress(resource, nodeName);
  }

  /** One after the other: they are entries of shared files. */
  #repositories({ ceph, enterprise, noSubscription }: NodeRepositories): TerraformResource[] {
    const wanted: readonly (readonly [handle: string, enabled: boolean | undefined])[] = [
      ["enterprise", enterprise],
      ["no-subscription", noSubscription],
      ["ceph-squid-enterprise", ceph === undefined ? undefined : ceph === "enterprise"],
      ["ceph-squid-no-subscription", ceph === "no-subscription" ? true : undefined],
    ];
    const made: TerraformResource[] = [];
    for (const [handle, enabled] of wanted) {
      if (enabled === undefined) continue;
      const before = made.at(-1);
      // Adding a standard repository switches it on; only then its place is known, and it can be switched off.
      const standard = new AptStandardRepository(this, handle, {
        handle,
        nodeAttribute: this.#props.node.name,
        ...(before ? { dependsOn: [before] } : {}),
      });
      // Before anything refers to it: a reference keeps the name that it was made with.
      giveAddress(standard, this.#props.node.name, handle);
      const repository = new AptRepository(this, `${handle}-entry`, {
        enabled,
        filePath: standard.filePath,
        index: standard.index,
        nodeAttribute: this.#props.node.name,
      });
      giveAddress(repository, this.#props.node.name, handle);
      made.push(standard, repository);
    }
    return made;
  }

  #hosts(): TerraformResource[] {
    const { dns, hosts, node } = this.#props;
    if (!hosts) return [];
    // Proxmox VE's services look up the node's own name (Administration Guide, Cluster Manager).
    const own = [...(dns ? [`${node.name}.${dns.domain}`] : []), node.name];
    const entry = [
      { address: "127.0.0.1", hostnames: ["localhost.localdomain", "localhost"] },
      { address: "::1", hostnames: ["ip6-localhost", "ip6-loopback"] },
      { address: node.address, hostnames: own },
      ...hosts.map(({ address, names }) => ({ address, hostnames: [...names] })),
    ];
    return [new VirtualEnvironmentHosts(this, "hosts", { nodeName: node.name, entry })];
  }

  #certificate(): TerraformResource[] {
    const { certificate, node } = this.#props;
    if (!certificate) return [];
    return [
      new AcmeCertificate(this, "certificate", {
        nodeName: node.name,
        account: certificate.account,
        domains: certificate.domains.map(({ alias, domain, plugin }) => compact({ domain, plugin, alias })),
        dependsOn: dependencies(certificate.after),
      }),
    ];
  }
}

function problemsOf({ certificate, dns, hosts, node }: ProxmoxNodeProps): string[] {
  return [
    ...(dns && (dns.servers.length < 1 || dns.servers.length > 3)
      ? [`dns.servers: expected one to three name servers, got ${dns.servers.length}; Proxmox VE keeps three`]
      : []),
    ...(hosts && !/^[0-9a-fA-F.:]+$/.test(node.address)
      ? [
          `hosts: expected the node's address for its own line, got ${shown(node.address)}; give node.address as an address`,
        ]
      : []),
    ...(certificate && certificate.domains.length === 0
      ? ["certificate.domains: expected at least one, got none; name one, or leave certificate out"]
      : []),
  ];
}
