import { isTemplate } from "./expression";
import type { Tree } from "./tree";

const TEMPLATE = 1;
const VAULT_TEXT = 2;

/** Of collections: found out once, for all hosts that share them. */
const found = new WeakMap<Tree, number>();

/** Whether nothing in a tree is a template. */
export const isPlain = (tree: Tree): boolean => (traitsOf(tree) & TEMPLATE) === 0;

/** Whether a secret is in a value, so that nothing can be computed from it. */
export const holdsVaultText = (tree: Tree): boolean => (traitsOf(tree) & VAULT_TEXT) !== 0;

function traitsOf(tree: Tree): number {
  if (tree.kind === "scalar") {
    if (tree.tag !== undefined) return tree.tag === "vault" ? VAULT_TEXT : 0;
    return typeof tree.value === "string" && isTemplate(tree.value) ? TEMPLATE : 0;
  }
  let traits = found.get(tree);
  if (traits === undefined) {
    traits = 0;
    if (tree.kind === "sequence") for (const item of tree.items) traits |= traitsOf(item);
    else for (const { value } of tree.entries.values()) traits |= traitsOf(value);
    found.set(tree, traits);
  }
  return traits;
}
