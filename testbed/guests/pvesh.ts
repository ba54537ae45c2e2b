import { endOf, failed, failure, isTask, parseArguments, success } from "./command-line";
import type { LocalApi, LocalCall } from "./local-api";
import type { CommandResult } from "./shell";

const METHODS: Readonly<Record<string, LocalCall["method"]>> = {
  get: "GET",
  set: "PUT",
  create: "POST",
  delete: "DELETE",
};

/** Options of the command, beside the method's parameters. */
const OWN = ["output-format", "noproxy", "quiet", "human-readable"];

/**
 * Runs `pvesh get|set|create|delete PATH [--key value …]` as typed on `node`. What comes back is printed as JSON, whatever
 * the output format: the tables are for people.
 */
export async function pvesh(node: string, words: readonly string[], api: LocalApi): Promise<CommandResult> {
  const [name = "", ...rest] = words;
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  const usage = `USAGE: pvesh <${Object.keys(METHODS).join("|")}> <api_path> [OPTIONS]`;
  if (method === undefined) return failure(`ERROR: unknown command 'pvesh ${name}'\n${usage}`);
  const parsed = parseArguments(["path"], rest);
  if (typeof parsed === "string") return failure(`${parsed}\n${usage}`);
  const { path = "", ...options } = parsed;
  const parameters = Object.fromEntries(Object.entries(options).filter(([key]) => !OWN.includes(key)));
  const answer = await api({ node, method, path: `/${path.replace(/^\/+/, "")}`, parameters });
  if (answer.status >= 400) return failed(answer, usage);
  if (isTask(answer.data)) return endOf(node, answer.data, api);
  return success(answer.data === null || answer.data === undefined ? "" : `${JSON.stringify(sorted(answer.data))}\n`);
}

/** Keys come in order: PVE::CLIFormatter prints canonical JSON. */
function sorted(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(sorted);
  if (typeof data !== "object" || data === null) return data;
  const pairs = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(pairs.map(([key, value]) => [key, sorted(value)]));
}
