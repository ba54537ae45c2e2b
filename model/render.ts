import type { Inventory } from "./inventory";
import { effectiveVars } from "./merge";
import type { Problem } from "./problem";
import { Renderer } from "./render/scope";
import { isPlain } from "./render/trees";
import type { Tree } from "./tree";
import { withSecretNames } from "./vault/names";

const renderers = new WeakMap<Inventory, Renderer>();

/**
 * A host's variables with every `{{ … }}` replaced by what it stands for, as Ansible 2.19 does it.
 *
 * A lone reference keeps the type of the value; text around it makes text. Each rendered value stands where its template
 * stands, and its `via` tells the way to where it was written. A template that cannot be rendered stays as it is,
 * marked as broken, and is reported once a host, always with the same position and message.
 */
export function renderHost(
  inventory: Inventory,
  host: string,
): { readonly vars: ReadonlyMap<string, Tree>; readonly problems: Problem[] } {
  const vars = new Map<string, Tree>();
  const problems = new Set<Problem>();
  for (const [name, { winner }] of effectiveVars(inventory, host)) {
    const named = withSecretNames(winner);
    const tree = isPlain(named)
      ? named
      : rendererOf(inventory)
          .scope(host)
          .loose(named, (problem) => problems.add(problem));
    vars.set(name, tree);
  }
  return { vars, problems: distinct([...problems]) };
}

function rendererOf(inventory: Inventory): Renderer {
  let renderer = renderers.get(inventory);
  if (!renderer) {
    renderer = new Renderer(inventory);
    renderers.set(inventory, renderer);
  }
  return renderer;
}

/** Several variables may fail by the same mistake. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify([problem.at, problem.message]), problem])).values()];
}
