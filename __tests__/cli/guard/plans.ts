import { guardPlan } from "../../../cli/guard/judge";
import type { Plan, ResourceChange, Values } from "../../../cli/guard/plan";
import type { Position } from "../../../model/problem";
import { guest, lab } from "../../support/lab";

const ACTIONS = {
  nothing: ["no-op"],
  create: ["create"],
  update: ["update"],
  replace: ["delete", "create"],
  delete: ["delete"],
  forget: ["forget"],
} as const;

/** A change of a resource, as `terraform show -json` writes it. */
export function change(
  address: string,
  action: keyof typeof ACTIONS,
  before: Values | null,
  after: Values | null,
  more: Partial<ResourceChange["change"]> & Pick<Partial<ResourceChange>, "action_reason"> = {},
): ResourceChange {
  const [type = "", name = ""] = address.split(".");
  const { action_reason, ...rest } = more;
  return {
    address,
    mode: "managed",
    type,
    name,
    ...(action_reason === undefined ? {} : { action_reason }),
    change: { actions: ACTIONS[action], before, after, ...rest },
  };
}

/** A container as the provider keeps it. */
export const lxc = (changes: Values = {}): Values => ({
  vm_id: 301,
  node_name: "pve1",
  started: true,
  tags: ["lab-lab"],
  description: "",
  memory: [{ dedicated: 2048, swap: 0 }],
  cpu: [{ cores: 2 }],
  disk: [{ datastore_id: "local-lvm", size: 8 }],
  mount_point: [],
  network_interface: [{ name: "eth0", bridge: "vmbr0" }],
  ...changes,
});

export const vm = (changes: Values = {}): Values => ({
  ...{ vm_id: 100, node_name: "pve1", started: true, memory: [{ dedicated: 4096 }] },
  disk: [{ interface: "scsi0", datastore_id: "local-lvm", size: 32 }],
  ...changes,
});

export const plan = (...resource_changes: readonly ResourceChange[]) => ({ resource_changes }) satisfies Plan;

export const CT = "proxmox_virtual_environment_container";
export const VM = "proxmox_virtual_environment_vm";

/** A place in the host_vars file of the guest of LAB. */
export const at = (line: number): Position => ({ file: "inventory/lab/host_vars/web.yml", line, column: 3 });

/** A lab with the guest `web`, some of whose values have a line of their own. */
export const LAB = lab({
  guests: [
    guest({ source: { at: at(1), of: { memory: at(4), unprivileged: at(5), mounts: at(6), "nics.0.bridge": at(7) } } }),
  ],
});

/** The one verdict that these changes come to. */
export const only = (...changes: readonly ResourceChange[]) => {
  const verdicts = guardPlan(plan(...changes), LAB);
  expect(verdicts.length).toBe(1);
  return verdicts[0]!;
};
