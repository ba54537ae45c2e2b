import { type ITerraformDependable, Lazy, type TerraformResource, type TerraformResourceLifecycle } from "cdktf";
import { Construct } from "constructs";
import { clashesOf } from "./guard/clashes";
import { DiskGuard } from "./guard/disks";
import { vmidLocals, watchVmids } from "./guard/foreign-guests";
import type { GuardedGuest } from "./guard/guarded-guest";
import { keepRebuilds, rebuildsOf, rebuildTrigger } from "./guard/rebuilds";
import { type TerraformData, TerraformFragment } from "./terraform-data";

export interface VmidGuardProps {
  /** The lab's name; its guests carry the tag `lab-<name>`. */
  readonly lab: string;
}

/** What the guard asks of a guest's resource. */
export interface Guarded {
  readonly dependsOn: readonly ITerraformDependable[];
  readonly lifecycle: TerraformResourceLifecycle;
}

/** What every guest of a lab is tagged with: `lab-<name>`, in characters that Proxmox VE takes. */
export const labTag = (lab: string): string => `lab-${lab.toLowerCase().replace(/[^a-z0-9_.+-]/g, "-")}`;

/**
 * Keeps a stack's guests from harming others and themselves; one for all guests of a stack.
 *
 * The provider counts a VMID that is taken as created, starts the foreign guest and owns it. So every guest of a lab carries
 * the lab's tag, and waits for `terraform_data.vmid_guard`, whose preconditions ask the API who holds the VMIDs: on the first
 * plan, and whenever VMIDs change, at the start of the apply; else at every plan. That costs one listing of containers and
 * one of VMs per node (and one of volumes per storage), however many guests there are.
 * The token must see all guests: a guest that VM.Audit on /vms does not show cannot be found here.
 */
export class VmidGuard extends Construct {
  /** What every guest of the lab is tagged with. */
  readonly tag: string;
  readonly #gate: TerraformData;
  readonly #guests: GuardedGuest[] = [];
  readonly #disks: DiskGuard;

  constructor(scope: Construct, id: string, props: VmidGuardProps) {
    super(scope, id);
    this.tag = labTag(props.lab);
    const vmids = () => this.#sorted().map(({ vmid }) => vmid);
    this.#gate = watchVmids(this, Lazy.stringValue({ produce: () => vmids().join(",") }));
    this.#disks = new DiskGuard(this, this.#gate);
    keepRebuilds(this);
    new TerraformFragment(this, "locals", () => ({ locals: this.#locals() }));
    this.node.addValidation({ validate: () => [...clashesOf(this.#guests)] });
  }

  /**
   * Takes a guest under guard.
   * @returns what its resource must depend on, and what its `lifecycle` must hold.
   */
  addGuest(guest: GuardedGuest): Guarded {
    this.#guests.push(guest);
    this.#disks.addGuest(guest);
    return { lifecycle: rebuildTrigger(guest), dependsOn: [this.#gate] };
  }

  /** A storage that the stack itself makes: before it is there it cannot be listed. Before the guests that use it. */
  addStorage(name: string, resource: TerraformResource): void {
    this.#disks.addStorage(name, resource);
  }

  #sorted(): readonly GuardedGuest[] {
    return [...this.#guests].sort((a, b) => a.vmid - b.vmid);
  }

  #locals(): object {
    const guests = this.#sorted();
    return { ...vmidLocals(this.tag, guests), rebuilds: rebuildsOf(guests), ...this.#disks.locals(guests) };
  }
}
