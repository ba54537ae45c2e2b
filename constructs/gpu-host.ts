import { Construct } from "constructs";
import { GpuCapability } from "./capabilities/gpu";
import type { StepSpec } from "./guest-props";
import type { LxcDevice, TieredLxcProps } from "./lxc-props";
import { TieredLxc } from "./tiered-lxc";

export interface GpuHostProps extends TieredLxcProps {
  /** The node's device files that make up the GPU. */
  readonly gpuDevices: readonly LxcDevice[];
  /** The step that installs the driver's user-space part. @default none */
  readonly gpuStep?: StepSpec;
}

/** A container that a GPU is handed to. It has the address that a plain `TieredLxc` of the same id would have. */
export class GpuHost extends Construct {
  readonly guest: TieredLxc;

  constructor(scope: Construct, id: string, props: GpuHostProps) {
    super(scope, id);
    const { capabilities = [], gpuDevices, gpuStep, ...rest } = props;
    const gpu = new GpuCapability({ devices: gpuDevices, ...(gpuStep ? { step: gpuStep } : {}) });
    this.guest = new TieredLxc(this, "Default", { ...rest, capabilities: [gpu, ...capabilities] });
  }
}
