import type { z } from "zod";
import type { Role } from "../../provision/registry";
import type { Group, Inventory } from "../inventory";
import { Overlay } from "../overlay";
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

const GUESTS = ["proxmox_lxc", "proxmox_vm"] as const;

/** Whether a host describes a guest, right or wrong. */
export const describesGuest = ({ trees }: Pick<HostFacts, "trees">): boolean => GUESTS.some((name) => trees.has(name));

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
  const check = new Check(schemasOf(roles), report);
  const hosts = new Map<string, HostFacts>();
  for (const [name, host] of inventory.hosts) {
    const trees = vars.get(name) ?? new Map<string, Tree>();
    const { isWhole, values } = check.host(trees, name);
    const isPartial = !isWhole && salvageAll(trees, values);
    hosts.set(name, { name, at: host.at, trees, values, isPartial, groups: groups.get(name) ?? [] });
  }
  return { inventory, hosts, members, roles };
}

interface Checked {
  /** Those that are right. */
  readonly values: { [name: string]: unknown };
  /** Whether all of the model's own are. */
  readonly isWhole: boolean;
}

class Check {
  private readonly reported = new Set<readonly Problem[]>();
  /** By what hosts of the same groups share. */
  private readonly shared = new Map<HostVars, Checked>();

  constructor(
    private readonly schemas: ReadonlyMap<string, readonly Claimed[]>,
    private readonly report: (problem: Problem) => void,
  ) {}

  host(trees: HostVars, name: string): Checked {
    const added = trees instanceof Overlay ? trees.added : undefined;
    if (!(trees instanceof Overlay && added)) return this.variables(trees, name);
    const below = this.shared.get(trees.below) ?? this.variables(trees.below, name);
    this.shared.set(trees.below, below);
    return this.variables(added, name, below);
  }

  private variables(trees: HostVars, host: string, before?: Checked): Checked {
    const values: Checked["values"] = { ...before?.values };
    let isWhole = before?.isWhole ?? true;
    for (const [variable, tree] of trees) {
      for (const { isOurs, schema } of this.schemas.get(variable) ?? []) {
        const { value, problems } = parse(schema, tree, variable);
        if (isOurs && value !== undefined) values[variable] = value;
        else if (isOurs) isWhole = false;
        if (problems.length === 0 || this.reported.has(problems)) continue;
        this.reported.add(problems);
        for (const problem of problems) this.report({ ...problem, subject: host });
      }
    }
    return { values, isWhole };
  }
}

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
