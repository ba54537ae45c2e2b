import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { said } from "../../stacks/system-error";
import { UsageError } from "../output";

/** An account's public keys, or what is wrong. */
export type Fetched = { readonly keys: readonly string[] } | { readonly problem: string; readonly fix: string };

export const GITHUB = "https://github.com";

const KEY = /^((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})$/;
const TIMEOUT_MS = 15_000;
const UNREACHED =
  "try again with a network that reaches it, or name in LAB_GITHUB_URL another server, or a folder with ACCOUNT.keys files";

/** Where accounts' keys are asked for: a web server, or a folder of files. */
export type Source = { readonly url: string } | { readonly folder: string };

/**
 * What LAB_GITHUB_URL says: `https://…`, or a folder, as `file://…` or as a path.
 *
 * @throws UsageError when it is neither
 */
export function sourceOf(text: string, cwd: string): Source {
  const wrong = (found: string) =>
    new UsageError(`LAB_GITHUB_URL: expected https://… or a folder with ACCOUNT.keys files, got ${found}`);
  if (/^https?:\/\//i.test(text)) {
    if (!URL.canParse(text)) throw wrong(`"${text}"`);
    return { url: text.replace(/\/+$/, "") };
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) && !/^file:/i.test(text)) throw wrong(`"${text}"`);
  const folder = /^file:/i.test(text) ? pathOf(text) : resolve(cwd, text);
  if (folder === undefined) throw wrong(`"${text}"; a folder is file:///path/to/it`);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw wrong(`"${text}", which is no folder`);
  return { folder };
}

/** An account's keys: what `https://github.com/<account>.keys` answers, or what the file `<account>.keys` holds, one a line. */
export async function fetchKeys(account: string, source: Source): Promise<Fetched> {
  const place = "url" in source ? `${source.url}/${account}.keys` : join(source.folder, `${account}.keys`);
  const found = "url" in source ? await asked(account, place) : read(account, place);
  if (typeof found !== "string") return found;
  const written = found.split(/\r?\n/).filter((line) => line.trim() !== "");
  // A file may have been copied from where keys have comments.
  const lines = "url" in source ? written : written.map((line) => line.trim().split(/\s+/, 2).join(" "));
  if (lines.length === 0) {
    const fix = "add one there, or take the account out of github_accounts";
    return { problem: `the account "${account}" has no SSH keys`, fix };
  }
  const odd = lines.find((line) => !isKey(line));
  if (odd !== undefined)
    return {
      problem: `${place} answers something that is no SSH key: ${JSON.stringify(odd.slice(0, 40))}`,
      fix: "check what is behind that address",
    };
  return { keys: lines };
}

async function asked(account: string, url: string): Promise<string | Fetched> {
  let response: Response;
  let text: string;
  try {
    // A name that leads elsewhere was given up, and may be anyone's tomorrow.
    response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await response.text();
  } catch (error) {
    return { problem: `${url} does not answer: ${reason(error)}`, fix: UNREACHED };
  }
  if (response.status === 404) return { problem: `there is no account "${account}" (${url})`, fix: "check the name" };
  if (response.status >= 300 && response.status < 400)
    return { problem: `the account "${account}" has another name by now (${url})`, fix: "write its new name" };
  if (!response.ok)
    return { problem: `${url} answers ${response.status} ${response.statusText}`.trim(), fix: "try again later" };
  return text;
}

function read(account: string, file: string): string | Fetched {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const fix = `save https://github.com/${account}.keys there`;
    return { problem: `${file} cannot be read: ${said(error as Error)}`, fix };
  }
}

function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** A key names its type twice: in front, and inside (RFC 4253, section 6.6). */
function isKey(line: string): boolean {
  const [, type, body = ""] = KEY.exec(line) ?? [];
  const bytes = Buffer.from(body, "base64");
  return type !== undefined && bytes.length > 4 && bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString() === type;
}

function reason(error: unknown): string {
  const { cause, message, name } = error as Error & { cause?: { code?: string; message?: string } };
  return name === "TimeoutError" ? `nothing within ${TIMEOUT_MS / 1000} s` : (cause?.code ?? cause?.message ?? message);
}
