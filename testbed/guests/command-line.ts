import type { LocalAnswer, LocalApi } from "./local-api";
import { type CommandResult, sleep } from "./shell";

/** What Proxmox VE's command lines have in common: how they take arguments, wait for tasks and fail. */
export type Parameters = Readonly<Record<string, string>>;
type Entry = Readonly<Record<string, unknown>>;

/** Perl's exit code of a `die` right after a file was not found is ENOENT, of any other 255. */
const ENOENT = 2;
const FAILED = 255;

export const success = (output = ""): CommandResult => ({ code: 0, output, errors: "" });

export function failure(text: string): CommandResult {
  const missing = /^Configuration file '.*' does not exist$/.test(text);
  return { code: missing ? ENOENT : FAILED, output: "", errors: `${text.trimEnd()}\n` };
}

/** What a command says of a call that was refused. */
export function failed(answer: LocalAnswer, usage: string): CommandResult {
  const text = (answer.message ?? "unknown error").trimEnd();
  if (answer.status !== 400) return failure(text);
  const fields = Object.entries(answer.errors ?? {}).map(([key, problem]) => `${key}: ${problem.trimEnd()}`);
  return failure([`400 ${text}`, ...fields, usage].join("\n"));
}

/** Positional arguments and `-key value`, `--key value`, `--key=value`. @returns the text of what is wrong, otherwise */
export function parseArguments(positional: readonly string[], words: readonly string[]): Parameters | string {
  const found: Record<string, string> = {};
  const free: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, key, value] = /^--?([a-z][\w-]*)(?:=(.*))?$/is.exec(word) ?? [];
    if (key === undefined) free.push(word);
    // Only booleans may do without a value.
    else found[key] = value ?? (rest[0] === undefined || /^--?[a-z]/i.test(rest[0]) ? "1" : (rest.shift() ?? ""));
  }
  if (free.length < positional.length) return "400 not enough arguments";
  if (free.length > positional.length) return "400 too many arguments";
  return { ...Object.fromEntries(positional.map((key, index) => [key, free[index] ?? ""])), ...found };
}

export const isTask = (data: unknown): data is string => typeof data === "string" && data.startsWith("UPID:");

/** Waits for a task, as the command line does, and shows its log; anything else has ended well. */
export async function endOf(node: string, data: unknown, api: LocalApi): Promise<CommandResult> {
  if (!isTask(data)) return success();
  const path = `/nodes/${node}/tasks/${encodeURIComponent(data)}`;
  const get = (what: string, parameters: Parameters = {}): Promise<LocalAnswer> =>
    api({ node, method: "GET", path: `${path}/${what}`, parameters });
  for (;;) {
    const { status, data, message } = await get("status");
    if (status >= 400) return failure(message ?? "unknown error");
    const exit = isEntry(data) && data.status === "stopped" ? String(data.exitstatus ?? "") : undefined;
    if (exit === undefined) {
      await sleep(50);
      continue;
    }
    const log = await get("log", { limit: "500" });
    const lines = entries(log.data)
      .map((line) => String(line.t ?? ""))
      .filter((line) => !line.startsWith("TASK "));
    const output = lines.map((line) => `${line}\n`).join("");
    const good = exit === "OK" || exit.startsWith("WARNINGS");
    return good ? success(output) : { ...failure(exit), output };
  }
}

export const isEntry = (data: unknown): data is Entry =>
  typeof data === "object" && data !== null && !Array.isArray(data);
export const entries = (data: unknown): Entry[] => (Array.isArray(data) ? data.filter(isEntry) : []);
