import type { StepSpec } from "../guest-props";
import type { Capability, CapabilityData } from "./capability";

export interface ServiceAgentsCapabilityProps {
  /** Starts the agents. @default none */
  readonly step?: StepSpec;
}

/** The agents that report a Docker host to its neighbours (traefik-kop, socket-proxy, Dockwatch): needs Docker. */
export class ServiceAgentsCapability implements Capability {
  readonly name = "service-agents";
  readonly #props: ServiceAgentsCapabilityProps;

  constructor(props: ServiceAgentsCapabilityProps = {}) {
    this.#props = props;
  }

  bind(): CapabilityData {
    const { step } = this.#props;
    return { requires: ["docker"], tags: ["service-agents"], steps: step ? [step] : [] };
  }
}
