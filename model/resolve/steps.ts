import type { Role } from "../../provision/registry";
import type { Setting, Step } from "../lab";
import { partFor } from "../overlay";
import type { Position, Problem } from "../problem";
import { flag } from "../schema/formats";
import { keysOf, parse, parseAll } from "../schema/parse";
import { type SecretOrigin, type Tree, treeAt } from "../tree";
import { CREDENTIALS } from "../vault/credentials";
import type { Facts, HostFacts, HostVars } from "./facts";

export interface RoleStep extends Step {
  /** The group that brings it. */
  readonly group: string;
}

export interface Target {
  readonly kind: "container" | "vm" | "node";
  readonly osType?: string;
}

type Report = (problem: Problem) => void;

const SWITCH = flag();

/** What is to be configured, and by what. */
export interface Configurable {
  readonly host: HostFacts;
  readonly target: Target;
  readonly facts: Facts;
  readonly report: Report;
}

type Inputs = Configurable & { readonly secrets: Secrets };

/** Every role that the host's groups bring, in the order in which they are applied. */
export function stepsOf(inputs: Inputs): readonly RoleStep[] {
  const { facts, host, report, target } = inputs;
  const common = commonOf(facts, target.kind);
  const part = partFor(host.trees, (name) => common.reads.has(name));
  // Variables that are the host's alone are shared with no other.
  if (part === host.trees) return ownStepsOf(inputs, common);
  const alike = common.alike.get(target.osType) ?? new Map<HostVars, readonly RoleStep[]>();
  common.alike.set(target.osType, alike);
  const known = alike.get(part);
  if (known) return known;
  let isSound = true;
  const reportFault = (problem: Problem) => {
    isSound = false;
    report(problem);
  };
  const steps = ownStepsOf({ ...inputs, report: reportFault }, common);
  if (isSound) alike.set(part, steps);
  return steps;
}

function ownStepsOf(inputs: Inputs, { after, roles }: Common): readonly RoleStep[] {
  const { facts, host, report, secrets, target } = inputs;
  const applied = roles.filter((role) => applies(role, inputs));
  const names = applied.map((role) => role.name).join();
  const before = after.get(names) ?? predecessors(applied);
  after.set(names, before);
  return applied.flatMap((role) => {
    if (role.osTypes && target.osType !== undefined && !role.osTypes.includes(target.osType)) {
      report(unknownOs(role, host, target.osType, facts));
    }
    const { value, problems } = parseAll(role.variables, host.trees, host.at);
    for (const problem of problems) report({ ...withAsker(problem, role, host, facts), subject: host.name });
    if (value === undefined) return [];
    const split = splitOnce(value, host, secrets);
    const ahead = role.ahead ? { ahead: true } : {};
    return [{ role: role.name, group: role.group, after: before.get(role.name) ?? [], ...ahead, ...split }];
  });
}

/** What hosts of one kind have in common. */
interface Common {
  /** The roles that any of them can get: the groups of all others are empty, or nobody sets what they wait for. */
  readonly roles: readonly Role[];
  /** `predecessors`, by the names of the roles that are applied. */
  readonly after: Map<string, ReadonlyMap<string, readonly string[]>>;
  /** The variables that these roles read. */
  readonly reads: ReadonlySet<string>;
  /** By operating system, and by what hosts of the same groups share: the steps of those that set nothing of `reads` themselves. */
  readonly alike: Map<string | undefined, Map<HostVars, readonly RoleStep[]>>;
}

const commons = new WeakMap<Facts, Map<Target["kind"], Common>>();

function commonOf(facts: Facts, kind: Target["kind"]): Common {
  const byKind = commons.get(facts) ?? new Map<Target["kind"], Common>();
  commons.set(facts, byKind);
  const known = byKind.get(kind);
  if (known) return known;
  const { groups, hosts } = facts.inventory;
  const layers = [...groups.values(), ...hosts.values()].flatMap((owner) => owner.layers);
  const set = new Set(layers.flatMap(({ vars }) => [...vars.entries.keys()]));
  const roles = facts.roles.filter(
    (role) =>
      isFor(role, kind) &&
      (role.group === "all" || (facts.members.get(role.group)?.size ?? 0) > 0) &&
      (role.when !== "set" || keysOf(role.variables).some((name) => set.has(name))),
  );
  const reads = new Set(roles.flatMap((role) => [...keysOf(role.variables), ...(role.switch ? [role.switch] : [])]));
  const made: Common = { roles, after: new Map(), reads, alike: new Map() };
  byKind.set(kind, made);
  return made;
}

