import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { Annotations, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { ConstructError } from "../constructs/construct-error";
import { encoded, TerraformFragment } from "../constructs/terraform-data";
import type { TieredLxc } from "../constructs/tiered-lxc";
import type { Vm } from "../constructs/vm";
import type { Guest, Lab } from "../model/lab";
import { formatProblem, type Problem } from "../model/problem";
import { LabBackend } from "./backend";
import { literal } from "./escape";
import { LabContext } from "./lab-context";
import { LabError } from "./lab-error";
import { LeanStack } from "./lean-stack";
import { planBackups } from "./parts/backups";
import { makeBridges } from "./parts/bridges";
import { Containers } from "./parts/containers";
import { makeFirewalls } from "./parts/firewall";
import { mapHardware } from "./parts/mappings";
import { configureNodes } from "./parts/nodes";
import { makeStorages } from "./parts/storages";
import { setUpNodes } from "./parts/system";
import { Vms } from "./parts/vms";

/** `check` and `import` blocks came with 1.5; cdktf 0.21 asks for no more. */
const TERRAFORM_VERSION = ">= 1.5.0";

/**
 * A lab as Terraform sees it; the one place that knows both the model and the constructs.
 *
 * @throws LabError with everything that is wrong with any guest.
 */
export class LabStack extends LeanStack {
  readonly guests: ReadonlyMap<string, TieredLxc | Vm>;
  readonly #context: LabContext;

  /** @param warnings of the model; each stays in every plan as a failed check. */
  constructor(scope: Construct, lab: Lab, warnings: readonly Problem[] = []) {
    super(scope, lab.name);
    new LabBackend(this, lab.backend);
    new TerraformFragment(this, ":terraform", () => ({ terraform: { required_version: TERRAFORM_VERSION } }));
    // Also for a lab without a step, so that its first step needs no new `terraform init`.
    new NullProvider(this, ":null");
    this.#context = new LabContext(this, lab);
    setUpNodes(this.#context);
    makeBridges(this.#context);
    configureNodes(this.#context);
    mapHardware(this.#context);
    makeStorages(this.#context);
    this.guests = this.#build(lab.guests);
    makeFirewalls(this.#context, ({ name }) => {
      const guest = this.guests.get(name);
      return guest && { scope: guest, resource: "vm" in guest ? guest.vm : guest.container };
    });
    planBackups(this.#context);
    new TerraformOutput(this, ":guests", { value: encoded(this.#table(lab)) }).overrideLogicalId("guests");
    this.#warn(warnings);
  }

  #build(guests: readonly Guest[]): ReadonlyMap<string, TieredLxc | Vm> {
    const containers = new Containers(this.#context);
    const vms = new Vms(this.#context);
    const built = new Map<string, TieredLxc | Vm>();
    const problems: Problem[] = [];
    for (const guest of guests) {
      try {
        built.set(guest.name, this.#guest(guest, containers, vms));
      } catch (error) {
        if (error instanceof LabError) problems.push(...error.problems);
        else if (error instanceof ConstructError)
          problems.push(...error.problems.map((text) => asProblem(guest, text)));
        else throw error;
      }
    }
    if (problems.length > 0) throw new LabError(problems);
    containers.strip();
    return built;
  }

  #guest(guest: Guest, containers: Containers, vms: Vms): TieredLxc | Vm {
    const node = this.#context.nodes.get(guest.node);
    if (!node) {
      const active = [...this.#context.nodes.keys()].join(", ") || "none";
      const fix = "name one of them, or describe the node in group proxmox_nodes and let it be active";
      const message = `node: expected an active one of the lab (${active}), got "${guest.node}"`;
      throw new LabError([{ ...asProblem(guest, message), fix }]);
    }
    return guest.kind === "vm" ? vms.build(guest, node) : containers.build(guest, node);
  }

  #table(lab: Lab): object {
    return Object.fromEntries(
      lab.guests.map((guest) => [
        guest.name,
        {
          vmid: guest.vmid,
          node: guest.node,
          address: guest.nics[0]?.address ?? "none",
          cores: guest.cores,
          memory_mib: guest.memoryMiB,
          disk_gib: guest.diskGiB,
          roles: guest.started ? (this.guests.get(guest.name)?.roles.join(", ") ?? "") : "none while it is not started",
        },
      ]),
    );
  }

  /** A check block is the one thing that shows in every plan and apply, fails neither, and is no provider's warning. */
  #warn(warnings: readonly Problem[]): void {
    if (warnings.length === 0) return;
    for (const warning of warnings) Annotations.of(this).addWarning(formatProblem(warning));
    const assert = warnings.map((warning) => ({
      condition: "${local.inventory_warnings == 0}",
      error_message: literal(formatProblem(warning)),
    }));
    new TerraformFragment(this, ":warnings", () => ({
      locals: { inventory_warnings: warnings.length },
      check: { inventory: { assert } },
    }));
  }
}

function asProblem({ name, source }: Guest, message: string): Problem {
  return { rule: "construct", severity: "error", at: source.at, subject: name, message };
}
