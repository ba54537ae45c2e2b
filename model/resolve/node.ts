import { withoutUndefined } from "../collections";
import type { Gpu, Node, NodeStorage, Step } from "../lab";
import type { Problem } from "../problem";
import { NODE_NAME } from "../schema/formats";
import type { NodeVars } from "../schema/node";
import { linksOf } from "./bridges";
import type { Facts, HostFacts } from "./facts";
import { systemOf } from "./node-system";
import { Origins } from "./origins";

export const NODES = "proxmox_nodes";

/** A node of the lab, or a problem for a member of proxmox_nodes that describes none. */
export function nodeOf(
  host: HostFacts,
  facts: Facts,
  steps: readonly Step[],
  report: (problem: Problem) => void,
): Node | undefined {
  const isMember = facts.members.get(NODES)?.has(host.name) ?? false;
  const tree = host.trees.get("proxmox_node");
  if (!tree) {
    if (isMember) report(undescribed(host, facts));
    return undefined;
  }
  if (!isMember) report(notAMember(host, tree.at));
  if (!NODE_NAME.test(host.name)) report(badName(host));
  const vars = host.values.proxmox_node;
  if (!vars) return undefined;
  const origins = new Origins(tree.at, tree);
  origins.noteAll();
  for (const map of ["storages", "gpus", "usb"] as const)
    for (const name of Object.keys(vars[map])) origins.note(`${map}.${name}`, map, name);
  const links = linksOf(vars, origins);
  return {
    name: host.name,
    address: vars.address,
    sshPort: vars.ssh_port ?? 22,
    active: vars.active ?? true,
    ...withoutUndefined({ sshHostKey: vars.ssh_host_key, cores: vars.cores, memoryMiB: vars.memory }),
    bridges: Array.isArray(vars.bridges) ? vars.bridges : Object.keys(vars.bridges),
    links,
    interfaces: Object.entries(vars.interfaces).map(([name, each]) => ({ name, ...withoutUndefined(each ?? {}) })),
    storages: storagesOf(vars),
    gpus: gpusOf(vars),
    usb: Object.entries(vars.usb).map(([name, each]) => ({ name, ...withoutUndefined(each) })),
    system: systemOf(vars),
    groups: host.groups,
    steps,
    source: origins.sources(),
  };
}

const storagesOf = (vars: NodeVars): NodeStorage[] =>
  Object.entries(vars.storages).map(([name, storage]) => ({
    name,
    type: storage.type,
    ...withoutUndefined({ sizeGiB: storage.size }),
    content: storage.content,
  }));

/**
 * The device files that NVIDIA's driver makes beside the one of each card (NVIDIA/nvidia-modprobe,
 * modprobe-utils/nvidia-modprobe-utils: /dev/nvidia%d with the card's minor number, /dev/nvidiactl, /dev/nvidia-modeset,
 * /dev/nvidia-uvm and /dev/nvidia-uvm-tools).
 */
const NVIDIA_SHARED = ["/dev/nvidiactl", "/dev/nvidia-modeset", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"];

/** The minor numbers of NVIDIA cards are taken in the order in which the inventory lists them; a card for VMs gets none. */
function gpusOf(vars: NodeVars): Gpu[] {
  let minor = 0;
  return Object.entries(vars.gpus).map(([name, gpu]) => {
    const use = gpu.use ?? "container";
    const isNvidia = use === "container" && gpu.vendor === "nvidia";
    const index = isNvidia ? minor++ : 0;
    const devices = gpu.devices ?? (isNvidia ? [`/dev/nvidia${index}`, ...NVIDIA_SHARED] : []);
    const details = withoutUndefined({
      model: gpu.model,
      pciId: gpu.pci_id === undefined ? undefined : pciAddress(gpu.pci_id),
      memoryMiB: gpu.memory,
      deviceId: gpu.device_id,
      subsystemId: gpu.subsystem_id,
      iommuGroup: gpu.iommu_group,
    });
    return { name, vendor: gpu.vendor, ...details, devices, use, functions: (gpu.functions ?? []).map(pciAddress) };
  });
}

/** With domain and function, as sysfs and Proxmox VE write it. */
const pciAddress = (text: string) =>
  `${/^[0-9a-f]{4}:/.test(text) ? "" : "0000:"}${text}${/\.[0-7]$/.test(text) ? "" : ".0"}`;

function undescribed(host: HostFacts, facts: Facts): Problem {
  return {
    rule: "node-without-description",
    severity: "error",
    at: facts.members.get(NODES)?.get(host.name) ?? host.at,
    path: "proxmox_node",
    subject: host.name,
    message: `${host.name} is in ${NODES}, but has no proxmox_node`,
    fix: NODE_NAME.test(host.name)
      ? `add host_vars/${host.name}.yml with proxmox_node: { address: …, bridges: [vmbr0], storages: { … } }`
      : "rename it to the node's name in the cluster: letters, digits and inner hyphens",
  };
}

function notAMember(host: HostFacts, at: Problem["at"]): Problem {
  return {
    rule: "node-outside-group",
    severity: "error",
    ...(at ? { at } : {}),
    also: [{ at: host.at, note: "is where the host is named" }],
    path: "proxmox_node",
    subject: host.name,
    message: `${host.name} has a proxmox_node, but is not in the group ${NODES}`,
    fix: `add ${host.name} to ${NODES}`,
  };
}

const badName = (host: HostFacts): Problem => ({
  rule: "host-name",
  severity: "error",
  at: host.at,
  subject: host.name,
  message: `"${host.name}" cannot be the name of a Proxmox VE node: expected letters, digits and inner hyphens`,
  fix: "use the node's name in the cluster, as pvecm nodes shows it",
});
