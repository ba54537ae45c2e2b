import type { StepSpec } from "../guest-props";
import type { LxcFeatures } from "../lxc-props";
import type { Capability, CapabilityData } from "./capability";

export interface DockerCapabilityProps {
  /** Further feature flags, such as `{ keyctl: true }`, which only root@pam may set. @default nesting alone */
  readonly features?: Partial<LxcFeatures>;
  /** Installs and configures Docker in the guest. @default none: the guest only can run it */
  readonly step?: StepSpec;
}

/** Docker in the guest: needs nesting, which a token may set on an unprivileged container. */
export class DockerCapability implements Capability {
  readonly name = "docker";
  readonly #props: DockerCapabilityProps;

  constructor(props: DockerCapabilityProps = {}) {
    this.#props = props;
  }

  bind(): CapabilityData {
    const { features, step } = this.#props;
    return { features: { nesting: true, ...features }, tags: ["docker"], steps: step ? [step] : [] };
  }
}
