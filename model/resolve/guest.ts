import { withoutUndefined } from "../collections";
import { FALLBACKS } from "../fallbacks";
import type { ContainerGuest, Guest, Network, Node, Template } from "../lab";
import type { Position, Problem } from "../problem";
import { TERRAFORM_NAME, terraformName } from "../schema/formats";
import type { CommonVars } from "../schema/guest";
import { isFaulty as isFaultyKey } from "../schema/salvage";
import { VARIABLES } from "../schema/variables";
import { capabilitiesOf } from "./capabilities";
import { containerParts, featuresOf } from "./container";
import { exceptionsOf, tiersOf } from "./exceptions";
import type { Facts, HostFacts } from "./facts";
import type { LabWide } from "./lab-wide";
import { nicsOf } from "./nics";
import { Origins } from "./origins";
import { type Secrets, stepsOf } from "./steps";
import { templateOf } from "./template";
import { vmOf } from "./vm";

export interface GuestInputs {
  readonly facts: Facts;
  readonly wide: LabWide;
  readonly networks: ReadonlyMap<string, Network>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly secrets: Secrets;
  readonly report: (problem: Problem) => void;
}

/** The guest that a host describes; undefined when it describes none or when its description has mistakes. */
export function guestOf(host: HostFacts, inputs: GuestInputs): Guest | undefined {
  const kind = host.trees.has("proxmox_lxc") ? "proxmox_lxc" : "proxmox_vm";
  const tree = host.trees.get(kind);
  if (!tree) return undefined;
  if (host.trees.has("proxmox_node")) {
    inputs.report(isNode(host, kind));
    return undefined;
  }
  if (kind === "proxmox_lxc" && host.trees.has("proxmox_vm")) inputs.report(twoKinds(host));
  if (!TERRAFORM_NAME.test(host.name)) inputs.report(badName(host));
  const vars = host.values[kind];
  if (!vars) return undefined;
  const origins = new Origins(tree.at, tree);
  const reader = new Reader(host, kind, vars, origins, inputs.report);
  const base = baseOf(reader, inputs);
  if (!base) return undefined;
  return kind === "proxmox_lxc" ? containerOf(base, reader, inputs) : vmOf(base, reader, inputs);
}

/** What containers and VMs share. */
export type Base = NonNullable<ReturnType<typeof baseOf>>;

/** Reads a guest's values, falling back to the variable that gives the default, and notes where each came from. */
export class Reader {
  constructor(
    readonly host: HostFacts,
    readonly variable: "proxmox_lxc" | "proxmox_vm",
    readonly vars: CommonVars,
    readonly origins: Origins,
    readonly report: (problem: Problem) => void,
  ) {}

  /** The guest's own value of `key`, else that of the variable that stands in for it, else a problem. */
  need<T>(own: T | undefined, key: keyof typeof FALLBACKS): T | undefined {
    const fallback = FALLBACKS[key];
    const value = own ?? (this.host.values[fallback] as T | undefined);
    const other = this.host.trees.get(fallback);
    if (own === undefined) this.origins.noteTree(key, other);
    if (value === undefined && other === undefined && !this.origins.has(key)) {
      this.report({
        rule: "missing-value",
        severity: "error",
        at: this.origins.place(),
        path: `${this.variable}.${key}`,
        subject: this.host.name,
        message: `${this.host.name} has no ${key}: neither ${this.variable}.${key} nor ${fallback} is set`,
        fix: `add ${key}: to ${this.variable}, or set ${fallback} for its group`,
      });
    }
    return value;
  }

  /** Where `key`, or the default it takes, was written. */
  placeOf(key: keyof typeof FALLBACKS): Position {
    const isOwn = (this.vars as { [key: string]: unknown })[key] !== undefined;
    return isOwn ? this.origins.place(key) : (this.host.trees.get(FALLBACKS[key])?.at ?? this.origins.place());
  }
}

function baseOf(reader: Reader, inputs: GuestInputs) {
  const { host, vars, origins } = reader;
  origins.noteAll();
  for (const key of Object.keys(vars.exceptions ?? {})) origins.note(`exceptions.${key}`, "exceptions", key);
  const cores = reader.need(vars.cores, "cores");
  const memory = reader.need(vars.memory, "memory");
  const disk = reader.need(vars.disk, "disk");
  const node = reader.need(vars.node, "node");
  const storage = reader.need(vars.storage, "storage");
  const { nics, dns } = cardsOf(reader, inputs);
  if (node === undefined || storage === undefined) return undefined;
  const tiers = tiersOf(host.name, inputs.facts);
  const tier = tiers.length === 1 ? tiers[0] : undefined;
  const started = vars.started ?? true;
  return {
    name: host.name,
    vmid: vars.vmid,
    hostname: vars.hostname ?? host.name,
    node,
    // Where one is missing, that has been reported and the lab goes no further than the rules.
    cores: cores ?? 0,
    memoryMiB: memory ?? 0,
    diskGiB: disk ?? 0,
    storage,
    nics,
    ...withoutUndefined({
      dns: vars.dns ? withoutUndefined(vars.dns) : dns,
      description: vars.description,
      pool: vars.pool,
    }),
    tags: [...new Set(vars.tags)],
    protection: vars.protection ?? false,
    started,
    startOnBoot: vars.start_on_boot ?? started,
    ...(vars.startup ? { startup: startupOf(vars.startup) } : {}),
    adopt: vars.adopt ?? false,
    ...withoutUndefined({ rebuild: vars.rebuild, notBackedUp: vars.not_backed_up, tier }),
    exceptions: exceptionsOf(host, tier, { cores, memory, disk }, vars.exceptions, inputs.facts),
    groups: host.groups,
    source: origins.sources(),
  };
}

