import { TerraformResource } from "cdktf";
import type { LabInput } from "./app";
import { lookAtBuilt } from "./built-lab";

/** A resource of a lab's stack. */
export interface LabAddress {
  /** `null_resource.media_base` */
  readonly address: string;
  /** The guest or node that it belongs to; for what is the lab's own, something that begins with a colon. */
  readonly owner: string;
}

/**
 * The Terraform addresses of a lab.
 *
 * @throws LabError with the problems of the lab.
 */
export function labAddresses(input: LabInput): readonly LabAddress[] {
  return lookAtBuilt(input, (constructs) =>
    constructs
      .filter((each): each is TerraformResource => TerraformResource.isTerraformResource(each))
      .map(({ friendlyUniqueId, node, terraformResourceType }) => ({
        address: `${terraformResourceType}.${friendlyUniqueId}`,
        owner: node.path.split("/")[1] ?? "",
      })),
  );
}
