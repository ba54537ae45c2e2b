import type { GroupInfo, Lab, Node } from "../lab";
import type { Position, Problem } from "../problem";
import { backupJobsOf } from "./backup-jobs";
import { withDerived } from "./derived";
import { TIERS } from "./exceptions";
import type { Facts } from "./facts";
import { firewallsOf } from "./firewall";
import { guestOf } from "./guest";
import { backendOf, connectionOf, type LabWide, labWideOf, networksOf } from "./lab-wide";
import { childrenOf } from "./members";
import { NODES, nodeOf } from "./node";
import { clusterOf } from "./node-system";
import { Secrets, stepsOf } from "./steps";
import { storagesOf } from "./storages";

/** A lab as far as it could be resolved: entities with mistakes of their own are left out of it. */
export interface Draft {
  readonly lab: Lab;
  readonly wide: LabWide;
}

/** Turns checked variables into the lab that they describe, and reports what cannot be resolved. */
export function resolveLab(facts: Facts, report: (problem: Problem) => void): Draft {
  const { inventory } = facts;
  const start: Position = { file: inventory.sources[0] ?? inventory.folder, line: 1, column: 1 };
  const wide = labWideOf(facts, report);
  const secrets = new Secrets(report);
  const networks = networksOf(wide);
  const described = nodesOf(facts, secrets, report);
  const { nodes, storages } = storagesOf({ nodes: described, wide, facts, secrets, report });
  const inputs = {
    facts,
    wide,
    networks: new Map(networks.map((network) => [network.name, network])),
    nodes: new Map(nodes.map((node) => [node.name, node])),
    secrets,
    report,
  };
  const guests = [...facts.hosts.values()].map((host) => guestOf(host, inputs)).filter((guest) => guest !== undefined);
  guests.sort((a, b) => a.vmid - b.vmid || (a.name < b.name ? -1 : 1));
  const { firewall, guests: filtered } = firewallsOf({ ...inputs, guests, networks });
  const lab: Lab = {
    name: inventory.name,
    folder: inventory.folder,
    connection: connectionOf(wide, start, report),
    backend: backendOf(inventory.name, wide.values.terraform_backend),
    networks,
    ...clusterOf(wide, secrets),
    ...(firewall ? { firewall } : {}),
    storages,
    backupJobs: backupJobsOf({ ...inputs, guests }),
    ...withDerived({ guests: filtered, networks, nodes }, facts, report),
    secrets: secrets.list(),
    groups: groupsOf(facts),
  };
  return { lab, wide };
}

function nodesOf(facts: Facts, secrets: Secrets, report: (problem: Problem) => void): Node[] {
  const hosts = [...facts.hosts.values()];
  const described = hosts.filter((host) => host.trees.has("proxmox_node") || facts.members.get(NODES)?.has(host.name));
  return described
    .map((host) => {
      const target = { kind: "node" } as const;
      const steps = stepsOf({ host, target, facts, secrets, report }).map(({ group: _, ...step }) => step);
      return nodeOf(host, facts, steps, report);
    })
    .filter((node) => node !== undefined);
}

function groupsOf({ inventory }: Facts): GroupInfo[] {
  const tiers = new Set(childrenOf(inventory, TIERS));
  const functional = new Set(childrenOf(inventory, "functional_groups"));
  const kindOf = (name: string) => {
    if (tiers.has(name)) return "tier";
    if (functional.has(name)) return "functional";
    return name === NODES ? "nodes" : "other";
  };
  return [...inventory.groups.values()].map(({ name, children, hosts }) => ({
    name,
    kind: kindOf(name),
    children,
    hosts: [...hosts.keys()],
  }));
}
