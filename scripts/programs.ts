// Which program is meant by its name: that of the project's .venv, which scripts/venv.sh makes, before those of PATH.
import { delimiter, join } from "node:path";
import { isExecutable } from "../model/executable";

const VENV = join(__dirname, "..", ".venv", "bin");

/** @returns its path; `undefined` where there is none */
export function findProgram(name: string): string | undefined {
  const folders = [VENV, ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}