const isFor = ({ targets = ["container", "vm"] }: Role, kind: Target["kind"]): boolean => targets.includes(kind);

/** Whether the host gets the role. */
export function applies(role: Role, { facts, host, report, target }: Configurable): boolean {
  if (!isFor(role, target.kind)) return false;
  if (role.group !== "all" && !facts.members.get(role.group)?.has(host.name)) return false;
  if (role.when === "set" && !keysOf(role.variables).some((name) => host.trees.has(name))) return false;
  return role.switch === undefined || isOn(role.switch, host, report);
}

/** Whether a switch variable is on: it is unless the host sees it as false. */
function isOn(name: string, host: HostFacts, report: Report): boolean {
  const tree = host.trees.get(name);
  if (!tree) return true;
  const { value, problems } = parse(SWITCH, tree, name);
  for (const problem of problems) report({ ...problem, subject: host.name });
  return value ?? true;
}

/** For each role the ones among `applied`, which are in order, that it comes after, directly or through roles that are not applied. */
function predecessors(applied: readonly Role[]): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, readonly string[]>();
  const seen: Role[] = [];
  for (const role of applied) {
    const direct = new Set(role.after ?? []);
    const names = seen.filter(
      (r) => direct.has(r.name) || seen.some((s) => direct.has(s.name) && result.get(s.name)?.includes(r.name)),
    );
    result.set(
      role.name,
      names.map((r) => r.name),
    );
    seen.push(role);
  }
  return result;
}

/** Collects the references to secrets with the places that use them. */
export class Secrets {
  private readonly uses = new Map<string, { usedBy: Position[]; origin?: SecretOrigin }>();

  constructor(private readonly report: Report) {}

  /** @param value where the name comes from: vault text, or `{ secret: name }` */
  add(name: string, value: Tree): void {
    const { at } = value;
    const origin = value.kind === "scalar" ? value.secret?.origin : undefined;
    const use = this.uses.get(name) ?? { usedBy: [] };
    this.uses.set(name, use);
    if (CREDENTIALS.some((each) => each === name)) this.report(reserved(name, at));
    if (origin && use.origin && use.origin.owner !== origin.owner) this.report(ambiguous(name, origin, use.origin, at));
    if (origin) use.origin ??= origin;
    if (!use.usedBy.some((p) => p.file === at.file && p.line === at.line && p.column === at.column))
      use.usedBy.push(at);
  }

