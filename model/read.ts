import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { briefly } from "./compiler";
import { isExecutable } from "./executable";
import { GroupGraph } from "./group-graph";
import { addHostsFile } from "./hosts-file";
import type { Group, Host, Inventory } from "./inventory";
import {
  type FolderEntry,
  hasYamlExtension,
  hostsFilesBelow,
  kindOf,
  labName,
  labsIn,
  looksLikeIni,
  looksLikeInventory,
  separateLabs,
} from "./inventory-files";
import type { Problem } from "./problem";
import { SourceFiles } from "./source-files";
import { VarsFolder } from "./vars-files";

export { findInventories } from "./inventory-files";

/**
 * Reads an Ansible inventory: every group, host and variable with its place, nothing merged or rendered.
 *
 * @param target an inventory folder (all its hosts files are one inventory, as for `ansible-inventory -i folder`), or one
 *   hosts file; `group_vars` and `host_vars` stand beside the hosts files
 * @param cwd what `target` and the file names in problems are relative to. Default: the process's working folder.
 * @returns always an inventory; what is wrong with it, up to there being none, is in its `problems`
 */
export function readInventory(target: string, cwd: string = process.cwd()): Inventory {
  return new InventoryReader(resolve(cwd, target), target, cwd).read();
}

class InventoryReader {
  private readonly graph = new GroupGraph();
  private readonly files: SourceFiles;
  private readonly problems: Problem[] = [];
  private readonly kind: FolderEntry["kind"];
  private readonly folder: string;

  constructor(
    private readonly path: string,
    private readonly target: string,
    private readonly cwd: string,
  ) {
    this.files = new SourceFiles(cwd);
    this.kind = kindOf(path);
    this.folder = this.kind === "file" ? dirname(path) : path;
  }

  read(): Inventory {
    const sources = this.hostsFiles();
    for (const source of sources) this.addSource(source);
    if (sources.length > 0 && this.graph.hosts.size === 0) this.reportNoHosts(sources);
    const { groups, hosts } = this.graph.finish();
    if (sources.length > 0) briefly(hosts.size, () => this.addVars(groups, hosts, sources));
    return {
      name: sources.length > 0 ? labName(this.path, this.kind) : basename(this.path),
      folder: relative(this.cwd, this.folder) || ".",
      sources: sources.map((source) => this.files.name(source)),
      groups,
      hosts,
      problems: [...this.problems, ...this.files.problems, ...this.graph.problems],
    };
  }

  /** The files to read; none, and a problem, when the target is no inventory. */
  private hostsFiles(): string[] {
    const { target } = this;
    if (target.trim() === "") {
      return this.refuse("no-inventory", "expected the name of a lab or a path, got nothing", "name a lab");
    }
    if (this.kind === "other") {
      return this.refuse("no-inventory", `there is no inventory folder or hosts file "${target}"`, "check the name");
    }
    if (!looksLikeInventory(this.path, this.kind)) return this.refuseForeign();
    if (this.kind === "file") return [this.path];
    const labs = separateLabs(this.path);
    if (labs.length > 0) {
      const names = labs.map((lab) => `${labName(lab, "file")} (${this.files.name(lab)})`).join(", ");
      const message = `"${target}" holds ${labs.length} labs and no hosts.yml: ${names}`;
      const fix = "name one of these files, or call the main one hosts.yml to read them together";
      return this.refuse("several-inventories", message, fix);
    }
    const files = hostsFilesBelow(this.path);
    return files.length > 0 ? files : this.refuseVarsOnly();
  }

  /** A folder or file that has nothing of an inventory: one problem, and nothing of it is read or shown. */
  private refuseForeign(): [] {
    const what =
      this.kind === "file" ? `the file "${this.target}" is no hosts file` : `"${this.target}" is no inventory`;
    const expected = this.kind === "file" ? 'groups with "hosts:" or "children:"' : "a folder with a hosts.yml";
    const within = this.kind === "file" ? [] : labsIn(this.path).map((lab) => this.files.name(lab));
    const fix =
      within.length > 0
        ? `name one of those in it: ${within.slice(0, 12).join(", ")}`
        : "check the path, or add a hosts.yml";
    return this.refuse("no-inventory", `${what}: expected ${expected}`, fix);
  }

