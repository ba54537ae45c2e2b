import type { Construct } from "constructs";
import { DataProxmoxVirtualEnvironmentContainers } from "../../.gen/providers/proxmox/data-proxmox-virtual-environment-containers";
import { DataProxmoxVirtualEnvironmentVms } from "../../.gen/providers/proxmox/data-proxmox-virtual-environment-vms";
import { giveAddress } from "../address";
import { encoded, TerraformData } from "../terraform-data";
import { type GuardedGuest, guestName } from "./guarded-guest";

/**
 * Asks the API who holds the lab's VMIDs.
 *
 * @param vmids gives them, sorted, when all guests are known
 * @returns what fails where a guest of others, or of ours on another node, would be harmed
 */
export function watchVmids(scope: Construct, vmids: string): TerraformData {
  const wanted = giveAddress(new TerraformData(scope, "vmids", { input: vmids }), "vmids");
  const after = [wanted];
  giveAddress(new DataProxmoxVirtualEnvironmentContainers(scope, "containers", { dependsOn: after }), "all");
  giveAddress(new DataProxmoxVirtualEnvironmentVms(scope, "vms", { dependsOn: after }), "all");
  const gate = new TerraformData(scope, "vmid_guard", {
    input: "${terraform_data.vmids.output}",
    lifecycle: { precondition: PRECONDITIONS },
  });
  return giveAddress(gate, "vmid_guard");
}

/** The locals that the preconditions ask. */
export function vmidLocals(tag: string, guests: readonly GuardedGuest[]): object {
  const byVmid = guests.map((guest) => [
    guest.vmid,
    { name: guestName(guest), node: guest.nodeName, kind: guest.kind, adopt: guest.adopt },
  ]);
  return {
    lab_tag: tag,
    guests_by_vmid: encoded(Object.fromEntries(byVmid)),
    vmid_holders: HOLDERS,
    taken_vmids: TAKEN,
    misplaced_guests: MISPLACED,
  };
}

/** The guests of the host that hold a VMID of ours. */
const HOLDERS =
  "${[for g in concat(" +
  '[for g in data.proxmox_virtual_environment_containers.all.containers : merge(g, {kind = "container"})], ' +
  '[for g in data.proxmox_virtual_environment_vms.all.vms : merge(g, {kind = "vm"})]) : ' +
  "{guest = g, want = local.guests_by_vmid[g.vm_id], ours = try(contains(g.tags, local.lab_tag), false)} " +
  "if can(local.guests_by_vmid[g.vm_id])]}";
/** Ids of ours that somebody else's guest holds, or a guest of the other kind. */
const TAKEN =
  '${[for h in local.vmid_holders : "VMID ${h.guest.vm_id}, wanted for ${h.want.name}, is the ${h.guest.kind} \\"${h.guest.name}\\" on node ${h.guest.node_name}" ' +
  "if h.guest.kind != h.want.kind || !(h.ours || h.want.adopt)]}";
/** Guests of ours that are on another node than the configuration says: Terraform would destroy them there. */
const MISPLACED =
  '${[for h in local.vmid_holders : "VMID ${h.guest.vm_id} (${h.want.name}) is on node ${h.guest.node_name}, not on ${h.want.node}" ' +
  "if h.ours && h.guest.kind == h.want.kind && h.guest.node_name != h.want.node]}";

const PRECONDITIONS = [
  {
    condition: "${length(local.taken_vmids) == 0}",
    errorMessage:
      'Not created, because these VMIDs belong to guests that are not of this lab:\n  ${join("\\n  ", local.taken_vmids)}\n' +
      "Give our guest a free VMID, or, if the existing one is to be managed from here, set `adopt: true` for it.",
  },
  {
    condition: "${length(local.misplaced_guests) == 0}",
    errorMessage:
      'Terraform would destroy these guests and create empty ones on another node:\n  ${join("\\n  ", local.misplaced_guests)}\n' +
      "Migrate each first (pct migrate VMID NODE --restart, qm migrate VMID NODE --online), or correct `node` in the inventory.",
  },
];
