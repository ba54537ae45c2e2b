import type { GroupGraph } from "./group-graph";
import { expandHostPattern } from "./host-pattern";
import type { Position, Problem } from "./problem";
import { suggest } from "./schema/nearest";
import type { MappingEntry, MappingTree, Tree } from "./tree";

const SECTIONS = ["hosts", "children", "vars"];

/**
 * Adds the groups, hosts and variables of one hosts file to the graph, as Ansible's `yaml` inventory plugin does
 * (ansible/plugins/inventory/yaml.py). What that plugin skips with a warning, or drops the whole file for, is a problem.
 */
export function addHostsFile(tree: Tree | undefined, file: string, graph: GroupGraph): Problem[] {
  const reader = new HostsFileReader(file, graph);
  reader.read(tree);
  return reader.problems;
}

class HostsFileReader {
  readonly problems: Problem[] = [];

  constructor(
    private readonly file: string,
    private readonly graph: GroupGraph,
  ) {}

  read(tree: Tree | undefined): void {
    const at = tree?.at ?? { file: this.file, line: 1, column: 1 };
    if (!tree || isNull(tree) || (tree.kind === "mapping" && tree.entries.size === 0)) {
      this.add({
        rule: "hosts-file-empty",
        severity: "warning",
        at,
        message: "the hosts file is empty",
        fix: 'write "all:" with its "hosts:" or "children:"',
      });
    } else if (tree.kind !== "mapping") {
      this.fail(
        "hosts-file",
        at,
        `expected groups at the top of a hosts file, got ${describe(tree)}`,
        'begin with "all:"',
      );
    } else if (tree.entries.has("plugin") && !isFalsy(tree.entries.get("plugin")!.value)) {
      const message = "this file configures an inventory plugin, which asks a running system; it is not read here";
      this.add({
        rule: "inventory-plugin",
        severity: "warning",
        at,
        message,
        fix: "write the hosts it would find into a hosts file",
      });
    } else {
      for (const [name, entry] of tree.entries) this.group(name, entry);
    }
  }

  /** False when it is no group, so that it cannot become a child either. */
  private group(name: string, { keyAt, keyNotString, value }: MappingEntry): boolean {
    if (keyNotString || name === "") {
      this.fail(
        "group-name",
        keyAt,
        `expected the name of a group, got ${name || "an empty text"}`,
        `write it in quotes: "${name || "name"}"`,
      );
      return false;
    }
    if (value.kind !== "mapping" && !isNull(value)) {
      this.fail(
        "hosts-file",
        value.at,
        `expected "hosts:", "children:" or "vars:" in group "${name}", got ${describe(value)}`,
        "write a mapping, or nothing",
      );
      return false;
    }
    if (!this.graph.groups.has(name)) this.checkName(name, keyAt);
    this.graph.group(name, keyAt);
    if (value.kind === "mapping") for (const [key, entry] of value.entries) this.section(name, key, entry);
    return true;
  }

  private checkName(name: string, at: Position): void {
    if (/^(?!\d)[\p{L}\p{N}_]+$/u.test(name)) return;
    const safe = name.replace(/[^\p{L}\p{N}_]/gu, "_").replace(/^(?=\d)/, "_");
    const message = `group "${name}" cannot be named in Ansible expressions: names are letters, digits and _, no digit first`;
    this.add({
      rule: "group-name",
      severity: "warning",
      at,
      subject: name,
      message,
      fix: `rename it, for example to ${safe}`,
    });
  }

  private section(group: string, key: string, entry: MappingEntry): void {
    if (!SECTIONS.includes(key)) {
      const fix = `${suggest(key, SECTIONS)} A group inside a group stands under "children:"`;
      this.fail("unknown-key", entry.keyAt, `group "${group}" has the unknown key "${key}"`, fix, group);
      return;
    }
    const section = this.sectionMapping(group, key, entry.value);
    if (!section) return;
    if (key === "vars") this.groupVars(group, section);
    else if (key === "children") this.children(group, section);
    else for (const [pattern, host] of section.entries) this.hosts(group, pattern, host);
  }

