import { type Gpu, type Node, placeOf } from "../lab";
import type { Problem } from "../problem";
import { isIpv4, isIpv6 } from "../schema/formats";
import { suggest } from "../schema/nearest";
import { ofNode, type Rule, repeated, type Told } from "./rule";

/** A problem with a key of a node, or with one entry of what stands there. */
const ofKey = (node: Node, key: string, told: Told): Problem => ofNode(node, key, [key, key.split(".")[0] ?? ""], told);

/** `repeated-pci-id`: every card is described once. */
export const cardsAreDistinct: Rule = function* ({ lab }) {
  for (const node of lab.nodes) {
    const claims = node.gpus.flatMap(({ functions, name, pciId }) =>
      [...(pciId === undefined ? [] : [pciId]), ...functions].map((value) => ({
        value,
        holder: name,
        at: placeOf(node.source, `gpus.${name}`),
      })),
    );
    for (const { claim, first } of repeated(claims))
      yield ofKey(node, `gpus.${claim.holder}`, {
        rule: "repeated-pci-id",
        also: [{ at: first.at, note: `is ${first.holder}` }],
        message: `${first.holder} and ${claim.holder} are both at ${claim.value}`,
        fix: "correct pci_id; on the node: lspci -D",
      });
  }
};

/**
 * `gpu-driver-conflict`: a card is driven by the node for its containers, or kept from the node for a VM. VFIO takes cards by vendor
 * and device, so cards of one kind on a node are all the one or all the other.
 */
export const oneDriverEach: Rule = function* ({ lab }) {
  for (const node of lab.nodes) {
    const forContainers = new Map<string, Gpu>();
    for (const gpu of node.gpus)
      if (gpu.use === "container" && gpu.deviceId !== undefined) forContainers.set(gpu.deviceId, gpu);
    for (const gpu of node.gpus) {
      const other = gpu.use === "vm" && gpu.deviceId !== undefined ? forContainers.get(gpu.deviceId) : undefined;
      if (!other) continue;
      yield ofKey(node, `gpus.${gpu.name}`, {
        rule: "gpu-driver-conflict",
        also: [{ at: placeOf(node.source, `gpus.${other.name}`), note: `is ${other.name}, for containers` }],
        message: `${gpu.name} is for a VM and ${other.name} for containers, but both are ${gpu.deviceId}: VFIO would take both from the node's driver`,
        fix: "give both the same use",
      });
    }
  }
};

/** `gpu-for-vms`: a container cannot use a card that is kept from the node's driver. */
export const cardsForContainers: Rule = function* ({ lab, nodes }) {
  if (!lab.nodes.some(({ gpus }) => gpus.some(({ use }) => use === "vm"))) return;
  for (const guest of lab.guests) {
    if (guest.kind !== "container") continue;
    const cards = new Map(nodes.get(guest.node)?.gpus.map((gpu) => [gpu.name, gpu]));
    for (const capability of guest.capabilities) {
      if (capability.kind !== "gpu") continue;
      for (const { gpu: name } of capability.gpus) {
        if (cards.get(name)?.use !== "vm") continue;
        yield {
          rule: "gpu-for-vms",
          severity: "error",
          at: placeOf(guest.source, "gpus"),
          path: "proxmox_lxc.gpus",
          subject: guest.name,
          message: `${name} of ${guest.node} is kept for a VM (use: vm), so no container can use it`,
          fix: "name another card, or write use: container for it",
        };
      }
    }
  }
};

/** `mapping-name`, `incomplete-mapping`: what Proxmox VE asks of a card before a VM with it starts. */
export const mappingsAreWhole: Rule = function* ({ lab }) {
  for (const node of lab.nodes) {
    for (const gpu of node.gpus) {
      if (gpu.use !== "vm") continue;
      if (!/^[A-Za-z][A-Za-z0-9_-]+$/.test(gpu.name))
        yield ofKey(node, `gpus.${gpu.name}`, {
          rule: "mapping-name",
          message: `"${gpu.name}" cannot be the name of a card for VMs: expected two or more letters, digits, - and _, starting with a letter`,
          fix: "rename the card",
        });
      const missing = [
        ...(gpu.iommuGroup === undefined ? ["iommu_group"] : []),
        ...(gpu.subsystemId === undefined ? ["subsystem_id"] : []),
      ];
      if (missing.length === 0) continue;
      yield ofKey(node, `gpus.${gpu.name}`, {
        rule: "incomplete-mapping",
        severity: "warning",
        message: `${gpu.name} has no ${missing.join(" and no ")}: Proxmox VE compares them when the VM starts, and may refuse it`,
        fix: "the step gpu-passthrough prints the lines to add, once the node has been restarted with its IOMMU on",
      });
    }
  }
};

/** `acme-account`, `unknown-acme-plugin`: a certificate has an account, and proves its names by something that there is. */
export const certificatesProvable: Rule = function* ({ lab }) {
  const plugins = lab.acme?.plugins.map(({ name }) => name) ?? [];
  for (const node of lab.nodes) {
    const domains = node.system.certificateDomains ?? [];
    if (domains.length > 0 && !lab.acme)
      yield ofKey(node, "acme", {
        rule: "acme-account",
        message: `${node.name} is to have a certificate, but the lab has no account to order it by`,
        fix: "set proxmox_acme: { contact: …, terms: … } in group_vars/all",
      });
    for (const { plugin } of domains) {
      if (plugin === undefined || !lab.acme || plugins.includes(plugin)) continue;
      yield ofKey(node, "acme", {
        rule: "unknown-acme-plugin",
        message: `no plugin of proxmox_acme is called "${plugin}"`,
        fix: suggest(plugin, plugins),
      });
    }
  }
};

/** `hosts-without-address`: the node's own line of /etc/hosts, without which Proxmox VE does not start, needs its address. */
export const hostsHaveNode: Rule = function* ({ lab }) {
  for (const node of lab.nodes) {
    if (!node.system.hosts || isIpv4(node.address) || isIpv6(node.address)) continue;
    yield ofKey(node, "hosts", {
      rule: "hosts-without-address",
      message: `/etc/hosts of ${node.name} is to be written, and needs the node's own address, but proxmox_node.address is a name`,
      fix: "write the address there",
    });
  }
};
