import type { z } from "zod";
import type { Role } from "../../provision/registry";
import type { Group, Inventory } from "../inventory";
import type { Position, Problem } from "../problem";
import { parse } from "../schema/parse";
import { salvage } from "../schema/salvage";
import { VARIABLES, type Variables } from "../schema/variables";
import type { Tree } from "../tree";
import { groupsByHost, type Members, membersOf } from "./members";

/** The rendered variables of one host. */
export type HostVars = ReadonlyMap<string, Tree>;

/** One host of the inventory, its variables checked. */
export interface HostFacts {
  readonly name: string;
  readonly at: Position;
  /** Every variable, rendered; also those that the model does not know. */
  readonly trees: HostVars;
  /** The model's own variables, as far as they are right. */
  readonly values: Variables;
  /** Whether parts of the guest it describes had to be left out, because they are wrong. */
  readonly isPartial: boolean;
  /** The groups it is in, without `all`. */
  readonly groups: readonly string[];
}

/** What resolving and the rules work on. */
export interface Facts {
  readonly inventory: Inventory;
  readonly hosts: ReadonlyMap<string, HostFacts>;
  readonly members: Members;
  readonly roles: readonly Role[];
}

/** Checks every variable of every host: the model's own, and those that roles claim, whether or not the host gets the role. */
export function readFacts(
  inventory: Inventory,
  vars: ReadonlyMap<string, HostVars>,
  roles: readonly Role[],
  report: (problem: Problem) => void,
): Facts {
  const members = membersOf(inventory);
  const groups = groupsByHost(members);
  const schemas = schemasOf(roles);
  const hosts = new Map<string, HostFacts>();
  const reported = new Set<readonly Problem[]>();
  for (const [name, host] of inventory.hosts) {
    const trees = vars.get(name) ?? new Map<string, Tree>();
    const values: { [name: string]: unknown } = {};
    for (const [variable, tree] of trees) {
      const known = schemas.get(variable);
      if (!known) continue;
      for (const { isOurs, schema } of known) {
        const { value, problems } = parse(schema, tree, variable);
        if (isOurs && value !== undefined) values[variable] = value;
        if (problems.length === 0 || reported.has(problems)) continue;
        reported.add(problems);
        for (const problem of problems) report({ ...problem, subject: name });
      }
    }
    const isPartial = salvageAll(trees, values);
    hosts.set(name, {
      name,
      at: host.at,
      trees,
      values: values as Variables,
      isPartial,
      groups: groups.get(name) ?? [],
    });
  }
  return { inventory, hosts, members, roles };
}

const GUESTS = ["proxmox_lxc", "proxmox_vm"] as const;
const MAPS = [
  "proxmox_networks",
  "proxmox_templates",
  "group_subsets",
  "lxc_features",
  "proxmox_firewall",
  "proxmox_storages",
  "proxmox_backup_jobs",
] as const;

/** Fills in what is right of faulty guests and maps; tells whether a guest is among them. */
function salvageAll(trees: HostVars, values: { [name: string]: unknown }): boolean {
  const faulty = [...GUESTS, ...MAPS].filter((name) => trees.has(name) && values[name] === undefined);
  for (const name of faulty) values[name] = salvage(VARIABLES[name], trees.get(name)!).value;
  return GUESTS.some((name) => faulty.includes(name));
}

interface Claimed {
  readonly schema: z.ZodType;
  /** The model reads the variable itself. */
  readonly isOurs: boolean;
}

/** By variable the schemas that it has to satisfy: roles may share a variable. */
function schemasOf(roles: readonly Role[]): ReadonlyMap<string, readonly Claimed[]> {
  const ours = Object.entries(VARIABLES);
  const result = new Map<string, Claimed[]>(ours.map(([name, schema]) => [name, [{ schema, isOurs: true }]]));
  for (const role of roles) {
    for (const [name, schema] of Object.entries(role.variables.shape)) {
      if (Object.hasOwn(VARIABLES, name)) continue;
      const known = result.get(name);
      const claimed = { schema, isOurs: false };
      if (known) known.push(claimed);
      else result.set(name, [claimed]);
    }
  }
  return result;
}

/** The last definition of a variable by a group itself, not rendered. */
export function ownTree(group: Group | undefined, name: string): Tree | undefined {
  return group?.layers.findLast((layer) => layer.vars.entries.has(name))?.vars.entries.get(name)?.value;
}
