import { Construct } from "constructs";
import { Vm } from "./vm";
import type { VmProps } from "./vm-props";

export interface WindowsVmProps
  extends Omit<VmProps, "capabilities" | "cloudInit" | "cdroms" | "image" | "login" | "steps"> {
  /** Microsoft's installation CD: `local:iso/Win11.iso`. @default none, for a VM that is installed */
  readonly iso?: string;
  /** Drivers that Windows Setup needs to see disk and network: `local:iso/virtio-win.iso`. @default none */
  readonly virtioIso?: string;
}

/**
 * A VM for Windows, installed by hand: UEFI with Microsoft's keys and a TPM 2.0. Its empty disk lets the first start go on to
 * the CD. It has the address that a plain `Vm` of the same id would have.
 */
export class WindowsVm extends Construct {
  readonly guest: Vm;

  constructor(scope: Construct, id: string, props: WindowsVmProps) {
    super(scope, id);
    const { iso, virtioIso, ...rest } = props;
    const cdroms = [iso, virtioIso].filter((volume) => volume !== undefined);
    const firmware = { bios: "ovmf", machine: "q35", secureBoot: true, tpm: true, osType: "win11" } as const;
    this.guest = new Vm(this, "Default", { ...firmware, ...rest, cdroms });
  }
}
