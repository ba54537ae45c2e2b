import type { TerraformResource } from "cdktf";
import type { IConstruct } from "constructs";
import { pathInStack } from "../address";

/** A guest as the guard knows it. */
export interface GuardedGuest {
  readonly construct: IConstruct;
  readonly kind: "container" | "vm";
  readonly vmid: number;
  readonly nodeName: string;
  /** Storage of a container's root file system. */
  readonly rootStorage?: string;
  /** Storages of a VM's disks; their sizes are then in `local.disk_volume_gib`, by volume id. */
  readonly diskStorages?: readonly string[];
  /** Static addresses without prefix. */
  readonly addresses: readonly string[];
  /** Taking a foreign guest over is what is wanted. */
  readonly adopt: boolean;
  readonly rebuild?: string;
}

/** What the lab calls a guest. */
export const guestName = ({ construct }: GuardedGuest): string => pathInStack(construct).join("/");

/** Where a guest's resource is in Terraform. */
export function guestAddress({ construct }: GuardedGuest): string {
  const resource = construct.node.defaultChild as TerraformResource;
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}
