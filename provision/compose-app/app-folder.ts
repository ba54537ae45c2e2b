import { isUtf8 } from "node:buffer";
import { type Dirent, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RESERVED } from "./file-paths";

/** What a folder under `provision/apps/` holds. */
export interface AppFolder {
  /** Its `compose.yaml`. */
  readonly compose: string;
  /** Every other file, by its path in the folder; `README.md` stays at home. */
  readonly files: { readonly [path: string]: string };
}

/** Why something in a folder cannot be part of an app, and what to do. */
export interface Unfit {
  readonly message: string;
  readonly fix: string;
}

/** Names of the apps of a folder: its subfolders that hold a `compose.yaml`. */
export function appNames(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, "compose.yaml")))
    .sort();
}

/** Reads an app, with everything in its folder that cannot travel: nothing is left out silently. */
export function readApp(root: string, name: string): AppFolder & { readonly unfit: readonly Unfit[] } {
  const folder = join(root, name);
  const files: { [path: string]: string } = {};
  const unfit: Unfit[] = [];
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name).slice(folder.length + 1) }))
    .filter(({ path }) => path !== "README.md")
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { entry, path } of entries) {
    const shown = `provision/apps/${name}/${path}`;
    const wrong = unfitEntry(entry, path, shown);
    const text = wrong ? "" : textOf(join(folder, path), shown);
    if (wrong) unfit.push(wrong);
    else if (typeof text === "object") unfit.push(text);
    else files[path] = text;
  }
  const { "compose.yaml": compose = "", ...others } = files;
  return { compose, files: others, unfit };
}

function unfitEntry(entry: Dirent, path: string, shown: string): Unfit | undefined {
  if (entry.isSymbolicLink())
    return {
      message: `${shown} is a symbolic link, and only files travel to the guest`,
      fix: "put a copy of the file in its place",
    };
  if (!entry.isFile())
    return {
      message: `${JSON.stringify(shown)} is no file, and only files travel to the guest`,
      fix: "take it out of the folder",
    };
  if (path === ".env")
    return {
      message: `${shown} cannot be: the project's .env is made of env:, where a secret may be`,
      fix: "set its variables in env: of the app in the inventory, and delete the file",
    };
  if (path !== "compose.yaml" && RESERVED.includes(path))
    return { message: `${shown} has a name that this role needs for itself`, fix: "rename the file" };
  return /^\s|\s$|\p{Cc}/u.test(path)
    ? {
        message: `${JSON.stringify(shown)} has a name with a control character in it, or a blank at an end`,
        fix: "rename the file",
      }
    : undefined;
}

function textOf(path: string, shown: string): string | Unfit {
  const bytes = readFileSync(path);
  const fix = "put binary files into an image or download them";
  if (!isUtf8(bytes)) return { message: `${shown} is not UTF-8 text`, fix };
  return bytes.includes(0) ? { message: `${shown} has a NUL in it, so it is no text`, fix } : bytes.toString("utf8");
}
