import { z } from "zod";
import { text } from "../model/schema/scalar";

/**
 * What a role is, beside its `apply.sh` and `check.sh`: who gets it, in which order, and what may be set.
 * A role is a folder `provision/<name>/` whose `role.ts` exports one of these as its default; nothing else needs to know it. What is wrong
 * in one is told by every command, with its line (`role-problems.ts`).
 */
export interface RoleDefinition<Variables extends z.ZodObject = z.ZodObject> {
  /** One sentence for the documentation and the editor. */
  readonly summary: string;
  /** What it can be applied to. @default ["container", "vm"] */
  readonly targets?: readonly ("container" | "vm" | "node")[];
  /** The functional group whose members get the role; `"all"` for every guest. */
  readonly group: string;
  /** A boolean variable that turns the role off for a member: `install_docker`. */
  readonly switch?: string;
  /** `"set"`: only for guests that see at least one of the variables, so that others get no step. @default every member */
  readonly when?: "set";
  /** Names of roles that, where the guest has them, come first. */
  readonly after?: readonly string[];
  /**
   * Whether its `ahead.sh` says which packages an earlier step of the guest may install along with its own: each call of the
   * package manager costs seconds. @default false
   */
  readonly ahead?: boolean;
  /** Operating systems (`os.osType`) it knows. @default every one */
  readonly osTypes?: readonly string[];
  /** The inventory variables that are its settings, under the names they have in the inventory: small letters, digits and _; each described. */
  readonly variables: Variables;
  /** Those of `variables` that `derive` reads of every host, so that a host outside the group may have them, too. @default none */
  readonly ofAnyHost?: readonly string[];
  /**
   * Settings that follow from the lab as a whole, such as the addresses of all hosts; added to those of `variables`, under
   * names of their own. The step runs again when they change. Given the checked values of `variables`, and a way to refuse
   * one of them for what the lab has or lacks.
   * @default none
   */
  readonly derive?: (
    lab: LabView,
    self: HostView,
    values: { readonly [variable: string]: unknown },
    refuse: (path: readonly PropertyKey[], message: string, fix: string) => void,
  ) => Derived;
}

/** What a role may know of the lab that its host belongs to. */
export interface LabView {
  /** Every host that has an address, in the inventory's order. */
  readonly hosts: readonly HostView[];
  readonly networks: readonly NetworkView[];
}

export interface NetworkView {
  readonly name: string;
  readonly bridge?: string;
  /** VLAN tag on the bridge. */
  readonly vlan?: number;
  /** The IPv4 range, then the IPv6 range. */
  readonly cidrs: readonly string[];
  readonly gateway?: string;
  readonly domain?: string;
  readonly nameServers: readonly string[];
}

export interface HostView {
  /** The inventory's name. */
  readonly name: string;
  /** What it calls itself. */
  readonly hostname: string;
  readonly kind: "container" | "vm" | "node" | "other";
  /** Static addresses, without prefix, each with the network, its search domain and the card's MAC address. */
  readonly addresses: readonly {
    readonly address: string;
    readonly domain?: string;
    readonly network?: string;
    readonly mac?: string;
  }[];
  readonly groups: readonly string[];
  /** A variable of that host, rendered and unchecked; undefined when it has none of that name. */
  readonly variable: (name: string) => unknown;
}

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };
type Derived = { readonly [setting: string]: Plain };

/** States a role, keeping the types of its variables. */
export function defineRole<Variables extends z.ZodObject>(role: RoleDefinition<Variables>): RoleDefinition<Variables> {
  return role;
}

/**
 * A secret, by reference: `{ secret: wg_private_key }` in the inventory.
 * The value is never in the inventory, in the synthesized JSON or in a trigger.
 */
export const secret = () => SECRET;

/** One schema for all: an export takes two of one id for a contradiction. */
const SECRET = z
  .strictObject({
    secret: text("a secret's name (small letters, digits, _)", /^[a-z][a-z0-9_]*$/, (value) => value.toLowerCase()),
  })
  .meta({ id: "secret", description: "A reference to a secret, given to Terraform as TF_VAR_<name>." });
