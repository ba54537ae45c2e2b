import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

/** What Ansible passes over in an inventory folder (inventory/manager.py and INVENTORY_IGNORE_EXTS, ansible-core 2.19). */
const IGNORED = /^\.|^(?:host_vars|group_vars|vars_plugins)$|~$|\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)$/;
const YAML_EXTENSIONS: readonly string[] = [".yml", ".yaml", ".json"];
const MAIN = /^hosts(?:\.yml|\.yaml|\.json)?$/;

export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "other";
}

/** A folder's entries in Ansible's order, links followed; undefined when it cannot be listed. */
export function listFolder(folder: string): FolderEntry[] | undefined {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .map((entry): FolderEntry => {
        const kind = entry.isSymbolicLink() ? kindOf(join(folder, entry.name)) : kindOfStats(entry);
        return { name: entry.name, kind };
      })
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch {
    return undefined;
  }
}

export function kindOf(path: string): FolderEntry["kind"] {
  try {
    return kindOfStats(statSync(path));
  } catch {
    return "other";
  }
}

function kindOfStats(stats: { isFile(): boolean; isDirectory(): boolean }): FolderEntry["kind"] {
  return stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other";
}

export function isIgnored(name: string): boolean {
  return IGNORED.test(name);
}

/** Python's splitext() for names that do not begin with a dot. */
export function hasYamlExtension(name: string): boolean {
  return YAML_EXTENSIONS.includes(extname(name));
}

/** The name without `.yml`, `.yaml` or `.json`. */
export function stem(name: string): string {
  return hasYamlExtension(name) ? basename(name, extname(name)) : name;
}

/** Every file that Ansible would try as a hosts file, given the inventory folder: sorted, subfolders included. */
export function hostsFilesBelow(folder: string): string[] {
  return filesBelow(folder, ({ name }) => !isIgnored(name));
}

/** The files below a folder in Ansible's order, of those entries that are `wanted`. Links that lead back up are not followed. */
export function filesBelow(
  folder: string,
  wanted: (entry: FolderEntry) => boolean,
  above: readonly string[] = [],
): string[] {
  const real = realPath(folder);
  if (above.includes(real)) return [];
  return (listFolder(folder) ?? []).filter(wanted).flatMap(({ name, kind }) => {
    const path = join(folder, name);
    if (kind === "folder") return filesBelow(path, wanted, [...above, real]);
    return kind === "file" ? [path] : [];
  });
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The hosts files of a folder that are labs of their own: several, none of them called `hosts.yml`. Else empty. */
export function separateLabs(folder: string): string[] {
  const files = (listFolder(folder) ?? []).filter(({ name, kind }) => kind === "file" && !isIgnored(name));
  if (files.some(({ name }) => MAIN.test(name))) return [];
  const yaml = files.filter(({ name }) => hasYamlExtension(name));
  return yaml.length > 1 ? yaml.map(({ name }) => join(folder, name)) : [];
}

/** The lab's name: its folder's, or `<folder>-<file>` for one hosts file among several. */
export function labName(path: string, kind: FolderEntry["kind"]): string {
  if (kind !== "file") return basename(path);
  const folder = dirname(path);
  const only = MAIN.test(basename(path)) || hostsFilesBelow(folder).length === 1;
  return only ? basename(folder) : `${basename(folder)}-${stem(basename(path))}`;
}

/**
 * The labs in the folders directly under `root`: one a folder, or, where a folder holds several hosts files and no
 * `hosts.yml`, one a file. A folder that has variables only is one too, for the reader to complain of; any other without
 * a hosts file is passed over. A missing root has no labs.
 */
export function findInventories(root: string): { name: string; target: string }[] {
  return (listFolder(root) ?? []).flatMap(({ name, kind }) => {
    if (kind !== "folder" || isIgnored(name)) return [];
    const folder = join(root, name);
    const labs = separateLabs(folder);
    if (labs.length > 0) return labs.map((target) => ({ name: labName(target, "file"), target }));
    return hostsFilesBelow(folder).length > 0 || hasVars(folder) ? [{ name, target: folder }] : [];
  });
}

/** The folders directly in one that have variables of an inventory. */
export function labsIn(folder: string): string[] {
  return (listFolder(folder) ?? []).map(({ name }) => join(folder, name)).filter(hasVars);
}

/** Whether a folder has `group_vars` or `host_vars`, as only that of an inventory does. */
export function hasVars(folder: string): boolean {
  return ["group_vars", "host_vars"].some((name) => kindOf(join(folder, name)) !== "other");
}

/** The sections of a hosts file in YAML or JSON, those of an INI inventory, and how an encrypted file begins. */
const YAML_SECTION =
  /^[ \t{]*["']?(?:hosts|children|plugin)["']?[ \t]*:|[{,][ \t]*["']?(?:hosts|children)["']?[ \t]*:/m;
const INI_SECTION = /^\s*\[[\w.:-]+\]\s*$/m;
const ENCRYPTED = /^\$ANSIBLE_VAULT/;
const BEGINNING = 64 * 1024;

/**
 * Whether a folder or file is an inventory at all, by names and by what its files begin with. Of anything else nothing is
 * read, so that a slip in a path does not print other programs' files.
 */
export function looksLikeInventory(path: string, kind: FolderEntry["kind"]): boolean {
  if (kind === "file") return hasVars(dirname(path)) || isHostsFile(path);
  if (hasVars(path)) return true;
  return (listFolder(path) ?? []).some((entry) => {
    const inner = join(path, entry.name);
    if (isIgnored(entry.name)) return false;
    return entry.kind === "folder" ? holdsHostsFileOnly(inner) : entry.kind === "file" && isHostsFile(inner);
  });
}

/** A folder of hosts files within an inventory, as opposed to an inventory of its own. */
const holdsHostsFileOnly = (folder: string): boolean =>
  !hasVars(folder) &&
  (listFolder(folder) ?? []).some(
    ({ name, kind }) => kind === "file" && MAIN.test(name) && isHostsFile(join(folder, name)),
  );

function isHostsFile(path: string): boolean {
  const name = basename(path);
  if (MAIN.test(name) && hasYamlExtension(name)) return true;
  if (extname(name) !== "" && !hasYamlExtension(name)) return false;
  const text = beginning(path);
  return (
    YAML_SECTION.test(text) || ENCRYPTED.test(text) || (/^(?:hosts|inventory)$/.test(name) && INI_SECTION.test(text))
  );
}

/** Whether a file begins as an INI inventory does. */
export const looksLikeIni = (path: string): boolean => INI_SECTION.test(beginning(path));

function beginning(path: string): string {
  const buffer = Buffer.alloc(BEGINNING);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    return buffer.toString("latin1", 0, readSync(file, buffer, 0, BEGINNING, 0));
  } catch {
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
