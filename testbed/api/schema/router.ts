import { api, type MethodSpec } from "./spec";

/** Path parameters that take the rest of the path, slashes and all, as Proxmox VE's `fragmentDelimiter` does. */
const GREEDY = new Set(["volume", "cidr"]);

/** The top of the API, which the schema leaves out. */
const ROOT_INDEX: MethodSpec = { parameters: {}, permission: "all", index: "subdir" };

interface RouteNode {
  readonly literal: Map<string, RouteNode>;
  parameter?: { readonly name: string; readonly node: RouteNode };
  /** The path as the schema writes it. */
  template?: string;
}

export interface RouteMatch {
  /** As in the schema: `/nodes/{node}/lxc/{vmid}`. */
  readonly template: string;
  /** `GET /nodes/{node}/lxc/{vmid}` */
  readonly key: string;
  readonly method: MethodSpec;
  readonly uriParameters: Readonly<Record<string, string>>;
}

const root = buildTree();

function buildTree(): RouteNode {
  const top: RouteNode = { literal: new Map(), template: "/" };
  for (const key of Object.keys(api.methods)) {
    const template = key.slice(key.indexOf(" ") + 1);
    let node = top;
    for (const part of template.split("/").filter(Boolean)) node = childFor(node, part);
    node.template = template;
  }
  return top;
}

function childFor(node: RouteNode, part: string): RouteNode {
  if (part.startsWith("{")) {
    node.parameter ??= { name: part.slice(1, -1), node: { literal: new Map() } };
    return node.parameter.node;
  }
  const known = node.literal.get(part);
  if (known) return known;
  const fresh: RouteNode = { literal: new Map() };
  node.literal.set(part, fresh);
  return fresh;
}

/**
 * Finds the method for a decoded path; doubled and trailing slashes do not matter.
 *
 * @returns `undefined` when the API has no such path or not this method on it
 */
export function matchRoute(method: string, path: string): RouteMatch | undefined {
  const parts = path.split("/").filter(Boolean);
  const uriParameters: Record<string, string> = {};
  let node = root;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const literal = node.literal.get(part);
    if (literal) {
      node = literal;
      continue;
    }
    if (!node.parameter) return undefined;
    const { name } = node.parameter;
    node = node.parameter.node;
    if (GREEDY.has(name)) {
      uriParameters[name] = parts.slice(i).join("/");
      break;
    }
    uriParameters[name] = part;
  }
  if (node.template === undefined) return undefined;
  const key = `${method} ${node.template}`;
  const spec = node.template === "/" && method === "GET" ? ROOT_INDEX : api.methods[key];
  return spec && { template: node.template, key, method: spec, uriParameters };
}

/** Names of the fixed sub-paths of a template, in no particular order. */
export function subPaths(template: string): string[] {
  let node: RouteNode | undefined = root;
  for (const part of template.split("/").filter(Boolean)) {
    node = part.startsWith("{") ? node?.parameter?.node : node?.literal.get(part);
  }
  return node ? [...node.literal.keys()] : [];
}
