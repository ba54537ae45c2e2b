import { isUtf8 } from "node:buffer";
import { shellQuote } from "./settings-file";

/*
 * The shell text that provision/transport/send.sh streams to where a step runs: a here-document of commands, one for each
 * file, which provision/transport/receive.sh carries out. Texts may hold expressions of Terraform's.
 */

/** What is sent of a role's folder and of the library, as Terraform's fileset() has it: a README or a role.ts changes no guest. */
export const SCRIPTS = "*.sh";
export const OTHERS = "files/**";

/** Whether SCRIPTS or OTHERS match a path that is relative to the folder. */
export const isSent = (path: string): boolean => path.startsWith("files/") || /^[^/]*\.sh$/.test(path);

/** The command for a file whose content is at hand. */
export function fileCommand(path: string, content: Buffer): string {
  const isText = isUtf8(content) && !content.includes(0);
  return isText
    ? putCommand(betweenQuotes(path), betweenQuotes(content.toString()))
    : unpackCommand(betweenQuotes(path), content.toString("base64"));
}

/** The file as it is, which costs the guest no process. Path and text are as they stand between single quotes of a shell. */
export const putCommand = (path: string, text: string): string => `put '${path}' '${text}'\n`;

/** @param encoded base64 */
export const unpackCommand = (path: string, encoded: string): string => `unpack '${path}' '${encoded}'\n`;

/** A shell function that prints a text of whole lines. @param end a line that the text does not hold */
export const document = (name: string, text: string, end: string): string =>
  `${openDocument(name, end)}${text}${closeDocument(end)}`;

export const openDocument = (name: string, end: string): string => `${name}() {\ncat <<'${end}'\n`;

export const closeDocument = (end: string): string => `${end}\n}`;

const betweenQuotes = (text: string): string => shellQuote(text).slice(1, -1);