  private sectionMapping(group: string, key: string, value: Tree): MappingTree | undefined {
    if (value.kind === "mapping") return value;
    if (isNull(value)) return undefined;
    // Ansible takes a single name for a mapping of that name.
    if (value.kind === "scalar" && typeof value.value === "string") {
      const none: Tree = { kind: "scalar", at: value.at, value: null };
      return { kind: "mapping", at: value.at, entries: new Map([[value.value, { keyAt: value.at, value: none }]]) };
    }
    const fix =
      value.kind === "sequence" ? 'write each name with a colon instead of a dash: "name:"' : "write a mapping";
    this.fail(
      "hosts-file",
      value.at,
      `expected names under "${key}:" of group "${group}", got ${describe(value)}`,
      fix,
    );
    return undefined;
  }

  private groupVars(group: string, vars: MappingTree): void {
    const draft = this.graph.group(group);
    const entries = new Map(vars.entries);
    const priority = entries.get("ansible_group_priority");
    if (priority) {
      // Ansible keeps it with the group; it is no variable of the hosts.
      entries.delete("ansible_group_priority");
      const value = toInt(priority.value);
      if (value === undefined) {
        this.fail(
          "group-priority",
          priority.value.at,
          `expected a whole number, got ${describe(priority.value)}`,
          "write 1 or more",
          group,
        );
      } else {
        draft.priority = value;
      }
    }
    if (entries.size > 0) draft.layers.push({ file: this.file, vars: priority ? { ...vars, entries } : vars });
  }

  private children(group: string, section: MappingTree): void {
    for (const [child, entry] of section.entries) {
      if (this.group(child, entry)) this.graph.addChild(group, child, entry.keyAt);
    }
  }

  private hosts(group: string, pattern: string, { keyAt, keyNotString, value }: MappingEntry): void {
    if (keyNotString || pattern === "") {
      this.fail(
        "host-name",
        keyAt,
        `expected the name of a host, got ${pattern || "an empty text"}`,
        `write it in quotes: "${pattern || "name"}"`,
      );
      return;
    }
    const expanded = expandHostPattern(pattern);
    if ("problem" in expanded) {
      this.fail("host-range", keyAt, expanded.problem, expanded.fix);
      return;
    }
    if (value.kind !== "mapping" && !isFalsy(value)) {
      this.fail(
        "hosts-file",
        value.at,
        `expected the variables of host "${pattern}", got ${describe(value)}`,
        'write "name: value" below the host, or nothing',
      );
    }
    for (const name of expanded.names) {
      const isNew = !this.graph.hosts.has(name);
      const host = this.graph.addHost(name, group, keyAt);
      if (isNew && expanded.port) host.layers.push({ file: this.file, vars: portVars(expanded.port, keyAt) });
      if (value.kind === "mapping" && value.entries.size > 0) host.layers.push({ file: this.file, vars: value });
    }
  }

  private fail(rule: string, at: Position, message: string, fix: string, subject?: string): void {
    this.add({ rule, severity: "error", at, message, fix, ...(subject ? { subject } : {}) });
  }

  private add(problem: Problem): void {
    this.problems.push(problem);
  }
}

function portVars(port: number, at: Position): MappingTree {
  return {
    kind: "mapping",
    at,
    entries: new Map([["ansible_port", { keyAt: at, value: { kind: "scalar", at, value: port } }]]),
  };
}

function isNull(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.value === null;
}

/** What Python takes for false. */
function isFalsy(tree: Tree): boolean {
  if (tree.kind === "scalar") return !tree.value;
  return tree.kind === "sequence" ? tree.items.length === 0 : tree.entries.size === 0;
}

/** Python's int() of a value. */
function toInt(tree: Tree): number | undefined {
  if (tree.kind !== "scalar") return undefined;
  if (typeof tree.value === "boolean") return Number(tree.value);
  if (typeof tree.value === "string") return /^\s*[-+]?\d+\s*$/.test(tree.value) ? Number(tree.value) : undefined;
  const value = tree.value === null ? Number.NaN : Math.trunc(Number(tree.value));
  return Number.isFinite(value) ? value : undefined;
}

/** What a value is, for messages: `a list`, `the text "web1"`. */
export function describe(tree: Tree): string {
  if (tree.kind === "sequence") return "a list";
  if (tree.kind === "mapping") return "a mapping";
  if (tree.value === null) return "nothing";
  return typeof tree.value === "string" ? `the text "${tree.value.slice(0, 60)}"` : String(tree.value);
}
