import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { Annotations, type ITerraformDependable, TerraformOutput, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { ConstructError } from "../constructs/construct-error";
import { ContainerTemplate, type LxcTemplate } from "../constructs/container-template";
import { NodeHardware } from "../constructs/hardware";
import { type NodeAccess, ProxmoxProviders } from "../constructs/providers";
import { Step } from "../constructs/step";
import { TerraformFragment } from "../constructs/terraform-data";
import { TieredLxc } from "../constructs/tiered-lxc";
import { VmidGuard } from "../constructs/vmid-guard";
import type { ContainerGuest, Guest, Lab, Node, Template } from "../model/lab";
import { formatProblem, type Problem } from "../model/problem";
import { LabBackend } from "./backend";
import { literal, literals } from "./escape";
import { lxcProps, step as stepSpec } from "./guest-props";
import { LabError } from "./lab-error";
import { LeanStack } from "./lean-stack";

/** `check` and `import` blocks came with 1.5; cdktf 0.21 asks for no more. */
const TERRAFORM_VERSION = ">= 1.5.0";

/**
 * A lab as Terraform sees it; the one place that knows both the model and the constructs.
 *
 * @throws LabError with everything that is wrong with any guest.
 */
export class LabStack extends LeanStack {
  readonly guests: ReadonlyMap<string, TieredLxc>;
  readonly #providers: ProxmoxProviders;
  readonly #guard: VmidGuard;
  readonly #secrets = new Map<string, TerraformVariable>();
  readonly #templates = new Map<string, LxcTemplate>();
  readonly #nodes: ReadonlyMap<string, NodeAccess>;
  /** The last thing done to a node, which its guests wait for. */
  readonly #ready = new Map<string, ITerraformDependable>();

  // Ids that begin with a colon cannot be the name of a host, which guests and nodes have for ids.

  /** @param warnings of the model; each stays in every plan as a failed check. */
  constructor(scope: Construct, lab: Lab, warnings: readonly Problem[] = []) {
    super(scope, lab.name);
    new LabBackend(this, lab.backend);
    new TerraformFragment(this, ":terraform", () => ({ terraform: { required_version: TERRAFORM_VERSION } }));
    // Also for a lab without a step, so that its first step needs no new `terraform init`.
    new NullProvider(this, ":null");
    this.#nodes = new Map(lab.nodes.map((node) => [node.name, access(node, lab)]));
    this.#providers = new ProxmoxProviders(this, ":proxmox", {
      endpoint: literal(lab.connection.endpoint),
      verifyTls: lab.connection.verifyTls,
      sshUser: literal(lab.connection.sshUser),
      nodes: [...this.#nodes.values()],
    });
    this.#guard = new VmidGuard(this, ":guard", { lab: lab.name });
    for (const { name } of lab.secrets) this.#secret(name);
    for (const node of lab.nodes) if (node.active) this.#configureNode(node);
    this.guests = this.#build(lab.guests);
    this.#strip(lab);
    new TerraformOutput(this, ":guests", { value: literals(this.#table(lab)) }).overrideLogicalId("guests");
    this.#warn(warnings);
  }

  #build(guests: readonly Guest[]): ReadonlyMap<string, TieredLxc> {
    const built = new Map<string, TieredLxc>();
    const problems: Problem[] = [];
    for (const guest of guests) {
      try {
        built.set(guest.name, this.#guest(guest));
      } catch (error) {
        if (error instanceof LabError) problems.push(...error.problems);
        else if (error instanceof ConstructError)
          problems.push(...error.problems.map((text) => asProblem(guest, text)));
        else throw error;
      }
    }
    if (problems.length > 0) throw new LabError(problems);
    return built;
  }

  #guest(guest: Guest): TieredLxc {
    const node = this.#nodes.get(guest.node);
    if (guest.kind === "vm")
      throw new LabError([
        asProblem(guest, "expected a container, got a VM, which cannot be built yet; use proxmox_lxc"),
      ]);
    if (!node) throw new LabError([asProblem(guest, `node: expected one of the lab, got "${guest.node}"`)]);
    const ready = this.#ready.get(guest.node);
    const around = {
      providers: this.#providers,
      guard: this.#guard,
      node,
      template: this.#template(guest, node),
      after: ready ? [ready] : [],
    };
    return new TieredLxc(
      this,
      guest.name,
      lxcProps(guest, around, (name) => this.#secret(name)),
    );
  }

  #template({ os }: ContainerGuest, node: NodeAccess): LxcTemplate {
    const id = `:template-${node.name}-${templateName(os)}`;
    const known = this.#templates.get(id);
    if (known) return known;
    const made =
      os.kind === "volume"
        ? { volumeId: literal(os.volume), osType: os.osType }
        : new ContainerTemplate(this, id, { ...literals(os), nodeName: node.name });
    this.#templates.set(id, made);
    return made;
  }

  #secret(name: string): string {
    let known = this.#secrets.get(name);
    if (!known) {
      known = new TerraformVariable(this, `:secret-${name}`, { type: "string", sensitive: true, nullable: false });
      known.overrideLogicalId(name);
      this.#secrets.set(name, known);
    }
    return known.stringValue;
  }

  #configureNode(node: Node): void {
    const scope = this.#nodeScope(node.name);
    const login = this.#providers.login(this.#nodes.get(node.name) ?? access(node));
    let last: Step | undefined;
    for (const each of node.steps) {
      const { role, secrets = {}, settings = {} } = stepSpec(each, (name) => this.#secret(name));
      last = new Step(scope, role, {
        role,
        scripts: `provision/${role}`,
        target: { transport: "node", node: login },
        guestId: node.name,
        settings,
        secrets,
        ...(last ? { after: [last] } : {}),
      });
      this.#ready.set(node.name, last.resource);
    }
  }

  #nodeScope(name: string): Construct {
    const known = this.node.tryFindChild(name);
    return known instanceof Construct ? known : new Construct(this, name);
  }

  /** Lets guests that should have no mounts and devices have none. */
  #strip(lab: Lab): void {
    for (const [name, node] of this.#nodes) {
      const bare = lab.guests.filter(
        (guest) => guest.node === name && !guest.adopt && this.guests.get(guest.name)?.hasHardware === false,
      );
      if (bare.length > 0)
        new NodeHardware(this.#nodeScope(name), "Default", {
          providers: this.#providers,
          node,
          bareVmids: bare.map(({ vmid }) => vmid),
        });
    }
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

function access({ address, name, sshHostKey, sshPort }: Node, lab?: Lab): NodeAccess {
  return {
    name: literal(name),
    address: literal(address),
    sshPort,
    sshUser: literal(lab?.connection.sshUser ?? "root"),
    ...(sshHostKey === undefined ? {} : { hostKey: literal(sshHostKey) }),
  };
}

function templateName(os: Template): string {
  return os.kind === "volume" ? os.volume : `${os.storage}-${os.fileName}`.replace(/[^A-Za-z0-9-]+/g, "-");
}

function asProblem({ name, source }: Guest, message: string): Problem {
  return { rule: "construct", severity: "error", at: source.at, subject: name, message };
}
