import { Construct, type IDependable } from "constructs";
import { HardwareMappingPci } from "../.gen/providers/proxmox/hardware-mapping-pci";
import { HardwareMappingUsb } from "../.gen/providers/proxmox/hardware-mapping-usb";
import { giveAddress } from "./address";
import { compact } from "./compact";
import { ConstructError, shown } from "./construct-error";
import { dependencies } from "./step";

/** A PCI device on one node. Proxmox VE compares all of it with the device when a VM starts (pve-guest-common, PVE::Mapping::PCI). */
export interface PciDevice {
  readonly nodeName: string;
  /** `0000:04:00.0`, or `0000:04:00` for all functions of a device. */
  readonly path: string;
  /** Vendor and device: `10de:1b38`. */
  readonly deviceId: string;
  /** Vendor and device of the subsystem. @default none: the mapping is incomplete */
  readonly subsystemId?: string;
  /** @default none: the mapping is incomplete */
  readonly iommuGroup?: number;
}

/** A USB device on one node. */
export interface UsbDevice {
  readonly nodeName: string;
  /** Vendor and product: `10c4:ea60`. */
  readonly deviceId: string;
  /** Bus and port, `1-2`. @default wherever it is plugged in */
  readonly path?: string;
  /** @default none */
  readonly comment?: string;
}

export interface HardwareMappingProps {
  /** What VMs name it by. */
  readonly name: string;
  /** @default none */
  readonly comment?: string;
  /** One for each node that has such a device; all of one kind. */
  readonly devices:
    | readonly ({ readonly kind: "pci" } & PciDevice)[]
    | readonly ({ readonly kind: "usb" } & UsbDevice)[];
  /** @default nothing */
  readonly after?: readonly IDependable[];
}

const ID = /^[0-9a-f]{4}:[0-9a-f]{4}$/;

/** A resource mapping: a device by a name of the cluster, which a VM with a mere API token may use. */
export class HardwareMapping extends Construct {
  readonly mapping: HardwareMappingPci | HardwareMappingUsb;

  constructor(scope: Construct, id: string, { after, comment, devices, name }: HardwareMappingProps) {
    super(scope, id);
    const problems = [
      ...(/^[A-Za-z][A-Za-z0-9_-]+$/.test(name)
        ? []
        : [
            `name: expected two or more letters, digits, - and _, starting with a letter, got ${shown(name)}; rename it`,
          ]),
      ...(devices.length > 0 ? [] : ["devices: expected at least one, got none; name a device, or delete the mapping"]),
      ...devices
        .filter(({ deviceId }) => !ID.test(deviceId))
        .map(
          ({ deviceId }) =>
            `deviceId: expected vendor and device such as 10de:1b38, got ${shown(deviceId)}; write it as lspci -n or lsusb prints it, in lower case`,
        ),
    ];
    if (problems.length > 0) throw new ConstructError(this, problems);
    const shared = { name, ...compact({ comment }), ...(after ? { dependsOn: dependencies(after) } : {}) };
    const pci = devices.flatMap((each) => (each.kind === "pci" ? [each] : []));
    const usb = devices.flatMap((each) => (each.kind === "usb" ? [each] : []));
    this.mapping =
      pci.length > 0
        ? new HardwareMappingPci(this, "Default", {
            ...shared,
            map: pci.map(({ deviceId, iommuGroup, nodeName, path, subsystemId }) =>
              compact({ id: deviceId, nodeAttribute: nodeName, path, subsystemId, iommuGroup }),
            ),
          })
        : new HardwareMappingUsb(this, "Default", {
            ...shared,
            map: usb.map(({ comment: note, deviceId, nodeName, path }) =>
              compact({ id: deviceId, nodeAttribute: nodeName, path, comment: note }),
            ),
          });
    giveAddress(this.mapping, name);
  }
}
