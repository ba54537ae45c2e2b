import { withoutUndefined } from "../collections";
import type { Backend, Connection, Network } from "../lab";
import { partFor } from "../overlay";
import type { Position, Problem } from "../problem";
import type { BackendVars } from "../schema/lab";
import { LAB_WIDE, type LabWideName, type Variables } from "../schema/variables";
import { type Tree, toPlain, treeAt } from "../tree";
import type { Facts, HostFacts, HostVars } from "./facts";
import { Origins } from "./origins";

/** The values that the whole lab shares, with the trees they come from. */
export interface LabWide {
  readonly values: Variables;
  readonly trees: ReadonlyMap<string, Tree>;
}

/** Reads the lab-wide variables; a host that sees another value than the others is a mistake. */
export function labWideOf(facts: Facts, report: (problem: Problem) => void): LabWide {
  const trees = new Map<string, Tree>();
  const values: { [name: string]: unknown } = {};
  const hosts = firstOfEach(facts);
  for (const name of LAB_WIDE) {
    let tree: Tree | undefined;
    for (const host of hosts) {
      const own = host.trees.get(name);
      if (!own) continue;
      if (!tree) {
        tree = own;
        trees.set(name, own);
        values[name] = host.values[name];
      } else if (!same(own, tree)) {
        report(differs(name, tree, host));
        break;
      }
    }
  }
  return { values: values as Variables, trees };
}

/** Of the hosts that share all that is asked for here, one. */
function firstOfEach({ hosts }: Facts): readonly HostFacts[] {
  const known = new Set<HostVars>();
  return [...hosts.values()].filter(({ trees }) => {
    const part = partFor(trees, isLabWide);
    if (known.has(part)) return false;
    known.add(part);
    return true;
  });
}

const names: ReadonlySet<string> = new Set(LAB_WIDE);
const isLabWide = (name: string): boolean => names.has(name);

function differs(name: LabWideName, tree: Tree, odd: HostFacts): Problem {
  return {
    rule: "lab-wide-variable",
    severity: "error",
    at: odd.trees.get(name)!.at,
    also: [{ at: tree.at, note: "has another value" }],
    path: name,
    subject: odd.name,
    message: `${name} holds for the whole lab, but ${odd.name} has a value of its own`,
    fix: "set it once, in group_vars/all",
  };
}

function same(a: Tree, b: Tree): boolean {
  if (a === b) return true;
  const text = (tree: Tree) =>
    JSON.stringify(toPlain(tree), (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  return text(a) === text(b);
}

/** How to reach the API, or a problem when nobody says where it is. */
export function connectionOf(wide: LabWide, start: Position, report: (problem: Problem) => void): Connection {
  const host = wide.values.proxmox_api_host;
  if (!wide.trees.has("proxmox_api_host")) {
    report({
      rule: "missing-variable",
      severity: "error",
      at: start,
      path: "proxmox_api_host",
      message: "proxmox_api_host is required but missing: the host name or address of the Proxmox VE API",
      fix: "set it in group_vars/all",
    });
  }
  const address = host?.includes(":") ? `[${host}]` : host;
  const of: { [path: string]: Position } = {};
  const origins = {
    endpoint: "proxmox_api_host",
    port: "proxmox_api_port",
    verifyTls: "proxmox_validate_certs",
    sshUser: "proxmox_ssh_user",
    keepRoot: "proxmox_keep_root",
  };
  for (const [field, name] of Object.entries(origins)) {
    const tree = wide.trees.get(name);
    if (tree) of[field] = tree.at;
  }
  return {
    endpoint: `https://${address ?? "unknown"}:${wide.values.proxmox_api_port ?? 8006}/`,
    verifyTls: wide.values.proxmox_validate_certs ?? true,
    sshUser: wide.values.proxmox_ssh_user ?? "root",
    ...(wide.values.proxmox_keep_root ? { keepRoot: true } : {}),
    source: { at: of.endpoint ?? start, of },
  };
}

/** Where the state is kept. @default a local file `terraform.<lab>.tfstate` */
export function backendOf(lab: string, vars: BackendVars | undefined): Backend {
  switch (vars?.type) {
    case undefined:
    case "local":
      return { kind: "local", path: vars?.path ?? `terraform.${lab}.tfstate` };
    case "http":
      return {
        kind: "http",
        address: vars.address,
        ...withoutUndefined({ lockAddress: vars.lock_address, unlockAddress: vars.unlock_address }),
      };
    case "s3":
      return {
        kind: "s3",
        bucket: vars.bucket,
        key: vars.key ?? `${lab}/terraform.tfstate`,
        region: vars.region,
        ...withoutUndefined({ endpoint: vars.endpoint }),
        useLockfile: vars.use_lockfile ?? true,
      };
    case "pg":
      return { kind: "pg", schemaName: vars.schema_name ?? lab };
    case "gitlab":
      return { kind: "gitlab", address: vars.address, project: vars.project, stateName: vars.state_name ?? lab };
  }
}

export function networksOf(wide: LabWide): Network[] {
  const tree = wide.trees.get("proxmox_networks");
  if (!tree) return [];
  return Object.entries(wide.values.proxmox_networks ?? {}).map(([name, vars]) => {
    const { dns, ...rest } = vars;
    const origins = new Origins(keyOf(tree, name), treeAt(tree, [name]).tree);
    origins.noteAll();
    return {
      name,
      ...withoutUndefined(rest),
      ...(dns ? { dns: withoutUndefined(dns) } : {}),
      source: origins.sources(),
    };
  });
}

const keyOf = (tree: Tree, name: string): Position =>
  (tree.kind === "mapping" ? tree.entries.get(name)?.keyAt : undefined) ?? tree.at;
