import { type TerraformResource, type TerraformStack, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { type NodeAccess, ProxmoxProviders } from "../constructs/providers";
import { VmidGuard } from "../constructs/vmid-guard";
import type { Lab, Node } from "../model/lab";
import { literal } from "./escape";

/**
 * What the parts of a lab's stack share: how everything is reached, and what waits for what.
 *
 * Ids that begin with a colon cannot be the name of a host, which guests and nodes have for ids.
 */
export class LabContext {
  readonly providers: ProxmoxProviders;
  readonly guard: VmidGuard;
  /** The lab's active nodes by name. */
  readonly nodes: ReadonlyMap<string, NodeAccess>;
  readonly #secrets = new Map<string, TerraformVariable>();
  readonly #ready = new Map<string, TerraformResource>();
  readonly #storages = new Map<string, TerraformResource>();

  constructor(
    readonly stack: TerraformStack,
    readonly lab: Lab,
  ) {
    this.nodes = new Map(lab.nodes.filter(({ active }) => active).map((node) => [node.name, access(node, lab)]));
    this.providers = new ProxmoxProviders(stack, ":proxmox", {
      endpoint: literal(lab.connection.endpoint),
      verifyTls: lab.connection.verifyTls,
      sshUser: literal(lab.connection.sshUser),
      nodes: [...this.nodes.values()],
    });
    if (lab.connection.keepRoot) this.providers.keepRoot();
    this.guard = new VmidGuard(stack, ":guard", { lab: lab.name });
    for (const { name } of lab.secrets) this.secret(name);
  }

  /** The Terraform expression of a secret, whose sensitive variable is made when first asked for. */
  readonly secret = (name: string): string => {
    let known = this.#secrets.get(name);
    if (!known) {
      known = new TerraformVariable(this.stack, `:secret-${name}`, {
        type: "string",
        sensitive: true,
        nullable: false,
      });
      known.overrideLogicalId(name);
      this.#secrets.set(name, known);
    }
    return known.stringValue;
  };

  /** The scope of what belongs to a node: its name is the first part of their ids. */
  nodeScope(name: string): Construct {
    const known = this.stack.node.tryFindChild(name);
    return known instanceof Construct ? known : new Construct(this.stack, name);
  }

  /** What must be done before a guest of this node is made: the last thing said by `setReady`. */
  readyOf(node: string): TerraformResource[] {
    const ready = this.#ready.get(node);
    return ready ? [ready] : [];
  }

  /** Guests of the node, and what else asks `readyOf`, wait for this from now on; it must itself wait for what was said before. */
  setReady(node: string, last: TerraformResource): void {
    this.#ready.set(node, last);
  }

  /** A storage that the lab makes: what uses it by this name has to wait for it. */
  addStorage(name: string, resource: TerraformResource): void {
    this.#storages.set(name, resource);
    this.guard.addStorage(literal(name), resource);
  }

  /** What has to be there before the storage of this name is used: nothing for one that is there already. */
  storage(name: string): TerraformResource[] {
    const known = this.#storages.get(name);
    return known ? [known] : [];
  }
}

function access({ address, name, sshHostKey, sshPort }: Node, lab: Lab): NodeAccess {
  return {
    name: literal(name),
    address: literal(address),
    sshPort,
    sshUser: literal(lab.connection.sshUser),
    ...(sshHostKey === undefined ? {} : { hostKey: literal(sshHostKey) }),
  };
}
