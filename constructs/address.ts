import { createHash } from "node:crypto";
import type { TerraformDataSource, TerraformResource, TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";
import { pathOf } from "./construct-error";

type Addressed = TerraformResource | TerraformDataSource;

/** What Terraform takes for a block's name (Terraform language, Identifiers), as far as it is ASCII. */
const IDENTIFIER = /^[A-Za-z_][\w-]*$/;

/** Addresses that were given, by stack. */
const given = new WeakMap<TerraformStack, Set<string>>();

/**
 * Lets a block's Terraform address end in these parts, joined by `_`, without the hash that cdktf appends. Before anything
 * refers to it: a reference keeps the name that it was made with.
 *
 * Where they make no identifier, or one that another block has, it ends in what cdktf makes of the construct's path; where
 * that would begin with a digit, as the name of a node may, with `_` in front of it.
 */
export function giveAddress<Block extends Addressed>(block: Block, ...parts: readonly string[]): Block {
  const taken = given.get(block.cdktfStack) ?? new Set<string>();
  given.set(block.cdktfStack, taken);
  for (const name of candidates(block, parts)) {
    const address = `${block.terraformResourceType}.${name}`;
    if (taken.has(address)) continue;
    taken.add(address);
    block.overrideLogicalId(name);
    break;
  }
  return block;
}

function* candidates(block: Addressed, parts: readonly string[]): Iterable<string> {
  const wanted = parts.join("_");
  if (IDENTIFIER.test(wanted)) yield wanted;
  const path = block.cdktfStack.getLogicalId(block);
  const own = IDENTIFIER.test(path) ? path : `_${path}`;
  yield own;
  // cdktf leaves characters out of a path, so that two may become one.
  yield `${own}_${createHash("sha256").update(block.node.path).digest("hex").slice(0, 8)}`;
}

/** What a user knows a construct by within its stack: `["pve1", "vmbr1"]`. */
export const pathInStack = (construct: IConstruct): string[] => pathOf(construct).split("/").slice(1);
