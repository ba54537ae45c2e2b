import { extname, join, sep } from "node:path";
import { describe } from "./hosts-file";
import type { VarLayer } from "./inventory";
import { type FolderEntry, filesBelow, hasYamlExtension, isIgnored, kindOf, listFolder, stem } from "./inventory-files";
import type { Problem } from "./problem";
import { suggest } from "./schema/nearest";
import type { SourceFiles } from "./source-files";

/** What is looked for, in this order; the first that exists is the only one that is read. */
const ENDINGS = ["", ".yml", ".yaml", ".json"];

const OWNER = { group_vars: "group", host_vars: "host" } as const;

/** The `group_vars` or `host_vars` folder beside the hosts files (ansible/plugins/vars/host_group_vars.py). */
export class VarsFolder {
  readonly problems: Problem[] = [];
  private readonly path: string;
  private readonly entries = new Map<string, FolderEntry>();
  private readonly used = new Set<string>();
  private readonly sealed: string[] = [];

  constructor(
    base: string,
    private readonly kind: keyof typeof OWNER,
    private readonly files: SourceFiles,
  ) {
    this.path = join(base, kind);
    const found = kindOf(this.path);
    if (found === "folder") for (const entry of listFolder(this.path) ?? []) this.entries.set(entry.name, entry);
    if (found === "file") this.warn("vars-folder", this.path, `${kind} is a file, and is not read`, "make it a folder");
  }

  /** The layers of one group or host, weakest first, and its files that are encrypted as a whole. */
  of(name: string): { readonly layers: readonly VarLayer[]; readonly sealed?: readonly string[] } {
    const layers = this.layersOf(name);
    return this.sealed.length > 0 ? { layers, sealed: this.sealed.splice(0) } : { layers };
  }

  private layersOf(name: string): VarLayer[] {
    const found: FolderEntry[] = [];
    for (const ending of ENDINGS) {
      const entry = this.entries.get(name + ending);
      if (entry) found.push(entry);
    }
    const [first, ...shadowed] = found;
    if (!first) return [];
    for (const entry of found) this.used.add(entry.name);
    for (const entry of shadowed) {
      const message = `Ansible does not read this: ${first.name}${first.kind === "folder" ? "/" : ""} beside it comes first`;
      const fix = first.kind === "folder" ? `move it into ${first.name}/` : "put everything in one of the two";
      this.warn("vars-file-shadowed", join(this.path, entry.name), message, fix);
    }
    const path = this.path + sep + first.name;
    if (first.kind !== "folder") return this.layer(path);
    return filesBelow(path, isVarsEntry).flatMap((file) => this.layer(file));
  }

  /** Warns of variables that belong to nobody. `elsewhere` tells the names that other hosts files of the folder know. */
  reportUnused(known: ReadonlyMap<string, unknown>, elsewhere: () => ReadonlySet<string>): void {
    for (const { name, kind } of this.entries.values()) {
      if (this.used.has(name) || isIgnored(name) || kind === "other") continue;
      const owner = kind === "file" ? stem(name) : name;
      if (elsewhere().has(owner)) continue;
      const what = OWNER[this.kind];
      const message = `there is no ${what} "${owner}", so these variables are never used`;
      this.warn("unused-vars", join(this.path, name), message, suggest(owner, known.keys()), owner);
    }
  }

  private layer(path: string): VarLayer[] {
    const { sealed, tree } = this.files.read(path, "vars");
    if (sealed) this.sealed.push(this.files.name(path));
    if (!tree || (tree.kind === "scalar" && !tree.value)) return [];
    if (tree.kind === "sequence" && tree.items.length === 0) return [];
    if (tree.kind !== "mapping") {
      const message = `expected variables ("name: value") in this file, got ${describe(tree)}`;
      this.problems.push({
        rule: "vars-file",
        severity: "error",
        at: tree.at,
        message,
        fix: "write one variable a line",
      });
      return [];
    }
    const priority = tree.entries.get("ansible_group_priority");
    if (priority && this.kind === "group_vars") {
      const message = "ansible_group_priority does nothing here: Ansible needs it before it reads this file";
      const fix = 'set it under "vars:" of the group in the hosts file';
      this.problems.push({ rule: "group-priority", severity: "warning", at: priority.keyAt, message, fix });
    }
    return tree.entries.size > 0 ? [{ file: tree.at.file, vars: tree }] : [];
  }

  private warn(rule: string, path: string, message: string, fix: string, subject?: string): void {
    const at = { file: this.files.name(path), line: 1, column: 1 };
    this.problems.push({ rule, severity: "warning", at, message, fix, ...(subject ? { subject } : {}) });
  }
}

/** What Ansible reads in a folder of variables: hidden and backup files and folders with a dot are passed over. */
function isVarsEntry({ name, kind }: FolderEntry): boolean {
  if (name.startsWith(".") || name.endsWith("~")) return false;
  return extname(name) === "" || (kind === "file" && hasYamlExtension(name));
}
