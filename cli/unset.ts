import type { z } from "zod";
import type { LoadResult } from "../model";
import { fallbackOf } from "../model/fallbacks";
import { formatPosition, type Position } from "../model/problem";
import { describe, schemaAt } from "../model/schema/describe";
import { VARIABLES } from "../model/schema/variables";
import { type Tree, treeAt, writtenAt } from "../model/tree";
import { allRoles } from "../provision/registry";
import type { Io } from "./output";

/** Keys of the inventory that a resolved lab calls otherwise, beside those that only get their unit. */
const FIELDS: Readonly<Record<string, string>> = { networks: "nics", ip: "address", ip6: "address6" };
const UNITS = ["", "MiB", "GiB", "MBps", "Seconds"];

/** What a variable, by name, is checked against. */
export function variableSchema(name: string): z.core.$ZodType | undefined {
  if (Object.hasOwn(VARIABLES, name)) return VARIABLES[name as keyof typeof VARIABLES];
  for (const { variables } of allRoles()) {
    if (Object.hasOwn(variables.shape, name)) return variables.shape[name] as z.core.$ZodType;
  }
  return undefined;
}

/** What holds for a key that could be set and is not, and where that comes from; undefined for a key that is unknown. */
export function explainUnset(
  { lab, vars }: LoadResult,
  host: string,
  [name = "", ...path]: readonly string[],
  { colors }: Io,
): string[] | undefined {
  const variable = variableSchema(name);
  const schema = variable && schemaAt(variable, path);
  if (!schema) return undefined;
  const { isRequired, preset, text } = describe(schema);
  const trees = vars.get(host) ?? new Map<string, Tree>();
  // A host that is no guest or node has none of its keys.
  if (path.length > 0 && !trees.has(name)) return undefined;
  const entity = path.length > 0 ? entityOf(name, host, lab) : undefined;
  const value = entity && valueAt(entity, path, trees.get(name));
  const networks = new Map(lab?.networks.map((network) => [network.name, network.source.of]));
  const source = isGuest(name) && (sourceOf(path, trees) ?? (entity && networkOf(path, entity, networks)));
  const key = [name, ...path].join(".");
  const head = colors.bold(key);
  return [
    value === undefined ? `${head} is not set` : `${head} = ${colors.green(shown(value))}`,
    ...(source ? [`  ${source}`] : presetLines(preset, isRequired && path.length > 0)),
    ...(text === "" ? [] : [colors.dim(`  ${text}`)]),
  ];
}

function presetLines(preset: string | undefined, isRequired: boolean): string[] {
  if (preset?.startsWith("for ")) return [`  nothing sets it; default ${preset}`];
  if (preset !== undefined) return [`  nothing sets it; default: ${preset}`];
  return [isRequired ? "  nothing sets it, and it has no default" : "  nothing sets it"];
}

const isGuest = (name: string) => name === "proxmox_lxc" || name === "proxmox_vm";

type Origins = Readonly<Record<string, Position>>;

interface Entity {
  readonly source: { readonly of: Origins };
  readonly nics?: readonly { readonly network?: string }[];
}

/** The guest or node that the variable describes. */
function entityOf(name: string, host: string, lab: LoadResult["lab"]): Entity | undefined {
  const among = isGuest(name) ? lab?.guests : name === "proxmox_node" ? lab?.nodes : [];
  return among?.find((each) => each.name === host);
}

/** The resolved value at a path of the inventory. */
function valueAt(entity: object, path: readonly string[], written: Tree | undefined): unknown {
  let here: unknown = entity;
  for (const [depth, step] of path.entries()) {
    if (Array.isArray(here)) here = itemOf(here, step, written && treeAt(written, path.slice(0, depth + 1)).tree);
    else if (typeof here === "object" && here !== null) here = fieldOf(here, step);
    else return undefined;
  }
  return here;
}

/** Lists of the lab may hold more than the inventory's: mounts are known by their path, storages and GPUs by name. */
function itemOf(items: readonly unknown[], step: string, written: Tree | undefined): unknown {
  const path = written?.kind === "mapping" ? written.entries.get("path")?.value : undefined;
  const keyed = (key: "name" | "path", value: unknown) =>
    items.find((item) => (item as { readonly [key: string]: unknown })[key] === value);
  if (path?.kind === "scalar") return keyed("path", path.value);
  return /^\d+$/.test(step) ? items[Number(step)] : keyed("name", step);
}

function fieldOf(object: object, step: string): unknown {
  if (step === "template" && "os" in object) return templateName(object.os as object);
  const stem = FIELDS[step] ?? step.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const field = UNITS.map((unit) => stem + unit).find((name) => name in object);
  return field === undefined ? undefined : (object as { readonly [name: string]: unknown })[field];
}

const templateName = (os: object) => ("name" in os ? os.name : "volume" in os ? os.volume : undefined);

/** The other variable that sets what a guest does not. */
function sourceOf([first = "", ...rest]: readonly string[], trees: ReadonlyMap<string, Tree>): string | undefined {
  const card = first === "networks" && rest[1] === "network";
  const name = card ? "proxmox_default_network" : fallbackOf(first);
  const path = card ? [] : rest;
  const tree = name === undefined ? undefined : trees.get(name);
  const found = tree && treeAt(tree, path);
  return found?.found ? `from ${[name, ...path].join(".")} at ${formatPosition(writtenAt(found.tree))}` : undefined;
}

/** The network, or the guest's firewall, that gives a card, or the guest's name resolution, what it does not set itself. */
function networkOf(
  [first = "", index = "", field = ""]: readonly string[],
  { nics = [], source }: Entity,
  networks: ReadonlyMap<string, Origins>,
): string | undefined {
  const named = nics.find(({ network = "" }) => networks.get(network)?.dns !== undefined)?.network ?? "";
  const of = first === "dns" ? networks.get(named)?.dns : undefined;
  const place = of ?? (first === "networks" ? source.of[`nics.${index}.${FIELDS[field] ?? field}`] : undefined);
  const network = first === "dns" ? named : nics[Number(index)]?.network;
  // A card is filtered where its guest has a firewall; networks say nothing of that.
  const giver = field === "firewall" ? "proxmox_guest_firewall" : `proxmox_networks.${network}`;
  return place && `from ${giver} at ${formatPosition(place)}`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "nothing";
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key}: ${shown(each)}`)
    .join(", ")} }`;
}
