import type { StepSpec } from "../guest-props";
import type { LxcDevice } from "../lxc-props";
import type { Capability, CapabilityData } from "./capability";

export interface GpuCapabilityProps {
  /** The node's device files that make up the GPU. @default none: the GPU's step looks for them on the node */
  readonly devices?: readonly LxcDevice[];
  /** Installs the driver's user-space part. @default none */
  readonly step?: StepSpec;
}

/** A GPU of the node, handed through as device files; only root@pam may do that. */
export class GpuCapability implements Capability {
  readonly name = "gpu";
  readonly #props: GpuCapabilityProps;

  constructor(props: GpuCapabilityProps = {}) {
    this.#props = props;
  }

  bind(): CapabilityData {
    const { devices = [], step } = this.#props;
    return { devices, tags: ["gpu"], steps: step ? [step] : [] };
  }
}
