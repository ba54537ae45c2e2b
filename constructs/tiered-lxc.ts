import { Construct } from "constructs";
import { VirtualEnvironmentContainer } from "../.gen/providers/proxmox/virtual-environment-container";
import { ConstructError } from "./construct-error";
import { importGuest, joinPool, nameOf, staticAddresses } from "./guest-parts";
import type { StepSpec } from "./guest-props";
import { GuestSteps } from "./guest-steps";
import { hardwareLines, hardwareStep } from "./hardware";
import { checkLxc } from "./lxc-checks";
import { lxcConfig } from "./lxc-config";
import { type MergedLxc, mergeLxc } from "./lxc-merge";
import type { TieredLxcProps } from "./lxc-props";
import { type RootOnlyOption, rootOnlyOptions } from "./root-only";
import type { Step } from "./step";

/**
 * Differences that Terraform must not act on once the guest exists. A template is used up at creation, and is unknown for an
 * adopted guest; mounts and devices are changed by the step `hardware`, because the provider would replace the guest.
 */
const IGNORED_AFTER_CREATION = [
  // Another template's type of system would be written to a guest that still has the old one, and reboot it.
  "operating_system",
  "mount_point",
  "device_passthrough",
];
const IGNORED_WITH_CONSOLE = [...IGNORED_AFTER_CREATION, "console"];

/**
 * A container, with all that its capabilities add, and the steps that configure it.
 *
 * Its Terraform address is `proxmox_virtual_environment_container.<id>`.
 */
export class TieredLxc extends Construct {
  /** The container itself, for whatever is not offered here. */
  readonly container: VirtualEnvironmentContainer;
  readonly vmid: number;
  /** Options that only root@pam may set; where there are any, the container is managed by the root provider. */
  readonly rootOnly: readonly RootOnlyOption[];
  /** The roles applied, in their order. Empty for a guest that is not started: nothing can be run inside it. */
  readonly roles: readonly string[];
  readonly tags: readonly string[];
  /** Whether it has mounts or devices: its own step `hardware` then keeps them; else its node's `NodeHardware` does. */
  readonly hasHardware: boolean;
  readonly #steps: GuestSteps;

  constructor(scope: Construct, id: string, props: TieredLxcProps) {
    super(scope, id);
    this.vmid = props.vmid;
    const hostname = props.hostname ?? nameOf(this);
    const merged = mergeLxc(props);
    const problems = [...checkLxc(props, hostname), ...merged.problems];
    if (problems.length > 0) throw new ConstructError(this, problems);

    const { hookScript, mounts = [], node, providers, started = true, unprivileged = true, vmid } = props;
    this.tags = merged.tags;
    this.rootOnly = rootOnlyOptions({ ...merged, mounts, unprivileged, hookScript, adopt: props.adopt });
    this.container = this.#container(props, merged, hostname);
    if (props.adopt) {
      const provider = this.rootOnly.length > 0 ? { provider: providers.root } : {};
      importGuest(this, this.container, { node: node.name, vmid, ...provider });
    }
    if (props.pool !== undefined) joinPool(this, this.container, props.pool);
    this.hasHardware = mounts.length > 0 || merged.devices.length > 0;
    const hardware = this.hasHardware
      ? hardwareStep(this, "hardware", {
          providers,
          node,
          guests: { [vmid]: hardwareLines(mounts, merged.devices) },
          runsAgainWith: this.container.id,
        })
      : undefined;
    const target = { transport: "pct", node: providers.login(node), vmid } as const;
    this.#steps = new GuestSteps(this, { guest: this.container, target, first: hardware });
    const steps = started ? merged.steps : [];
    this.roles = steps.map(({ role }) => role);
    this.#steps.addAll(steps);
  }

  /** Applies one more role, after all others. */
  addStep(step: StepSpec): Step {
    return this.#steps.add(step);
  }

  #container(props: TieredLxcProps, merged: MergedLxc, hostname: string): VirtualEnvironmentContainer {
    const { after = [], guard, nics = [], node, protection = false, providers, rebuild, storage, vmid } = props;
    const { dependsOn, lifecycle } = guard.addGuest({
      construct: this,
      kind: "container",
      vmid,
      nodeName: node.name,
      rootStorage: storage,
      addresses: staticAddresses(nics),
      adopt: props.adopt ?? false,
      ...(rebuild === undefined ? {} : { rebuild }),
    });
    return new VirtualEnvironmentContainer(this, "Default", {
      ...lxcConfig(props, merged, hostname),
      ...(this.rootOnly.length > 0 ? { provider: providers.root } : {}),
      dependsOn: [...dependsOn, ...after],
      lifecycle: {
        ...lifecycle,
        // Not stated, it is not managed: an adopted guest has it written or not, and the provider would reboot it for that.
        ignoreChanges: props.console ? IGNORED_AFTER_CREATION : IGNORED_WITH_CONSOLE,
        ...(protection ? { preventDestroy: true } : {}),
      },
    });
  }
}
