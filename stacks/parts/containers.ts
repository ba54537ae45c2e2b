import { ContainerTemplate, type LxcTemplate } from "../../constructs/container-template";
import { NodeHardware } from "../../constructs/hardware";
import type { NodeAccess } from "../../constructs/providers";
import { TieredLxc } from "../../constructs/tiered-lxc";
import type { ContainerGuest } from "../../model/lab";
import { literal, literals } from "../escape";
import { lxcProps } from "../guest-props";
import type { LabContext } from "../lab-context";

/** Makes the lab's containers, and the templates that they are made from. */
export class Containers {
  readonly #context: LabContext;
  readonly #templates = new Map<string, LxcTemplate>();
  readonly #built = new Map<string, TieredLxc>();

  constructor(context: LabContext) {
    this.#context = context;
  }

  build(guest: ContainerGuest, node: NodeAccess): TieredLxc {
    const { guard, providers, secret, stack } = this.#context;
    const template = this.#template(guest, node);
    const around = { providers, guard, node, template, after: this.#context.readyOf(guest.node) };
    const built = new TieredLxc(stack, guest.name, lxcProps(guest, around, secret));
    this.#built.set(guest.name, built);
    return built;
  }

  /** Lets guests that should have no mounts and devices have none. Last, when all are built. */
  strip(): void {
    const { lab, nodes, providers } = this.#context;
    for (const [name, node] of nodes) {
      const bare = lab.guests.filter(
        (guest) => guest.node === name && !guest.adopt && this.#built.get(guest.name)?.hasHardware === false,
      );
      if (bare.length > 0)
        new NodeHardware(this.#context.nodeScope(name), "Default", {
          providers,
          node,
          bareVmids: bare.map(({ vmid }) => vmid),
        });
    }
  }

  #template({ os }: ContainerGuest, node: NodeAccess): LxcTemplate {
    if (os.kind === "volume") return { volumeId: literal(os.volume), osType: os.osType };
    const file = `${os.storage}:${os.fileName}`;
    let template = this.#templates.get(`${node.name}/${file}`);
    if (!template) {
      template = new ContainerTemplate(this.#context.stack, this.#idOf(node, file), {
        ...literals(os),
        nodeName: node.name,
        after: this.#context.storage(os.storage),
      });
      this.#templates.set(`${node.name}/${file}`, template);
    }
    return template;
  }

  /** Readable, and another one for a file whose name differs in characters only that addresses do not hold. */
  #idOf(node: NodeAccess, file: string): string {
    const id = `:template-${node.name}-${file.replace(/[^A-Za-z0-9-]+/g, "-")}`;
    return this.#context.stack.node.tryFindChild(id) ? `${id}:${file}` : id;
  }
}
