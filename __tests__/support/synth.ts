import { TerraformStack, Testing } from "cdktf";
import type { TieredLxcProps } from "../../constructs/lxc-props";
import { ProxmoxProviders } from "../../constructs/providers";
import { VmidGuard } from "../../constructs/vmid-guard";

/** Blocks of one type: resource type → name → arguments. */
type Blocks = { readonly [type: string]: { readonly [name: string]: { readonly [argument: string]: unknown } } };

/** The parts of a stack's Terraform JSON that tests look at. */
export interface Terraform {
  readonly resource: Blocks;
  readonly data: Blocks;
  readonly provider: { readonly [name: string]: readonly { readonly [argument: string]: unknown }[] };
  readonly variable: { readonly [name: string]: { readonly [argument: string]: unknown } };
  readonly output: { readonly [name: string]: { readonly value: unknown } };
  readonly locals: { readonly [name: string]: unknown };
  readonly terraform: { readonly backend: { readonly [kind: string]: { readonly [argument: string]: unknown } } };
  readonly import?: readonly { readonly to: string; readonly id: string; readonly provider?: string }[];
  readonly check?: { readonly [name: string]: { readonly assert: readonly { readonly error_message: string }[] } };
}

export const NODE = { name: "pve1", address: "192.168.1.10", sshPort: 22, sshUser: "root" };

/** A stack named `lab` with what every guest needs, as someone would write it who uses the constructs alone. */
export class TestStack extends TerraformStack {
  readonly providers: ProxmoxProviders;
  readonly guard: VmidGuard;

  constructor(app = Testing.app()) {
    super(app, "lab");
    this.providers = new ProxmoxProviders(this, "proxmox", {
      endpoint: "https://pve1.example.internal:8006/",
      nodes: [NODE],
    });
    this.guard = new VmidGuard(this, "guard", { lab: "lab" });
  }

  /** Props of a small container, with what a test changes of them. */
  props(changes: Partial<TieredLxcProps> = {}): TieredLxcProps {
    return {
      providers: this.providers,
      guard: this.guard,
      node: NODE,
      vmid: 301,
      template: { volumeId: "local:vztmpl/debian-13.tar.zst", osType: "debian" },
      cores: 2,
      memoryMiB: 2048,
      diskGiB: 8,
      storage: "local-lvm",
      ...changes,
    };
  }

  /** The stack's Terraform JSON, after all validations have passed. */
  synth(): Terraform {
    return JSON.parse(Testing.synth(this, true));
  }
}

/** The one container of a stack that was given one. */
export function container(terraform: Terraform, name = "web"): { readonly [argument: string]: unknown } {
  const found = terraform.resource.proxmox_virtual_environment_container?.[name];
  if (!found) throw new Error(`no container ${name} in the stack`);
  return found;
}

/** `type.name` of every resource and data source, sorted. */
export function addresses({ data, resource }: Terraform): string[] {
  const of = (blocks: Blocks, prefix: string) =>
    Object.entries(blocks).flatMap(([type, named]) => Object.keys(named).map((name) => `${prefix}${type}.${name}`));
  return [...of(resource, ""), ...of(data, "data.")].sort();
}

/** The data in `${jsondecode("…")}`. */
export function decoded(expression: unknown): unknown {
  const [, text] = /^\$\{jsondecode\((".*")\)\}$/s.exec(String(expression)) ?? [];
  if (text === undefined) throw new Error(`expected an expression with jsondecode, got ${JSON.stringify(expression)}`);
  return JSON.parse(JSON.parse(text.replace(/([$%])\1(?=\{)/g, "$1")));
}