function cardsOf({ host, variable, vars, origins, report }: Reader, { networks, wide }: GuestInputs) {
  const name = host.values.proxmox_default_network;
  const at = host.trees.get("proxmox_default_network")?.at;
  const defaultNetwork = name !== undefined && at ? { name, at } : undefined;
  const tree = wide.trees.get("proxmox_networks");
  const isFaulty = (network: string) => isFaultyKey(VARIABLES.proxmox_networks, tree, network);
  return nicsOf({
    host: host.name,
    variable,
    cards: vars.networks,
    networks,
    isFaulty,
    defaultNetwork,
    origins,
    report,
  });
}

const startupOf = (vars: NonNullable<CommonVars["startup"]>) =>
  withoutUndefined({ order: vars.order, upDelaySeconds: vars.up_delay, downDelaySeconds: vars.down_delay });

function containerOf(base: Base, reader: Reader, inputs: GuestInputs): ContainerGuest | undefined {
  const { host, origins, report } = reader;
  const vars = host.values.proxmox_lxc;
  if (!vars) return undefined;
  const os = osOf(vars.template, reader, inputs);
  const target = { kind: "container" as const, ...(os ? { osType: os.osType } : {}) };
  const steps = stepsOf({ ...inputs, host, target, report });
  const { features, fromGroups } = featuresOf(host, vars);
  const { capabilities, rest } = capabilitiesOf({
    host,
    facts: inputs.facts,
    node: inputs.nodes.get(base.node),
    steps,
    groupFeatures: fromGroups,
    gpus: vars.gpus,
    origins,
    report,
  });
  return {
    kind: "container",
    ...base,
    os: os ?? UNKNOWN_OS,
    features,
    ...containerParts(host, vars, reader.report),
    capabilities,
    steps: rest,
  };
}

/** Stands in for a template that has been reported as missing or unknown; no lab is made with it. */
const UNKNOWN_OS: Template = { kind: "volume", volume: "", osType: "unmanaged" };

function osOf(stated: string | undefined, reader: Reader, inputs: GuestInputs): Template | undefined {
  const { host, report } = reader;
  const name = reader.need(stated, "template");
  if (name === undefined) return undefined;
  const { proxmox_templates: own } = inputs.wide.values;
  if (isFaultyKey(VARIABLES.proxmox_templates, inputs.wide.trees.get("proxmox_templates"), name)) return undefined;
  const at = reader.placeOf("template");
  const wanted = { name, at, path: "proxmox_lxc.template", host: host.name };
  const storage = host.values.proxmox_template_storage ?? "local";
  return templateOf(wanted, own ?? {}, storage, report);
}

const twoKinds = (host: HostFacts): Problem => ({
  rule: "two-kinds-of-guest",
  severity: "error",
  at: host.trees.get("proxmox_vm")!.at,
  also: [{ at: host.trees.get("proxmox_lxc")!.at, note: "describes it as a container" }],
  subject: host.name,
  message: `${host.name} has both proxmox_lxc and proxmox_vm`,
  fix: "delete one of them",
});

const isNode = (host: HostFacts, kind: "proxmox_lxc" | "proxmox_vm"): Problem => ({
  rule: "node-and-guest",
  severity: "error",
  at: host.trees.get(kind)!.at,
  also: [{ at: host.trees.get("proxmox_node")!.at, note: "describes it as a node" }],
  path: kind,
  subject: host.name,
  message: `${host.name} has both proxmox_node and ${kind}: expected a node or a guest`,
  fix: `describe the guest as a host of its own, and take ${kind} from ${host.name}`,
});

const badName = (host: HostFacts): Problem => ({
  rule: "host-name",
  severity: "error",
  at: host.at,
  subject: host.name,
  message: `"${host.name}" is used in Terraform addresses: expected letters, digits, - and _, not starting with a digit`,
  fix: `rename it to ${terraformName(host.name)}`,
});
