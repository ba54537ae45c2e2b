import { chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Files } from "./guest-files";

/** Makes a folder whose owner is `owner`, and those above it that are missing. */
export function makeFolder(path: string, owner: number, mode = 0o755): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), owner);
  mkdirSync(path, { mode });
  chownSync(path, owner, owner);
}

/** Writes files below `root`. @param owner host id of their owner @param modes of the files that are not 644 */
export function writeFiles(
  root: string,
  files: Files,
  owner: number,
  modes: Readonly<Record<string, number>> = {},
): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    makeFolder(dirname(file), owner);
    writeFileSync(file, content, { mode: modes[path] ?? 0o644 });
    chownSync(file, owner, owner);
  }
}
