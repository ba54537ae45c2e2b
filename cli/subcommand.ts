import type { Command } from "commander";
import type { ExitCode, Io } from "./output";

/** What the commands of `lab` are added with. */
export interface Program {
  readonly add: Add;
  /** Begins commands of two words, such as `keys sync`. */
  readonly group: (name: string, summary: string) => Add;
  /** Takes what a command ended with. */
  readonly done: (code: ExitCode) => void;
  readonly io: Io;
}

/** @param examples what may stand behind `npm run -s lab --` */
type Add = (name: string, summary: string, ...examples: string[]) => Command;

export const LAB = "a folder's name under inventory/, or the path of any folder or hosts file";
export const HOST = "a lab and one of its hosts: what is behind the last slash is the host";
