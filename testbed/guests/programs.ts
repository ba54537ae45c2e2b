import type { LocalApi } from "./local-api";
import { pct } from "./pct";
import { pvesh } from "./pvesh";
import { pvesm } from "./pvesm";
import type { CommandResult } from "./shell";

type Program = (node: string, words: readonly string[], api: LocalApi) => Promise<CommandResult>;

const PROGRAMS: Readonly<Record<string, Program>> = { pct, pvesh, pvesm };

/**
 * Runs a program of Proxmox VE's as typed on a node, as far as it is answered by the API: with the texts, formats and exit codes
 * of Proxmox VE's.
 *
 * @param words the program's name, and its arguments
 */
export function program(node: string, [name = "", ...words]: readonly string[], api: LocalApi): Promise<CommandResult> {
  const found = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
  return (
    found?.(node, words, api) ?? Promise.resolve({ code: 127, output: "", errors: `${name}: command not found\n` })
  );
}
