import type { Lab } from "../lab";
import { type Need, token } from "./need";
import { nodeNeeds } from "./node";

/** What a lab needs beside its guests: for its nodes, the datacenter's firewall, storages and backup jobs. All of it a token may do, but for an ACME account. */
export function wideNeeds(lab: Lab): readonly Need[] {
  return [...nodeNeeds(lab), ...firewallNeeds(lab), ...storageNeeds(lab), ...backupNeeds(lab)];
}

function firewallNeeds({ firewall, nodes }: Lab): Need[] {
  if (!firewall) return [];
  const active = new Set(nodes.filter((node) => node.active).map(({ name }) => name));
  return [
    token("proxmox_firewall", "sets the datacenter's firewall", ["/", "Sys.Modify"], ["/", "Sys.Audit"]),
    ...firewall.nodes
      .filter(({ node }) => active.has(node))
      .map(({ node }) =>
        token(
          `proxmox_firewall.nodes.${node}`,
          `sets the firewall of ${node}`,
          [`/nodes/${node}`, "Sys.Modify"],
          [`/nodes/${node}`, "Sys.Audit"],
        ),
      ),
  ];
}

const storageNeeds = ({ storages = [] }: Lab): Need[] =>
  storages.map(({ name }) =>
    token(
      `proxmox_storages.${name}`,
      "makes, reads and removes the storage",
      ["/storage", "Datastore.Allocate"],
      [`/storage/${name}`, "Datastore.Allocate"],
    ),
  );

const backupNeeds = ({ backupJobs = [] }: Lab): Need[] =>
  backupJobs.map(({ name, storage, what }) =>
    token(
      `proxmox_backup_jobs.${name}`,
      "makes, reads and removes the job",
      ["/", "Sys.Modify"],
      ["/", "Sys.Audit"],
      [`/storage/${storage}`, "Datastore.Allocate"],
      ...(what.kind === "pool" ? ([[`/pool/${what.pool}`, "VM.Backup"]] as const) : []),
    ),
  );
