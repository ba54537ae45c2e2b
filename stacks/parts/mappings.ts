import { type GpuCard, GpuPassthrough } from "../../constructs/gpu-passthrough";
import {
  HardwareMapping,
  type HardwareMappingProps,
  type PciDevice,
  type UsbDevice,
} from "../../constructs/hardware-mapping";
import type { Gpu, Node } from "../../model/lab";
import { literal } from "../escape";
import type { LabContext } from "../lab-context";

/** Readies the cards of nodes for VMs, and gives cards and USB devices the names that VMs use; one mapping a name for all nodes. */
export function mapHardware(context: LabContext): void {
  const active = context.lab.nodes.filter((node) => node.active);
  const pci = new Map<string, ({ readonly kind: "pci" } & PciDevice)[]>();
  const usb = new Map<string, ({ readonly kind: "usb" } & UsbDevice)[]>();
  for (const node of active) {
    for (const gpu of node.gpus) if (isMapped(gpu)) add(pci, gpu.name, pciDevice(gpu, node));
    for (const { comment, id, name, path } of node.usb)
      add(usb, name, {
        kind: "usb",
        nodeName: node.name,
        deviceId: id,
        ...(path === undefined ? {} : { path }),
        ...(comment === undefined ? {} : { comment: literal(comment) }),
      });
    passThrough(context, node);
  }
  for (const [name, devices] of pci) mapping(context, "pci", { name, devices });
  for (const [name, devices] of usb) mapping(context, "usb", { name, devices });
}

type VmGpu = Gpu & { readonly pciId: string; readonly deviceId: string };
const isMapped = (gpu: Gpu): gpu is VmGpu => gpu.use === "vm" && gpu.pciId !== undefined && gpu.deviceId !== undefined;

function add<T>(to: Map<string, T[]>, name: string, value: T): void {
  to.set(name, [...(to.get(name) ?? []), value]);
}

function pciDevice({ deviceId, functions, iommuGroup, pciId, subsystemId }: VmGpu, { name }: Node) {
  return {
    kind: "pci",
    nodeName: name,
    // Without its function, a device is handed over with all of them.
    path: functions.length > 0 ? pciId.replace(/\.[0-7]$/, "") : pciId,
    deviceId,
    ...(subsystemId === undefined ? {} : { subsystemId }),
    ...(iommuGroup === undefined ? {} : { iommuGroup }),
  } as const;
}

/** The guests of its nodes wait for a mapping. */
function mapping(context: LabContext, kind: "pci" | "usb", props: HardwareMappingProps): void {
  const nodes = [...new Set(props.devices.map(({ nodeName }) => nodeName))];
  const after = nodes.flatMap((name) => context.readyOf(name));
  const made = new HardwareMapping(context.stack, `:${kind}-${props.name}`, {
    ...props,
    ...(after.length > 0 ? { after } : {}),
  });
  for (const name of nodes) context.setReady(name, made.mapping);
}

/** A node none of whose cards is described for VFIO is left alone; one whose cards went back to containers is cleared of it. */
function passThrough(context: LabContext, node: Node): void {
  const access = context.nodes.get(node.name);
  const cards: GpuCard[] = node.gpus.filter(isMapped).map(({ deviceId, functions, name, pciId, vendor }) => ({
    name,
    vendor,
    pciAddress: pciId,
    deviceId,
    functions,
  }));
  if (!access || !node.gpus.some(({ deviceId }) => deviceId !== undefined)) return;
  const after = context.readyOf(node.name);
  const made = new GpuPassthrough(context.nodeScope(node.name), ":gpus", {
    providers: context.providers,
    node: access,
    cards,
    ...(after.length > 0 ? { after } : {}),
  });
  context.setReady(node.name, made.step.resource);
}
