import type { TieredLxcProps } from "../../constructs/lxc-props";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { type Terraform, TestStack } from "./synth";

/** Parts that a container may be given. */
export const NIC = { name: "eth0", bridge: "vmbr0", address: "192.168.1.51/24", gateway: "192.168.1.1" };
export const VOLUME = { kind: "volume", path: "/data", storage: "local-lvm", sizeGiB: 10 } as const;

/** A stack with a plain container named `web`. */
export function plainLxc(changes: Partial<TieredLxcProps> = {}): Terraform {
  const stack = new TestStack();
  new TieredLxc(stack, "web", stack.props(changes));
  return stack.synth();
}