  private refuseVarsOnly(): [] {
    const at = { file: this.files.name(join(this.folder, "hosts.yml")), line: 1, column: 1 };
    const message = `the folder "${this.files.name(this.folder)}" has variables, but no hosts file: expected hosts.yml with the hosts and groups`;
    const fix = 'add it, beginning with "all:", or remove the folder';
    this.problems.push({ rule: "no-hosts-file", severity: "error", at, message, fix });
    return [];
  }

  /** Without a host there is no lab; that a file is empty is then part of it. */
  private reportNoHosts(sources: readonly string[]): void {
    if ([...this.problems, ...this.files.problems, ...this.graph.problems].some(({ severity }) => severity === "error"))
      return;
    this.problems.splice(0, this.problems.length, ...this.problems.filter(({ rule }) => rule !== "hosts-file-empty"));
    this.problems.push({
      rule: "no-hosts",
      severity: "error",
      at: { file: this.files.name(sources[0] ?? this.folder), line: 1, column: 1 },
      message: 'expected the lab\'s nodes and guests below "hosts:" of a group, got an inventory without any host',
      fix: `write them, for example all: { children: { proxmox_nodes: { hosts: { pve1: } }, guests: { hosts: { web: } } } }`,
    });
  }

  private addSource(path: string): void {
    const foreign = foreignFormat(path);
    if (foreign) {
      const severity = foreign.certain ? "error" : "warning";
      const at = { file: this.files.name(path), line: 1, column: 1 };
      const fix = "write its hosts in YAML, or move it out of the inventory folder";
      this.problems.push({ rule: "inventory-format", severity, at, message: foreign.message, fix });
      return;
    }
    const { tree, readable } = this.files.read(path, "hosts");
    if (readable) this.problems.push(...addHostsFile(tree, this.files.name(path), this.graph));
  }

  private addVars(groups: Map<string, Group>, hosts: Map<string, Host>, sources: readonly string[]): void {
    const groupVars = new VarsFolder(this.folder, "group_vars", this.files);
    const hostVars = new VarsFolder(this.folder, "host_vars", this.files);
    for (const [name, group] of groups) {
      const vars = groupVars.of(name);
      groups.set(name, { ...group, ...vars, layers: [...group.layers, ...vars.layers] });
    }
    for (const [name, host] of hosts) {
      const vars = hostVars.of(name);
      hosts.set(name, { ...host, ...vars, layers: [...host.layers, ...vars.layers] });
    }
    const siblings = this.siblings(sources);
    groupVars.reportUnused(groups, () => siblings().groups);
    hostVars.reportUnused(hosts, () => siblings().hosts);
    this.problems.push(...groupVars.problems, ...hostVars.problems);
  }

  /** The names that the folder's other hosts files know, read only when they are asked for. */
  private siblings(sources: readonly string[]): () => { groups: Set<string>; hosts: Set<string> } {
    let names: { groups: Set<string>; hosts: Set<string> } | undefined;
    return () => {
      if (names) return names;
      const graph = new GroupGraph();
      const quiet = new SourceFiles(this.cwd);
      for (const path of hostsFilesBelow(this.folder)) {
        if (!sources.includes(path) && !foreignFormat(path)) addHostsFile(quiet.read(path, "hosts").tree, path, graph);
      }
      names = { groups: new Set(graph.groups.keys()), hosts: new Set(graph.hosts.keys()) };
      return names;
    };
  }

  private refuse(rule: string, message: string, fix: string): [] {
    this.problems.push({ rule, severity: "error", message, fix });
    return [];
  }
}

/** Says that a file in an inventory folder is none of ours: INI, TOML, a script, or something else altogether. */
function foreignFormat(path: string): { message: string; certain: boolean } | undefined {
  if (hasYamlExtension(basename(path))) return undefined;
  const extension = extname(path);
  if (extension === ".ini" || extension === ".toml") {
    return { message: `${extension} inventories are not read, only YAML ones`, certain: true };
  }
  if (extension !== "") return { message: `a ${extension} file is no YAML hosts file and is not read`, certain: false };
  if (isExecutable(path)) return { message: "inventory scripts are not run", certain: true };
  return looksLikeIni(path)
    ? { message: "this looks like an INI inventory; only YAML ones are read", certain: true }
    : undefined;
}
