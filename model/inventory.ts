import type { Position, Problem } from "./problem";
import type { MappingTree, Tree } from "./tree";

/**
 * An Ansible inventory as written: groups, hosts and every definition of every variable, nothing merged or rendered.
 * `readInventory` (model/read.ts) makes one; `effectiveVars` (model/merge.ts) merges it as Ansible does.
 */
export interface Inventory {
  /** The lab's name: the folder's name, or `<folder>-<file>` for one hosts file among several (`tiers-staging`). */
  readonly name: string;
  /** The inventory's folder, relative to the folder the command runs in. */
  readonly folder: string;
  /** The hosts files that were read, in Ansible's order. */
  readonly sources: readonly string[];
  /** All groups by name; `all` and `ungrouped` always exist. */
  readonly groups: ReadonlyMap<string, Group>;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly problems: readonly Problem[];
}

export interface Group {
  readonly name: string;
  /** Its first mention. Absent for an implicit `all` or `ungrouped`. */
  readonly at?: Position;
  /** Direct child groups, in Ansible's order. */
  readonly children: readonly string[];
  readonly parents: readonly string[];
  /** Hosts named directly in this group, with the line that names each. */
  readonly hosts: ReadonlyMap<string, Position>;
  /** `ansible_group_priority`, default 1. */
  readonly priority: number;
  /** Longest distance from `all`, as Ansible computes it. */
  readonly depth: number;
  /** Every layer of variables, weakest first: inventory file, then group_vars files in Ansible's order. */
  readonly layers: readonly VarLayer[];
  /** Files of variables that are encrypted as a whole, weakest first. @default none */
  readonly sealed?: readonly string[];
}

export interface Host {
  readonly name: string;
  readonly at: Position;
  /** Groups that name it directly. */
  readonly groups: readonly string[];
  readonly layers: readonly VarLayer[];
  /** Files of variables that are encrypted as a whole, weakest first. @default none */
  readonly sealed?: readonly string[];
}

/** The variables of one source file for one group or host. */
export interface VarLayer {
  readonly file: string;
  readonly vars: MappingTree;
}

/** One place that sets a variable. */
export interface Definition {
  readonly name: string;
  readonly tree: Tree;
  /** Where the key stands. */
  readonly at: Position;
  /** Which group or host it belongs to. */
  readonly owner: { readonly kind: "group" | "host"; readonly name: string };
}

/** A variable of one host after merging: all definitions, weakest first; the last one wins. */
export interface EffectiveVar {
  readonly name: string;
  readonly chain: readonly Definition[];
  readonly winner: Definition;
}
