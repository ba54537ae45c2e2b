import { UsageError } from "../output";

/** A plan as `terraform show -json` writes it: https://developer.hashicorp.com/terraform/internals/json-format */
export interface Plan {
  readonly resource_changes?: readonly ResourceChange[];
  /** What was found changed since Terraform looked last, by somebody else. */
  readonly resource_drift?: readonly ResourceChange[];
  /** All that Terraform knows before the plan is applied, also what `-target` leaves out of the changes. */
  readonly prior_state?: { readonly values?: { readonly root_module?: { readonly resources?: readonly Held[] } } };
  /** The plan stopped at an error and holds only part of the changes. */
  readonly errored?: boolean;
  readonly configuration?: { readonly root_module?: { readonly resources?: readonly Configured[] } };
}

/**
 * Reads what `terraform show -json` says of a plan.
 *
 * @throws UsageError for anything else
 */
export function parsePlan(text: string): Plan {
  try {
    return JSON.parse(text) as Plan;
  } catch {
    throw new UsageError(
      "the plan is neither a plan file of Terraform's nor the JSON that terraform show makes of one",
    );
  }
}

/** What a resource was configured with, also where Terraform was told to ignore it: attribute → expression, block → list. */
interface Configured {
  readonly address: string;
  readonly expressions?: { readonly [name: string]: unknown };
}

/** A resource of the state. */
export interface Held {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly values?: Values;
}

export interface ResourceChange {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  /** Why Terraform chose the action: `replace_because_tainted`, `delete_because_no_resource_config` … */
  readonly action_reason?: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Values | null;
    readonly after: Values | null;
    readonly after_unknown?: unknown;
    readonly before_sensitive?: unknown;
    readonly after_sensitive?: unknown;
    /** What forces a replacement: `["mount_point", 0, "path"]`. */
    readonly replace_paths?: readonly (readonly (string | number)[])[];
    readonly importing?: object;
  };
}

export const isGuest = ({ mode, type }: Pick<Held, "mode" | "type">): boolean =>
  mode === "managed" && /^proxmox_virtual_environment_(container|vm)$/.test(type);

export interface Values {
  readonly [name: string]: unknown;
}

export type Action = "nothing" | "create" | "update" | "replace" | "delete" | "forget";

export function actionOf({ change: { actions } }: ResourceChange): Action {
  if (actions.includes("create")) return actions.includes("delete") ? "replace" : "create";
  if (actions.includes("delete")) return "delete";
  if (actions.includes("forget")) return "forget";
  return actions.includes("update") ? "update" : "nothing";
}

/** One attribute that differs. */
export interface Difference {
  /** `network_interface.0.bridge`: as in the state, with the numbers of list elements. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly isSensitive: boolean;
}

/** Every attribute that is known to differ, lists element by element; a list that grows or shrinks as a whole, too. */
export function differences({ change }: ResourceChange): Difference[] {
  const { after, after_sensitive, after_unknown, before, before_sensitive } = change;
  return [...compare([], before ?? {}, after ?? {}, after_unknown, [before_sensitive, after_sensitive])];
}

function* compare(
  path: readonly string[],
  before: unknown,
  after: unknown,
  unknown: unknown,
  sensitive: readonly unknown[],
): Iterable<Difference> {
  if (unknown === true || same(before, after)) return;
  const isSensitive = sensitive.includes(true);
  const difference = { path: path.join("."), before, after, isSensitive };
  const isList = Array.isArray(before) && Array.isArray(after);
  const ofBlocks = isList && [...before, ...after].every(isMap);
  if (!(isMap(before) && isMap(after)) && !ofBlocks) {
    yield difference;
    return;
  }
  if (isList && before.length !== after.length) yield difference;
  // Beyond the shorter of two lists nothing is compared: the list itself has been told.
  const keys = isList
    ? [...before.keys()].slice(0, after.length).map(String)
    : [...new Set([...Object.keys(before), ...Object.keys(after)])];
  for (const key of keys) {
    const inner = (value: unknown) => (value as Values | null | undefined)?.[key];
    yield* compare([...path, key], inner(before), inner(after), inner(unknown), [isSensitive, ...sensitive.map(inner)]);
  }
}

/** Null, absent, and the provider's empty values are one to whoever reads a plan. */
const same = (before: unknown, after: unknown): boolean =>
  JSON.stringify(before ?? null) === JSON.stringify(after ?? null) || (isNothing(before) && isNothing(after));

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

const isMap = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

/** The blocks of one name that a resource is configured with; of each the values that are constant. */
export function configuredBlocks(plan: Plan, address: string, name: string): Values[] {
  const resource = plan.configuration?.root_module?.resources?.find((each) => each.address === address);
  const list = resource?.expressions?.[name];
  return (Array.isArray(list) ? list : [])
    .filter(isMap)
    .map((block) =>
      Object.fromEntries(
        Object.entries(block).map(([key, value]) => [key, isMap(value) ? value.constant_value : undefined]),
      ),
    );
}
