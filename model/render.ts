import type { EffectiveVar, Inventory } from "./inventory";
import { effectiveVars, sharedVars } from "./merge";
import { Overlay } from "./overlay";
import type { Problem } from "./problem";
import { Renderer } from "./render/scope";
import { isPlain } from "./traits";
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
  const found = inventory.hosts.get(host);
  if (!found) return { vars: new Map(), problems: [] };
  const effective = effectiveVars(inventory, host);
  const shared = sharedPlain(sharedVars(inventory, found));
  const vars = new Overlay(shared.trees);
  const problems = new Set<Problem>();
  const render = (name: string) => {
    const named = withSecretNames(effective.get(name)!.winner);
    vars.set(
      name,
      isPlain(named)
        ? named
        : rendererOf(inventory)
            .scope(host)
            .loose(named, (each) => problems.add(each)),
    );
  };
  for (const name of shared.templates) render(name);
  for (const layer of found.layers) for (const name of layer.vars.entries.keys()) render(name);
  return { vars, problems: distinct([...problems]) };
}

interface SharedPlain {
  /** Every variable, those that are templates not rendered yet. */
  readonly trees: ReadonlyMap<string, Tree>;
  readonly templates: readonly string[];
}

const plain = new WeakMap<ReadonlyMap<string, EffectiveVar>, SharedPlain>();

/** What hosts of the same groups have in common: a value without templates is the same for all of them. */
function sharedPlain(vars: ReadonlyMap<string, EffectiveVar>): SharedPlain {
  let known = plain.get(vars);
  if (!known) {
    const trees = new Map([...vars].map(([name, { winner }]) => [name, withSecretNames(winner)]));
    known = { trees, templates: [...trees].flatMap(([name, tree]) => (isPlain(tree) ? [] : [name])) };
    plain.set(vars, known);
  }
  return known;
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
  if (problems.length < 2) return [...problems];
  return [...new Map(problems.map((problem) => [JSON.stringify([problem.at, problem.message]), problem])).values()];
}
