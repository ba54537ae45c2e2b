import type { LoadResult } from "../model";
import type { Inventory, VarLayer } from "../model/inventory";
import { rawListText } from "../model/raw-list";
import { EXIT, type ExitCode, type Io } from "./output";
import { hasErrors, tellProblems } from "./problems";
import { load } from "./target";
import { brief } from "./values";

export interface ListOptions {
  readonly json?: boolean;
  readonly raw?: boolean;
}

/** Lists groups, hosts and variables: as ansible-inventory does, or rendered. */
export function list(target: string, { json = false, raw = false }: ListOptions, io: Io): ExitCode {
  const result = load(target, io);
  if (json || raw) io.out(rawListText(raw ? result.inventory : rendered(result)).trimEnd());
  else for (const line of treeLines(result, io)) io.out(line);
  const problems = raw ? result.inventory.problems : result.problems;
  const errors = problems.filter(({ severity }) => severity === "error");
  tellProblems(errors, io);
  return hasErrors(errors) ? EXIT.problems : EXIT.ok;
}

/** The same inventory with every host's variables rendered and merged into the host. */
function rendered({ inventory, vars }: LoadResult): Inventory {
  const groups = [...inventory.groups].map(([name, group]) => [name, { ...group, layers: [] }] as const);
  const hosts = [...inventory.hosts].map(([name, host]) => {
    const entries = [...(vars.get(name) ?? [])].map(([key, value]) => [key, { keyAt: value.at, value }] as const);
    const layer: VarLayer = {
      file: host.at.file,
      vars: { kind: "mapping", at: host.at, entries: new Map(entries) },
    };
    return [name, { ...host, layers: [layer] }] as const;
  });
  return { ...inventory, groups: new Map(groups), hosts: new Map(hosts) };
}

function treeLines({ inventory, vars }: LoadResult, { colors }: Io): string[] {
  const lines: string[] = [];
  const shown = new Set<string>();
  const group = (name: string, indent: string, path: readonly string[]) => {
    const found = inventory.groups.get(name);
    if (!found || path.includes(name)) return;
    lines.push(`${indent}${colors.bold(`@${name}`)}`);
    for (const child of found.children) {
      if (child !== "ungrouped" || (inventory.groups.get(child)?.hosts.size ?? 0) > 0)
        group(child, `${indent}  `, [...path, name]);
    }
    for (const host of found.hosts.keys()) {
      lines.push(`${indent}  ${colors.green(host)}${shown.has(host) ? colors.dim(" (above)") : ""}`);
      if (shown.has(host)) continue;
      shown.add(host);
      for (const [variable, tree] of vars.get(host) ?? []) lines.push(`${indent}    ${variable} = ${brief(tree, 90)}`);
    }
  };
  group("all", "", []);
  return lines;
}
