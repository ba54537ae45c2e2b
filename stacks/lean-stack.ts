import { join } from "node:path";
import {
  DefaultTokenResolver,
  StringConcat,
  TerraformDataSource,
  TerraformElement,
  TerraformOutput,
  TerraformResource,
  TerraformStack,
  Tokenization,
} from "cdktf";
import type { Construct } from "constructs";
import { writeJsonFile } from "./json-file";

type Block = { [key: string]: unknown };

/**
 * A stack that is synthesized in one pass and without copies.
 *
 * cdktf resolves every element three times: once to find references to other stacks, once for its JSON, and once more within
 * the whole document, of which it then holds several copies. A lab refers to no other stack, and an element resolved leaves
 * nothing to resolve; so here each is resolved once, resources and data sources only while the document is being written.
 * The JSON is the same. A stack with `addOverride` takes cdktf's own way.
 */
export abstract class LeanStack extends TerraformStack {
  #overridden = false;
  #written = false;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const cdktfs = this.synthesizer;
    this.synthesizer = {
      synthesize: (session) => {
        // Everything but the document, which is written piece by piece.
        this.#written = true;
        cdktfs.synthesize(session);
        this.#written = false;
        writeJsonFile(join(session.outdir, session.manifest.forStack(this).synthesizedStackPath), this.toTerraform());
      },
    };
  }

  override addOverride(path: string, value: unknown): void {
    this.#overridden = true;
    super.addOverride(path, value);
  }

  override prepareStack(): void {
    this.ensureBackendExists();
  }

  override toTerraform(): Block {
    if (this.#written) return {};
    if (this.#overridden) return super.toTerraform();
    const metadata: Block = {
      version: this.node.tryGetContext("cdktfVersion"),
      stackName: this.node.id,
      backend: "local",
    };
    const outputs: Block = {};
    const whole: Block = { "//": { metadata, outputs } };
    const resolver = new DefaultTokenResolver(new StringConcat());
    const context = { scope: this, resolver, preparing: false };
    const resolved = (element: TerraformElement): Block => Tokenization.resolve(element.toTerraform(), context);
    for (const element of this.node.findAll()) {
      if (!TerraformElement.isTerraformElement(element)) continue;
      if (TerraformResource.isTerraformResource(element)) {
        const name = element.friendlyUniqueId;
        place(whole, "resource", element.terraformResourceType, name, () => resolved(element));
      } else if (TerraformDataSource.isTerraformDataSource(element)) {
        place(whole, "data", element.terraformResourceType, element.friendlyUniqueId, () => resolved(element));
      } else {
        merge(metadata, element.toMetadata());
        if (TerraformOutput.isTerraformOutput(element)) merge(outputs, nested(element));
        merge(whole, resolved(element));
      }
    }
    return whole;
  }
}

/** Puts a block where it belongs, to be produced when the document is written. */
function place(whole: Block, kind: "resource" | "data", type: string, name: string, produce: () => Block): void {
  const later = { toJSON: () => step(step(step(produce(), kind), type), name) };
  merge(whole, { [kind]: { [type]: { [name]: later } } });
}

function step(block: Block, key: string): Block {
  return block[key] as Block;
}

/** `{ lab: { ":guests": "guests" } }`: where `cdktf output` finds an output's Terraform name. */
function nested(output: TerraformOutput): Block {
  return output.node.path
    .split("/")
    .reduceRight<Block | string>((inner, part) => ({ [part]: inner }), output.friendlyUniqueId) as Block;
}

/** Adds `from` to `into`: mappings key by key, lists by joining, all else by replacing. `into` takes ownership of `from`. */
function merge(into: Block, from: Block): void {
  for (const [key, value] of Object.entries(from)) {
    const old = into[key];
    if (Array.isArray(old) && Array.isArray(value)) old.push(...value);
    else if (isBlock(old) && isBlock(value)) merge(old, value);
    else into[key] = value;
  }
}

function isBlock(value: unknown): value is Block {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
