import type { StepSpec } from "../guest-props";
import type { LxcDevice, LxcFeatures } from "../lxc-props";

/** What a capability may know of the guest that it is bound to. */
export interface GuestFacts {
  readonly vmid: number;
  readonly nodeName: string;
  readonly osType: string;
  readonly unprivileged: boolean;
}

/** What a capability adds to a guest: data only, so that any number of them can be put together and compared. */
export interface CapabilityData {
  /** Feature flags it cannot do without. */
  readonly features?: Partial<LxcFeatures>;
  readonly devices?: readonly LxcDevice[];
  readonly tags?: readonly string[];
  readonly steps?: readonly StepSpec[];
  /** Names of capabilities that the guest must have too. */
  readonly requires?: readonly string[];
}

/** Something a guest can do because it belongs to a functional group. */
export interface Capability {
  /** Its name in messages and in other capabilities' `requires`. */
  readonly name: string;
  bind(guest: GuestFacts): CapabilityData;
}
