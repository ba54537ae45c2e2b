import { Construct } from "constructs";
import { Vm } from "./vm";
import type { VmDiskImage } from "./vm-image";
import type { VmProps } from "./vm-props";

export interface HaosVmProps extends Omit<VmProps, "capabilities" | "cloudInit" | "cdroms" | "login" | "steps"> {
  /** Home Assistant OS for KVM, unpacked: `haos_ova-<release>.qcow2`. Not needed to adopt a VM. */
  readonly image?: VmDiskImage;
}

/**
 * A VM with Home Assistant OS, which updates itself: another image makes no difference to one that exists.
 * UEFI without Microsoft's keys, because it is not signed with them; the guest agent is part of it.
 * It has the address that a plain `Vm` of the same id would have.
 */
export class HaosVm extends Construct {
  readonly guest: Vm;

  constructor(scope: Construct, id: string, props: HaosVmProps) {
    super(scope, id);
    this.guest = new Vm(this, "Default", { bios: "ovmf", machine: "q35", secureBoot: false, agent: true, ...props });
  }
}
