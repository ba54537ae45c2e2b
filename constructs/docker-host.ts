import { Construct } from "constructs";
import { DockerCapability } from "./capabilities/docker";
import type { StepSpec } from "./guest-props";
import type { LxcFeatures, TieredLxcProps } from "./lxc-props";
import { TieredLxc } from "./tiered-lxc";

export interface DockerHostProps extends TieredLxcProps {
  /** Feature flags for Docker beside nesting. @default none */
  readonly dockerFeatures?: Partial<LxcFeatures>;
  /** The step that installs Docker. @default none */
  readonly dockerStep?: StepSpec;
}

/** A container that runs Docker. It has the address that a plain `TieredLxc` of the same id would have. */
export class DockerHost extends Construct {
  readonly guest: TieredLxc;

  constructor(scope: Construct, id: string, props: DockerHostProps) {
    super(scope, id);
    const { capabilities = [], dockerFeatures, dockerStep, ...rest } = props;
    const docker = new DockerCapability({
      ...(dockerFeatures ? { features: dockerFeatures } : {}),
      ...(dockerStep ? { step: dockerStep } : {}),
    });
    this.guest = new TieredLxc(this, "Default", { ...rest, capabilities: [docker, ...capabilities] });
  }
}
