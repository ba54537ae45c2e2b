import { Construct, type IDependable } from "constructs";
import { ConstructError, shown } from "./construct-error";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import { nodeStep, type Step } from "./step";

export interface GpuPassthroughProps {
  readonly providers: ProxmoxProviders;
  readonly node: NodeAccess;
  /** Every card of the node that is kept for VMs. */
  readonly cards: readonly GpuCard[];
  /** @default nothing */
  readonly after?: readonly IDependable[];
}

export interface GpuCard {
  /** For messages. */
  readonly name: string;
  readonly vendor: "nvidia" | "amd" | "intel";
  /** `0000:04:00.0`. */
  readonly pciAddress: string;
  /** Vendor and device, which the card at that address must have. */
  readonly deviceId: string;
  /** PCI addresses of functions that go with it. @default none */
  readonly functions?: readonly string[];
}

const ADDRESS = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/**
 * Readies a node to hand graphics cards to VMs: IOMMU by the boot loader in use, VFIO's modules, and the cards bound to vfio-pci
 * before the node's own drivers see them. It never restarts the node: it says that a restart is needed, and what is missing.
 */
export class GpuPassthrough extends Construct {
  readonly step: Step;

  constructor(scope: Construct, id: string, props: GpuPassthroughProps) {
    super(scope, id);
    const { after = [], cards, node, providers } = props;
    const problems = cards.flatMap(({ functions = [], name, pciAddress }) =>
      [pciAddress, ...functions]
        .filter((address) => !ADDRESS.test(address))
        .map(
          (address) =>
            `${name}: expected a PCI address such as 0000:04:00.0, got ${shown(address)}; write it as lspci -D does`,
        ),
    );
    if (problems.length > 0) throw new ConstructError(this, problems);
    this.step = nodeStep(scope, "gpu-passthrough", {
      role: "gpu-passthrough",
      providers,
      node,
      settings: {
        gpu_cards: cards.map(({ deviceId, functions = [], name, pciAddress, vendor }) => ({
          name,
          vendor,
          address: pciAddress,
          device_id: deviceId,
          functions: [...functions],
        })),
      },
      after,
    });
  }
}