  list() {
    return [...this.uses].map(([name, use]) => ({ name, ...use })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

type Split = Pick<Step, "settings" | "secrets">;

const withoutSecrets = new WeakMap<object, Split>();

/** Values without secrets are parted once, for all hosts that share them. */
function splitOnce(values: object, host: HostFacts, secrets: Secrets): Split {
  const known = withoutSecrets.get(values);
  if (known) return known;
  const split = splitSecrets(values, host, secrets);
  if (Object.keys(split.secrets).length === 0) withoutSecrets.set(values, split);
  return split;
}

/** Parts a role's values into settings and references to secrets, which leave a null in a list so that its numbering stays. */
function splitSecrets(values: object, host: HostFacts, secrets: Secrets): Split {
  const refs: { [path: string]: string } = {};
  const strip = (value: unknown, path: readonly string[]): Setting | undefined => {
    if (value === undefined) return undefined;
    if (typeof value === "bigint") return value.toString();
    if (Array.isArray(value)) return value.map((item, i) => strip(item, [...path, String(i)]) ?? null);
    if (typeof value !== "object" || value === null) return value as Setting;
    const reference = secretOf(value);
    if (reference === undefined) return stripEntries(value, path);
    refs[path.join(".")] = reference;
    secrets.add(reference, valueAt(host, path, reference));
    return undefined;
  };
  const stripEntries = (value: object, path: readonly string[]) => {
    const kept = Object.entries(value).flatMap(([key, inner]) => {
      const setting = strip(inner, [...path, key]);
      return setting === undefined ? [] : [[key, setting] as const];
    });
    return Object.fromEntries(kept);
  };
  return { settings: stripEntries(values, []), secrets: refs };
}

function secretOf(value: object): string | undefined {
  const entries = Object.entries(value);
  const [key, name] = entries[0] ?? [];
  return entries.length === 1 && key === "secret" && typeof name === "string" ? name : undefined;
}

/** Where a secret was written: at its path, or elsewhere in the variable when the role's schema has rearranged that. */
function valueAt(host: HostFacts, [variable = "", ...rest]: readonly string[], secret: string): Tree {
  const tree = host.trees.get(variable);
  if (!tree) return { kind: "scalar", at: host.at, value: null };
  const place = treeAt(tree, rest);
  return place.found ? place.tree : (secretIn(tree, secret) ?? place.tree);
}

function secretIn(tree: Tree, name: string): Tree | undefined {
  if (tree.kind === "scalar") return tree.secret?.name === name ? tree : undefined;
  const inner = tree.kind === "sequence" ? tree.items : [...tree.entries.values()].map(({ value }) => value);
  const [own] = inner;
  if (tree.kind === "mapping" && tree.entries.size === 1 && tree.entries.has("secret")) {
    return own?.kind === "scalar" && own.value === name ? tree : undefined;
  }
  for (const each of inner) {
    const found = secretIn(each, name);
    if (found) return found;
  }
  return undefined;
}

const reserved = (name: string, at: Position): Problem => ({
  rule: "reserved-secret",
  severity: "error",
  at,
  message: `the secret "${name}" is a credential of this lab itself, and must reach no guest`,
  fix: "give the guest a secret of its own, under another name",
});

const ambiguous = (name: string, a: SecretOrigin, b: SecretOrigin, at: Position): Problem => ({
  rule: "secret-name",
  severity: "error",
  at,
  message: `two secrets would become the Terraform variable "${name}": ${a.owner}, and ${b.owner}`,
  fix: "rename one of the two variables",
});

/** Of a variable that is missing altogether: which role wants it, and in which files it may be set. */
function withAsker(problem: Problem, role: Role, host: HostFacts, { inventory, members }: Facts): Problem {
  const { message, path = "", rule } = problem;
  if (rule !== "missing-key" || !keysOf(role.variables).includes(path)) return problem;
  const fileOf = (kind: "group" | "host", owner: string) => {
    const { layers = [] } = (kind === "group" ? inventory.groups : inventory.hosts).get(owner) ?? {};
    const folder = `${inventory.folder}/${kind}_vars/`;
    return layers.find(({ file }) => file.startsWith(folder))?.file ?? `${folder}${owner}.yml`;
  };
  const whose = role.group === "all" ? "" : ` of every member of ${role.group}`;
  return {
    ...problem,
    at: members.get(role.group)?.get(host.name) ?? host.at,
    message: `${message}; the role ${role.name} wants it${whose}`,
    fix: `add ${path}: to ${fileOf("group", role.group)} for all of them, or to ${fileOf("host", host.name)}`,
  };
}

function unknownOs(role: Role, host: HostFacts, osType: string, facts: Facts): Problem {
  return {
    rule: "role-operating-system",
    severity: "error",
    at: facts.members.get(role.group)?.get(host.name) ?? host.at,
    subject: host.name,
    message: `the role ${role.name} knows ${role.osTypes?.join(", ")}, but ${host.name} runs ${osType}`,
    fix: `choose another template${wayOut(role, host)}`,
  };
}

function wayOut(role: Role, host: HostFacts): string {
  if (role.switch !== undefined) return `, or set ${role.switch}: false for ${host.name}`;
  if (role.when === "set") return `, or take ${Object.keys(role.variables.shape).join(", ")} from ${host.name}`;
  return "";
}
