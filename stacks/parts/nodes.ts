import { nodeStep } from "../../constructs/step";
import type { Node } from "../../model/lab";
import { step as stepSpec } from "../guest-props";
import type { LabContext } from "../lab-context";

/** Configures the active nodes; their guests wait for it. */
export function configureNodes(context: LabContext): void {
  for (const node of context.lab.nodes) if (node.active) applyRoles(context, node);
}

function applyRoles(context: LabContext, node: Node): void {
  const access = context.nodes.get(node.name);
  if (!access) return;
  const scope = context.nodeScope(node.name);
  const { providers } = context;
  for (const each of node.steps) {
    const { role, secrets = {}, settings = {} } = stepSpec(each, context.secret);
    const after = context.readyOf(node.name);
    const last = nodeStep(scope, role, { role, providers, node: access, settings, secrets, after });
    context.setReady(node.name, last.resource);
  }
}
