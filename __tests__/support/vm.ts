import { Vm } from "../../constructs/vm";
import type { VmProps } from "../../constructs/vm-props";
import { type Terraform, TestStack } from "./synth";

type Arguments = { readonly [argument: string]: unknown };

interface Lifecycle {
  readonly ignore_changes: readonly string[];
  readonly postcondition: readonly { readonly condition: string; readonly error_message: string }[];
  readonly prevent_destroy?: boolean;
  readonly replace_triggered_by?: readonly string[];
}

export const DISK = { interface: "scsi0", storage: "local-lvm", sizeGiB: 32 } as const;
export const CLOUD = { user: "debian", sshKeys: ["ssh-ed25519 AAAA me"] };

/** A stack with what `build` makes, which is given the props of a small VM. */
export function stackWith(build: (stack: TestStack, props: VmProps) => void): Terraform {
  const stack = new TestStack();
  const { guard, node, providers } = stack.props();
  build(stack, { providers, guard, node, vmid: 100, cores: 2, memoryMiB: 4096, disks: [DISK] });
  return stack.synth();
}

/** A stack with a plain VM named `web`. */
export const plainVm = (changes: Partial<VmProps> = {}): Terraform =>
  stackWith((stack, props) => new Vm(stack, "web", { ...props, ...changes }));

export const vmOf = ({ resource }: Terraform): Arguments => resource.proxmox_virtual_environment_vm?.web ?? {};

export const lifecycleOf = (vm: Arguments): Lifecycle => vm.lifecycle as Lifecycle;
