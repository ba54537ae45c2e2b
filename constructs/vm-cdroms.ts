import type { Construct } from "constructs";
import { nodeStep, type Step } from "./step";
import { CDROM_DRIVES } from "./vm-hardware";
import type { VmProps } from "./vm-props";

/**
 * Puts CDs into a VM's drives and takes them out, on its node with `qm set`: the provider knows one drive, and when that is
 * no longer wanted it attaches the node's own. Without a CD, a VM that was made of one has its drives emptied.
 */
export function cdromsStep(scope: Construct, props: VmProps, vmId: string): Step | undefined {
  const { adopt = false, cdroms = [], cloudInit, image, node, providers, vmid } = props;
  if (cdroms.length === 0 && (adopt || cloudInit || image)) return undefined;
  return nodeStep(scope, "discs", {
    role: "vm-discs",
    providers,
    node,
    runsAgainWith: vmId,
    settings: { vmid, ...Object.fromEntries(CDROM_DRIVES.map((drive, index) => [drive, cdroms[index] ?? ""])) },
  });
}
