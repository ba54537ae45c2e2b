import { withoutUndefined } from "../collections";
import type { Acme, MetricsServer, NodeSystem, SecretOrText } from "../lab";
import type { NodeVars } from "../schema/node";
import type { SecretOrText as Written } from "../schema/secret";
import { type Tree, treeAt } from "../tree";
import type { LabWide } from "./lab-wide";
import type { Secrets } from "./steps";

export function systemOf({ acme, dns, hosts, repositories, time_zone: timeZone }: NodeVars): NodeSystem {
  const { ceph, enterprise, no_subscription: noSubscription } = repositories ?? {};
  return withoutUndefined({
    repositories: repositories && withoutUndefined({ enterprise, noSubscription, ceph }),
    timeZone,
    dns,
    hosts: hosts && Object.entries(hosts).map(([address, names]) => ({ address, names })),
    certificateDomains: acme?.domains.map((each) => withoutUndefined(each)),
  });
}

/** The cluster's ACME account and metric servers; their secrets are collected. */
export function clusterOf(wide: LabWide, secrets: Secrets): { acme?: Acme; metrics?: MetricsServer[] } {
  const { proxmox_acme: acme, proxmox_metrics: metrics } = wide.values;
  const collect = (value: Written, variable: string, ...path: string[]): SecretOrText => {
    const tree = wide.trees.get(variable);
    if (typeof value === "object" && tree) secrets.add(value.secret, placeIn(tree, path));
    return value;
  };
  return withoutUndefined({
    acme: acme && {
      ...withoutUndefined({ contact: acme.contact, directory: acme.directory, terms: acme.terms }),
      plugins: Object.entries(acme.plugins).map(([name, { api, data, validation_delay }]) => ({
        name,
        api,
        data: Object.fromEntries(
          Object.entries(data).map(([key, value]) => [
            key,
            collect(value, "proxmox_acme", "plugins", name, "data", key),
          ]),
        ),
        ...withoutUndefined({ validationDelaySeconds: validation_delay }),
      })),
    },
    metrics:
      metrics &&
      Object.entries(metrics).map(([name, { token, ...server }]) => ({
        name,
        ...withoutUndefined(server),
        ...(token === undefined ? {} : { token: collect(token, "proxmox_metrics", name, "token") }),
      })),
  });
}

const placeIn = (tree: Tree, path: readonly string[]): Tree => treeAt(tree, path).tree;
