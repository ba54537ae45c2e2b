import { Construct } from "constructs";
import { VirtualEnvironmentVm } from "../.gen/providers/proxmox/virtual-environment-vm";
import { ConstructError } from "./construct-error";
import { mergeGuest } from "./guest-merge";
import { importGuest, joinPool, nameOf, staticAddresses } from "./guest-parts";
import type { StepSpec } from "./guest-props";
import { GuestSteps } from "./guest-steps";
import type { RootOnlyOption } from "./root-only";
import type { Step } from "./step";
import { cdromsStep } from "./vm-cdroms";
import { checkVm } from "./vm-checks";
import { networkDevices, vmConfig } from "./vm-config";
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
  /** Absent when nothing says how to log in. */
  readonly #steps: GuestSteps | undefined;

  constructor(scope: Construct, id: string, props: VmProps) {
    super(scope, id);
    const { adopt = false, login, node, osType = "l26", pool, providers, started = true, vmid } = props;
    this.vmid = vmid;
    const hostname = props.hostname ?? nameOf(this);
    const { merged } = mergeGuest(props, { osType, unprivileged: false });
    const problems = [...checkVm(props, hostname), ...merged.problems];
    if (merged.steps.length > 0 && !login && (props.steps?.length ?? 0) === 0)
      problems.push("login: expected with capabilities that bring steps, got none; say how to log in");
    if (problems.length > 0) throw new ConstructError(this, problems);

    this.tags = merged.tags;
    this.rootOnly = rootOnlyVmOptions(props);
    this.vm = this.#create(props, hostname);
    const root = this.rootOnly.length > 0 ? { provider: providers.root } : {};
    if (adopt) importGuest(this, this.vm, { node: node.name, vmid, ...root });
    if (pool !== undefined) joinPool(this, this.vm, pool);
    const first = cdromsStep(this, props, this.vm.id);
    if (login) {
      const target = { transport: "ssh", ...login, bastion: providers.login(node) } as const;
      this.#steps = new GuestSteps(this, { guest: this.vm, target, first });
    }
    const steps = started ? merged.steps : [];
    this.roles = steps.map(({ role }) => role);
    this.#steps?.addAll(steps);
  }

  /**
   * Applies one more role, after all others.
   * @throws ConstructError when nothing says how to log in
   */
  addStep(step: StepSpec): Step {
    if (!this.#steps) throw new ConstructError(this, ["login: expected with steps, got none; say how to log in"]);
    return this.#steps.add(step);
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
