import { CloudVm } from "../../constructs/cloud-vm";
import { HaosVm } from "../../constructs/haos-vm";
import type { NodeAccess } from "../../constructs/providers";
import { Vm } from "../../constructs/vm";
import { type VmDiskImage, VmImage } from "../../constructs/vm-image";
import { WindowsVm } from "../../constructs/windows-vm";
import type { VmImage as Image, VmGuest } from "../../model/lab";
import { literal, literals } from "../escape";
import type { LabContext } from "../lab-context";
import { vmProps } from "../vm-props";

/** Makes the lab's VMs, and the images that they are made from. */
export class Vms {
  readonly #context: LabContext;
  readonly #images = new Map<string, VmDiskImage>();

  constructor(context: LabContext) {
    this.#context = context;
  }

  build(guest: VmGuest, node: NodeAccess): Vm {
    const { guard, providers, secret, stack } = this.#context;
    const around = { providers, guard, node, after: this.#context.readyOf(guest.node) };
    const image = guest.image && !guest.adopt ? { image: this.#image(guest.image, node) } : {};
    const { capabilities, cloudInit, login, steps, ...props } = vmProps(guest, { ...around, ...image }, secret);
    const inside = {
      ...(capabilities ? { capabilities } : {}),
      ...(login ? { login } : {}),
      ...(steps ? { steps } : {}),
    };
    const cdroms = guest.discs.map(literal);
    if (guest.system === "haos") return new HaosVm(stack, guest.name, props).guest;
    if (guest.system === "windows") {
      const [iso, virtioIso] = cdroms;
      return new WindowsVm(stack, guest.name, {
        ...props,
        ...(iso === undefined ? {} : { iso }),
        ...(virtioIso === undefined ? {} : { virtioIso }),
      }).guest;
    }
    if (cloudInit) return new CloudVm(stack, guest.name, { ...props, ...inside, cloudInit }).guest;
    return new Vm(stack, guest.name, { ...props, ...inside, cdroms });
  }

  /** One for all VMs of a node that want it. Its id holds no character but those of Terraform addresses, unless two differ in others alone. */
  #image(image: Image, node: NodeAccess): VmDiskImage {
    if (image.kind === "volume") return { volumeId: literal(image.volume) };
    const file = `${image.storage}:${image.fileName}`;
    const known = this.#images.get(`${node.name}/${file}`);
    if (known) return known;
    const readable = `image-${file}`.replace(/[^A-Za-z0-9-]+/g, "-");
    const scope = this.#context.nodeScope(node.name);
    const id = scope.node.tryFindChild(readable) ? `${readable}:${file}` : readable;
    const { providers } = this.#context;
    const after = this.#context.readyOf(node.name);
    const made = new VmImage(scope, id, { ...literals(image), providers, node, after });
    this.#images.set(`${node.name}/${file}`, made);
    return made;
  }
}
