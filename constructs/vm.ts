import { Construct } from "constructs";
import { VirtualEnvironmentVm } from "../.gen/providers/proxmox/virtual-environment-vm";
import { ConstructError } from "./construct-error";
import { importGuest, joinPool, nameOf, staticAddresses } from "./guest-parts";
import { missing, orderSteps, withAhead } from "./lxc-merge";
import type { StepSpec } from "./lxc-props";
import type { RootOnlyOption } from "./root-only";
import { type Ahead, Step } from "./step";
import { checkVm } from "./vm-checks";
import { networkDevices, vmConfig } from "./vm-config";
import { discsStep } from "./vm-discs";
import { rootOnlyVmOptions } from "./vm-hardware";
import { vmLifecycle } from "./vm-lifecycle";
import type { VmProps } from "./vm-props";

/**
 * A virtual machine, and the steps that configure it by SSH through its node.
 *
 * Its Terraform address is `proxmox_virtual_environment_vm.<id>`.
 */
export class Vm extends Construct {
  /** The VM itself, for whatever is not offered here. */
  readonly vm: VirtualEnvironmentVm;
  readonly vmid: number;
  /** Options that only root@pam may set; where there are any, the VM is managed by the root provider. */
  readonly rootOnly: readonly RootOnlyOption[];
  /** The roles applied, in their order. Empty for a guest that is not started: nobody could log in. */
  readonly roles: readonly string[];
  readonly tags: readonly string[];
  /** What comes last in configuring the guest: the last step, or the VM. */
  #last: Construct;
  readonly #around: Pick<VmProps, "login" | "node" | "providers">;

  constructor(scope: Construct, id: string, props: VmProps) {
    super(scope, id);
    const { adopt = false, login, node, pool, providers, started = true, vmid } = props;
    this.#around = { node, providers, ...(login ? { login } : {}) };
    this.vmid = vmid;
    const hostname = props.hostname ?? nameOf(this);
    const merged = merge(props);
    const problems = [...checkVm(props, hostname), ...merged.problems];
    if (merged.steps.length > 0 && !login && (props.steps?.length ?? 0) === 0)
      problems.push("login: expected with capabilities that bring steps, got none; say how to log in");
    if (problems.length > 0) throw new ConstructError(this, problems);

    this.tags = merged.tags;
    this.rootOnly = rootOnlyVmOptions(props);
    this.vm = this.#create(props, hostname);
    this.#last = this.vm;
    const root = this.rootOnly.length > 0 ? { provider: providers.root } : {};
    if (adopt) importGuest(this, this.vm, { node: node.name, vmid, ...root });
    if (pool !== undefined) joinPool(this, this.vm, pool);
    const discs = discsStep(this, props, this.vm.id);
    if (discs) this.#last = discs;
    this.roles = started ? merged.steps.map(({ role }) => role) : [];
    if (started) for (const [step, ahead] of withAhead(merged.steps)) this.addStep(step, ahead);
  }

  /**
   * Applies one more role, after all others.
   * @throws ConstructError when nothing says how to log in
   */
  addStep({ role, scripts = `provision/${role}`, secrets = {}, settings = {} }: StepSpec, ahead: Ahead = []): Step {
    const { login, node, providers } = this.#around;
    if (!login) throw new ConstructError(this, ["login: expected with steps, got none; say how to log in"]);
    const step = new Step(this, role, {
      role,
      scripts,
      target: { transport: "ssh", ...login, bastion: providers.login(node) },
      guestId: this.vm.id,
      settings,
      secrets,
      ahead,
      ...(this.#last === this.vm ? {} : { after: [this.#last] }),
    });
    this.#last = step;
    return step;
  }

  #create(props: VmProps, hostname: string): VirtualEnvironmentVm {
    const { adopt = false, after = [], disks, guard, image, nics = [], node, providers, rebuild, vmid } = props;
    const { dependsOn, lifecycle } = guard.addGuest({
      construct: this,
      kind: "vm",
      vmid,
      nodeName: node.name,
      diskStorages: disks.map(({ storage }) => storage),
      addresses: staticAddresses(nics),
      adopt,
      ...(rebuild === undefined ? {} : { rebuild }),
    });
    const vm = new VirtualEnvironmentVm(this, "Default", {
      ...vmConfig(props, this.tags, hostname),
      ...(this.rootOnly.length > 0 ? { provider: providers.root } : {}),
      dependsOn: [...dependsOn, ...after, ...(image?.after ?? [])],
      lifecycle: vmLifecycle(props, lifecycle),
    });
    vm.addOverride("network_device", networkDevices(nics));
    return vm;
  }
}

/** What capabilities bring that means something to a VM: steps, tags, and what they require of each other. */
function merge({ capabilities = [], guard, node, osType = "l26", steps = [], tags = [], vmid }: VmProps) {
  const facts = { vmid, nodeName: node.name, osType, unprivileged: false };
  const bound = capabilities.map((capability) => ({ name: capability.name, data: capability.bind(facts) }));
  const problems = [...missing(bound)];
  return {
    tags: [...new Set([guard.tag, ...tags, ...bound.flatMap(({ data }) => data.tags ?? [])])].sort(),
    steps: orderSteps([...bound.flatMap(({ data }) => data.steps ?? []), ...steps], problems),
    problems,
  };
}
