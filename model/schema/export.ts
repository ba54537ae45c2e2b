import { z } from "zod";
import { allRoles, type Role } from "../../provision/registry";
import { OWN_PREFIX, VARIABLES } from "./variables";

/** A JSON Schema (draft 7, which editors understand) and the file it belongs in, relative to the project. */
export interface ExportedSchema {
  readonly file: string;
  readonly schema: JsonSchema;
}

interface JsonSchema {
  readonly [keyword: string]: unknown;
}

const DRAFT = "http://json-schema.org/draft-07/schema#";
/** Groups to which the model itself gives a meaning. */
const GROUPS: Readonly<Record<string, string>> = {
  proxmox_nodes: "Proxmox VE nodes.",
  resource_tiers: "Its child groups are tiers: every container is in exactly one.",
  functional_groups: "Its child groups say what guests do.",
};
const VARS_FILE = "vars.schema.json";

/** The schemas for the editor: of hosts files, and of group_vars and host_vars with the variables of every role. */
export function exportSchemas(roles: readonly Role[] = allRoles()): ExportedSchema[] {
  return [
    { file: "schemas/inventory/hosts.schema.json", schema: hostsSchema(roles) },
    { file: `schemas/inventory/${VARS_FILE}`, schema: varsSchema(roles) },
  ];
}

function varsSchema(roles: readonly Role[]): JsonSchema {
  const properties = new Map<string, JsonSchema>();
  for (const [name, schema] of Object.entries(VARIABLES)) properties.set(name, forEditor(schema));
  for (const role of roles) {
    for (const [name, schema] of Object.entries(role.variables.shape)) properties.set(name, forEditor(schema));
    if (role.switch !== undefined && !properties.has(role.switch)) properties.set(role.switch, switchSchema(role));
  }
  const known = [...properties.keys()].sort();
  return {
    $schema: DRAFT,
    title: "Variables of a lab (group_vars, host_vars)",
    type: ["object", "null"],
    properties: Object.fromEntries(known.map((name) => [name, properties.get(name)])),
    propertyNames: { anyOf: [{ enum: known }, { not: { pattern: OWN_PREFIX.source } }] },
    additionalProperties: true,
  };
}

const switchSchema = (role: Role): JsonSchema =>
  orTemplate({
    type: "boolean",
    description: `False: no role ${role.name} for a member of ${role.group}. Default: true.`,
  });

/** Ansible's hosts file in YAML: groups with hosts, children and vars. */
function hostsSchema(roles: readonly Role[]): JsonSchema {
  const vars = { $ref: VARS_FILE };
  const group = { anyOf: [{ $ref: "#/definitions/group" }, { type: "null" }] };
  const known = [...groupMeanings(roles)].map(([name, description]) => [name, { ...group, description }] as const);
  return {
    $schema: DRAFT,
    title: "Hosts and groups of a lab",
    type: "object",
    additionalProperties: group,
    properties: { all: { ...group, description: "The group of every host." }, ...Object.fromEntries(known) },
    definitions: {
      group: {
        type: "object",
        additionalProperties: false,
        properties: {
          hosts: {
            description:
              "Hosts of the group: a name, or a range such as web[01:10], with variables or nothing behind it.",
            type: ["object", "null"],
            additionalProperties: { anyOf: [vars, { type: "null" }] },
          },
          children: {
            description: "Groups inside this group.",
            type: ["object", "null"],
            properties: Object.fromEntries(known),
            additionalProperties: group,
          },
          vars: { description: "Variables of the group's hosts.", anyOf: [vars, { type: "null" }] },
        },
      },
    },
  };
}

/** Groups that mean something, for editors to offer; any other name is as good. */
function groupMeanings(roles: readonly Role[]): ReadonlyMap<string, string> {
  const result = new Map(Object.entries(GROUPS));
  for (const { group, summary } of roles) {
    if (group === "all" || Object.hasOwn(GROUPS, group)) continue;
    const before = result.get(group);
    result.set(group, before === undefined ? summary : `${before} ${summary}`);
  }
  return new Map([...result].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function forEditor(schema: z.core.$ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    reused: "inline",
  });
  return withTemplates(inlined(json, (json.definitions ?? {}) as JsonSchema)) as JsonSchema;
}

/** Replaces references to the schema's own definitions, which would point elsewhere once it is part of another schema. */
function inlined(node: unknown, definitions: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(node)) return node.map((item) => inlined(item, definitions));
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).filter(([key]) => key !== "definitions" && key !== "id" && key !== "$id");
  const [, reference] = entries.find(([key]) => key === "$ref") ?? [];
  const target = typeof reference === "string" ? definitions[reference.replace("#/definitions/", "")] : undefined;
  const rest = entries.filter(([key]) => key !== "$ref").map(([key, value]) => [key, inlined(value, definitions)]);
  return { ...(target === undefined ? {} : (inlined(target, definitions) as object)), ...Object.fromEntries(rest) };
}

/** Lets `{{ … }}` stand wherever a value that is not free text is expected. */
function withTemplates(node: unknown): unknown {
  if (typeof node !== "object" || node === null || Array.isArray(node)) return node;
  const schema = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, inside(key, value)]));
  return isFreeText(schema) ? schema : orTemplate(schema);
}

function inside(key: string, value: unknown): unknown {
  if (key === "properties") {
    return Object.fromEntries(Object.entries(value as object).map(([name, inner]) => [name, withTemplates(inner)]));
  }
  if (key === "items" || key === "additionalProperties") return withTemplates(value);
  return value;
}

const isFreeText = (schema: JsonSchema) =>
  schema.type === "string" && !["pattern", "enum", "format", "const", "minLength"].some((key) => key in schema);

function orTemplate({ description, default: preset, ...schema }: JsonSchema): JsonSchema {
  const template = { type: "string", pattern: "\\{\\{.*\\}\\}" };
  return {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    anyOf: [schema, template, ...(isSecret(schema) ? [{ type: "string", pattern: "^\\$ANSIBLE_VAULT;" }] : [])],
  };
}

/** `{ secret: name }`, for which !vault text may stand. */
const isSecret = ({ properties = {} }: JsonSchema) => Object.keys(properties as object).join() === "secret";
