import type { Role } from "../../provision/registry";
import type { Inventory, VarLayer } from "../inventory";
import type { Problem } from "../problem";
import type { Facts } from "../resolve/facts";
import { container } from "../schema/guest";
import { nearest } from "../schema/nearest";
import { show } from "../schema/scalar";
import { OWN_PREFIX, VARIABLES } from "../schema/variables";
import { toPlain } from "../tree";
import type { Rule } from "./rule";

const OURS = Object.keys(VARIABLES);

/**
 * `unknown-variable`: a name with one of our prefixes that we do not know (error), or one that is nearly a known variable
 * (warning: it may be a variable of your own). Every definition is looked at, whether it wins or not.
 */
export const knownVariables: Rule = function* ({ facts }) {
  const known = new Set([...OURS, ...facts.roles.flatMap(namesOf)]);
  const near = new Map<string, string | undefined>();
  for (const { layer, owner } of layersOf(facts.inventory)) {
    for (const [name, { keyAt }] of layer.vars.entries) {
      if (known.has(name)) continue;
      const isOurs = OWN_PREFIX.test(name);
      if (!near.has(name)) near.set(name, isOurs ? nearest(name, known) : slipOf(name, known));
      const meant = near.get(name);
      if (!isOurs && meant === undefined) continue;
      yield {
        rule: "unknown-variable",
        severity: isOurs ? "error" : "warning",
        at: keyAt,
        path: name,
        subject: owner,
        message: `unknown variable "${name}"`,
        fix:
          meant === undefined
            ? "delete it, or use another prefix for variables of your own"
            : `did you mean "${meant}"?`,
      };
    }
  }
};

const namesOf = (role: Role) => [
  ...Object.keys(role.variables.shape),
  ...(role.switch === undefined ? [] : [role.switch]),
];

/** Of names that may be the user's own only those that are a letter or two away from a known one. */
const slipOf = (name: string, known: Iterable<string>) => (name.length < 6 ? undefined : nearest(name, known, 2));

const FLAT = ["vmid", "cores", "memory", "disk"] as const;

/** `flat-host-vars`: the keys of proxmox_lxc at the top of a host's file. */
export const nestedHostVars: Rule = function* ({ facts }: { readonly facts: Facts }): Iterable<Problem> {
  for (const host of facts.inventory.hosts.values()) {
    for (const layer of host.layers) {
      const flat = FLAT.filter((key) => layer.vars.entries.has(key));
      if (flat.length < 2 && flat[0] !== "vmid") continue;
      const keys = Object.keys(container.shape).filter((key) => layer.vars.entries.has(key));
      const lines = keys.map((key) => `  ${key}: ${inYaml(layer, key)}`);
      yield {
        rule: "flat-host-vars",
        severity: "error",
        at: layer.vars.entries.get(flat[0]!)!.keyAt,
        subject: host.name,
        message: `${keys.join(", ")} stand at the top of the file, where nothing reads them`,
        fix: `nest them:\n      proxmox_lxc:\n      ${lines.join("\n      ")}`,
      };
    }
  }
};

function inYaml(layer: VarLayer, key: string): string {
  const value = toPlain(layer.vars.entries.get(key)!.value);
  if (typeof value === "string") return /^[A-Za-z][A-Za-z0-9-]*$/.test(value) ? value : show(value);
  return typeof value === "object" && value !== null ? "…" : String(value);
}

function* layersOf({ groups, hosts }: Inventory): Iterable<{ readonly layer: VarLayer; readonly owner: string }> {
  for (const owner of [...groups.values(), ...hosts.values()]) {
    for (const layer of owner.layers) yield { layer, owner: owner.name };
  }
}
