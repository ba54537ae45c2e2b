import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerraformResource } from "cdktf";
import { buildApp, type LabInput } from "./app";
import { quietStacks } from "./quiet-stacks";

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
  const outdir = mkdtempSync(join(tmpdir(), "lab-addresses-"));
  const restore = quietStacks();
  try {
    return buildApp([input], { outdir })
      .node.findAll()
      .filter((each): each is TerraformResource => TerraformResource.isTerraformResource(each))
      .map(({ friendlyUniqueId, node, terraformResourceType }) => ({
        address: `${terraformResourceType}.${friendlyUniqueId}`,
        owner: node.path.split("/")[1] ?? "",
      }));
  } finally {
    restore();
    rmSync(outdir, { recursive: true, force: true });
  }
}
