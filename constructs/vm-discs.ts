import type { Construct } from "constructs";
import { Step } from "./step";
import { DISC_DRIVES } from "./vm-hardware";
import type { VmProps } from "./vm-props";

/**
 * Puts discs into a VM's drives and takes them out, on its node with `qm set`: the provider knows one drive, and when that is
 * no longer wanted it attaches the node's own. Without a disc, a VM that was made of one has its drives emptied.
 */
export function discsStep(scope: Construct, props: VmProps, guestId: string): Step | undefined {
  const { adopt = false, cloudInit, discs = [], image, node, providers, vmid } = props;
  if (discs.length === 0 && (adopt || cloudInit || image)) return undefined;
  return new Step(scope, "discs", {
    role: "vm-discs",
    scripts: "provision/vm-discs",
    target: { transport: "node", node: providers.login(node) },
    guestId,
    settings: { vmid, ...Object.fromEntries(DISC_DRIVES.map((drive, index) => [drive, discs[index] ?? ""])) },
    secrets: {},
  });
}
