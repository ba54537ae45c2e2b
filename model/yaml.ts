import { isUtf8 } from "node:buffer";
import type { Problem } from "./problem";
import type { Tree } from "./tree";
import { MAX_DEPTH } from "./yaml/compose";
import { parseDocument } from "./yaml/document";
import { parseJson } from "./yaml/json";
import { parsePlain } from "./yaml/plain";
import { Source } from "./yaml/source";

/** Larger files are refused: 4 MiB hold the variables of some 15,000 guests, read in under a second, or in 5 s when full of anchors. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * Reads one YAML or JSON file as Ansible does: YAML 1.1 with PyYAML's types, merge keys, aliases, `!vault` and `!unsafe`.
 *
 * `tree` is absent for an empty file, and when a syntax error keeps the file from being read at all; other problems
 * (duplicate keys, unknown anchors) come with the tree that Ansible would have made.
 *
 * @param file how problems and positions name the file
 * @returns also what was read, as text, if there is a tree
 */
export function parseYaml(text: string | Buffer, file: string): { tree?: Tree; text?: string; problems: Problem[] } {
  const size = typeof text === "string" ? Buffer.byteLength(text) : text.length;
  const large = sizeProblem(size, file);
  if (large) return { problems: [large] };
  if (typeof text !== "string") {
    const problem = encodingProblem(text, file);
    if (problem) return { problems: [problem] };
  }
  const decoded = typeof text === "string" ? text : text.toString("utf8");
  const source = new Source(decoded.startsWith("\ufeff") ? decoded.slice(1) : decoded, file);
  const control = controlCharacter(source);
  if (control) return { problems: [control] };
  const tree = parseJson(source, MAX_DEPTH) ?? parsePlain(source);
  if (tree) return { tree, text: source.text, problems: [] };
  const document = parseDocument(source);
  return document.tree ? { ...document, text: source.text } : document;
}

/** Refuses a file of this size, so that it need not even be loaded. */
export function sizeProblem(bytes: number, file: string): Problem | undefined {
  if (bytes <= MAX_FILE_BYTES) return undefined;
  return {
    rule: "file-too-large",
    severity: "error",
    at: { file, line: 1, column: 1 },
    message: `the file has ${bytes} bytes, more than the ${MAX_FILE_BYTES} that an inventory file may have`,
    fix: "split it into several files",
  };
}

function encodingProblem(bytes: Buffer, file: string): Problem | undefined {
  if (isUtf8(bytes)) return undefined;
  const before = validPrefix(bytes);
  const offset = Buffer.byteLength(before);
  const lines = before.split("\n");
  const utf16 = offset === 0 && bytes.length > 1 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE(0));
  const byte = bytes[offset]?.toString(16).padStart(2, "0") ?? "";
  return {
    rule: "file-encoding",
    severity: "error",
    at: { file, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 },
    message: utf16 ? "the file is UTF-16, not UTF-8" : `the byte 0x${byte} at offset ${offset} is not UTF-8`,
    fix: "save the file as UTF-8",
  };
}

/** The text before the first byte that had to be replaced when decoding, as opposed to a U+FFFD that was written. */
function validPrefix(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  for (let at = text.indexOf("\ufffd"); at >= 0; at = text.indexOf("\ufffd", at + 1)) {
    const offset = Buffer.byteLength(text.slice(0, at));
    if (bytes.subarray(offset, offset + 3).toString("hex") !== "efbfbd") return text.slice(0, at);
  }
  return text;
}

/** What YAML forbids in a file: control characters other than tab and line breaks, and lone surrogates. */
const FORBIDDEN = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function controlCharacter(source: Source): Problem | undefined {
  const offset = source.text.search(FORBIDDEN);
  if (offset < 0) return undefined;
  const code = source.text.codePointAt(offset)?.toString(16).toUpperCase().padStart(4, "0");
  return source.error("yaml-character", offset, `found the control character U+${code}`, "remove it");
}
