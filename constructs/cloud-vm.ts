import { Construct } from "constructs";
import { Vm } from "./vm";
import type { VmDiskImage } from "./vm-image";
import type { VmCloudInit, VmProps } from "./vm-props";

export interface CloudVmProps extends Omit<VmProps, "cdroms"> {
  readonly cloudInit: VmCloudInit;
  /** A cloud image. Not needed to adopt a VM. */
  readonly image?: VmDiskImage;
}

/**
 * A VM made of a cloud image, which cloud-init sets up at its first start: account, keys, addresses, name servers.
 * It has a serial console, which Debian's images expect. The guest agent is switched on, and the role `cloud-init` installs it.
 * It has the address that a plain `Vm` of the same id would have.
 */
export class CloudVm extends Construct {
  readonly guest: Vm;

  constructor(scope: Construct, id: string, props: CloudVmProps) {
    super(scope, id);
    this.guest = new Vm(this, "Default", { machine: "q35", agent: true, serial: true, ...props });
  }
}
