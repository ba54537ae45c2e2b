import { type ITerraformDependable, TerraformElement, TerraformResource, type TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";

export interface TerraformDataProps {
  /** Kept in the state; a change of it is an update in place. */
  readonly input?: unknown;
  readonly dependsOn?: ITerraformDependable[];
  readonly lifecycle?: TerraformResourceLifecycle;
}

/**
 * Terraform's built-in `terraform_data`.
 *
 * cdktf's own `DataResource` runs `terraform version` at every synthesis and fails where Terraform is not installed;
 * this one needs neither.
 */
export class TerraformData extends TerraformResource {
  readonly #input: unknown;

  constructor(scope: Construct, id: string, props: TerraformDataProps) {
    const { input, ...meta } = props;
    super(scope, id, { terraformResourceType: "terraform_data", ...meta });
    this.#input = input;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { input: this.#input };
  }
}

/**
 * Plain data as one expression, `jsondecode("…")`.
 *
 * Terraform takes every string of a JSON document for a template and parses it several times in each plan. A table of all
 * guests has thousands, and is read as one this way. Data with cdktf's references in it stay as they are.
 */
export function encoded(data: object): unknown {
  const json = JSON.stringify(data);
  if (json.includes("TfToken[")) return data;
  return `\${jsondecode(${JSON.stringify(json).replace(/[$%](?=\{)/g, "$&$&")})}`;
}

/** Top-level blocks for which cdktf has no class (`check`), or only one that needs Terraform at synthesis (`import`, `locals`). */
export class TerraformFragment extends TerraformElement {
  readonly #produce: () => object;

  /** @param produce gives the blocks; called at synthesis, when everything is known. */
  constructor(scope: Construct, id: string, produce: () => object) {
    super(scope, id);
    this.#produce = produce;
  }

  override toTerraform(): object {
    return this.#produce();
  }
}
