import type { StepSpec } from "../guest-props";
import type { Capability, CapabilityData } from "./capability";

export interface WireguardCapabilityProps {
  /**
   * Hand through /dev/net/tun, for a WireGuard in user space. The node's kernel module needs no device,
   * and works in unprivileged containers once it is loaded on the node. Only root@pam may hand a device through.
   * @default false
   */
  readonly userspace?: boolean;
  /** Writes the tunnel's configuration. @default none */
  readonly step?: StepSpec;
}

/** WireGuard in the guest. */
export class WireguardCapability implements Capability {
  readonly name = "wireguard";
  readonly #props: WireguardCapabilityProps;

  constructor(props: WireguardCapabilityProps = {}) {
    this.#props = props;
  }

  bind(): CapabilityData {
    const { step, userspace = false } = this.#props;
    return {
      devices: userspace ? [{ path: "/dev/net/tun" }] : [],
      tags: ["wireguard"],
      steps: step ? [step] : [],
    };
  }
}
