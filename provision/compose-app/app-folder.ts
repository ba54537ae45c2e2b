import { isUtf8 } from "node:buffer";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a folder under `provision/apps/` holds. */
export interface AppFolder {
  /** Its `compose.yaml`. */
  readonly compose: string;
  /** Every other file, by its path in the folder; `README.md` stays at home. */
  readonly files: { readonly [path: string]: string };
}

/** Names of the apps of a folder: its subfolders that hold a `compose.yaml`. */
export function appNames(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, "compose.yaml")))
    .sort();
}

/**
 * Reads an app.
 * @throws Error that names the file, when one is not UTF-8 text.
 */
export function readApp(root: string, name: string): AppFolder {
  const folder = join(root, name);
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => path !== "compose.yaml" && path !== "README.md")
    .sort();
  return {
    compose: readText(join(folder, "compose.yaml"), `${name}/compose.yaml`),
    files: Object.fromEntries(paths.map((path) => [path, readText(join(folder, path), `${name}/${path}`)])),
  };
}

function readText(path: string, shown: string): string {
  const bytes = readFileSync(path);
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new Error(`provision/apps/${shown} is not UTF-8 text; put binary files into an image or download them`);
}
