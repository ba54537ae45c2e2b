import { endOf, entries, failed, failure, isEntry, type Parameters, parseArguments, success } from "./command-line";
import type { LocalApi, LocalCall } from "./local-api";
import type { CommandResult } from "./shell";

interface Command {
  /** Names of the arguments that are given by position. */
  readonly positional: readonly string[];
  readonly method: LocalCall["method"];
  /** Below `/nodes/<node>/lxc`; `{vmid}` is filled in. */
  readonly path: string;
  /** Parameters that the command stands for. */
  readonly always?: Parameters;
  readonly show?: (data: unknown, options: Parameters) => string;
}

type Entry = Readonly<Record<string, unknown>>;

const action = (name: string): Command => ({
  positional: ["vmid"],
  method: "POST",
  path: `/{vmid}/status/${name}`,
});

/** Commands of pct(1), as `PVE/CLI/pct.pm` of pve-container maps them to calls. `exec`, `enter`, `push`, `pull` are the node's. */
const COMMANDS: Readonly<Record<string, Command>> = {
  clone: { positional: ["vmid", "newid"], method: "POST", path: "/{vmid}/clone" },
  config: { positional: ["vmid"], method: "GET", path: "/{vmid}/config", show: showConfig },
  create: { positional: ["vmid", "ostemplate"], method: "POST", path: "" },
  delsnapshot: { positional: ["vmid", "snapname"], method: "DELETE", path: "/{vmid}/snapshot/{snapname}" },
  destroy: { positional: ["vmid"], method: "DELETE", path: "/{vmid}" },
  list: { positional: [], method: "GET", path: "", show: showList },
  migrate: { positional: ["vmid", "target"], method: "POST", path: "/{vmid}/migrate" },
  pending: { positional: ["vmid"], method: "GET", path: "/{vmid}/pending", show: showPending },
  reboot: action("reboot"),
  resize: { positional: ["vmid", "disk", "size"], method: "PUT", path: "/{vmid}/resize" },
  restore: { positional: ["vmid", "ostemplate"], method: "POST", path: "", always: { restore: "1" } },
  resume: action("resume"),
  rollback: { positional: ["vmid", "snapname"], method: "POST", path: "/{vmid}/snapshot/{snapname}/rollback" },
  set: { positional: ["vmid"], method: "PUT", path: "/{vmid}/config" },
  shutdown: action("shutdown"),
  snapshot: { positional: ["vmid", "snapname"], method: "POST", path: "/{vmid}/snapshot" },
  start: action("start"),
  status: { positional: ["vmid"], method: "GET", path: "/{vmid}/status/current", show: showStatus },
  stop: action("stop"),
  suspend: action("suspend"),
  template: { positional: ["vmid"], method: "POST", path: "/{vmid}/template" },
};

/** Runs `pct <words>` as typed on `node`, with the texts, formats and exit codes of Proxmox VE's. */
export async function pct(node: string, words: readonly string[], api: LocalApi): Promise<CommandResult> {
  const [name = "", ...rest] = words;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return failure(unknownCommand(name));
  const parsed = parseArguments(command.positional, rest);
  if (typeof parsed === "string") return failure(`${parsed}\n${usage(name, command)}`);
  const { vmid = "", ...parameters } = parsed;
  const inPath = (key: string): string => encodeURIComponent(key === "vmid" ? vmid : (parameters[key] ?? ""));
  const path = command.path.replace(/\{(\w+)\}/g, (_, key: string) => inPath(key));
  const used = [...command.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
  const sent = Object.entries(parsed).filter(
    ([key]) => !used.includes(key) && !(name === "status" && key === "verbose"),
  );
  const answer = await api({
    node,
    method: command.method,
    path: `/nodes/${node}/lxc${path}`,
    parameters: { ...Object.fromEntries(sent), ...command.always },
  });
  if (answer.status >= 400) return failed(answer, usage(name, command));
  if (command.show) return success(command.show(answer.data, parsed));
  return endOf(node, answer.data, api);
}

function usage(name: string, command: Command): string {
  return ["pct", name, ...command.positional.map((argument) => `<${argument}>`), "[OPTIONS]"].join(" ");
}

function unknownCommand(name: string): string {
  const known = [...Object.keys(COMMANDS), "enter", "exec", "pull", "push"].sort();
  const first = name === "" ? "ERROR: no command specified" : `ERROR: unknown command 'pct ${name}'`;
  return [first, "USAGE: pct <COMMAND> [ARGS] [OPTIONS]", ...known.map((one) => `       pct ${one}`)].join("\n");
}

function showList(data: unknown): string {
  const guests = entries(data).sort((a, b) => Number(a.vmid) - Number(b.vmid));
  if (guests.length === 0) return "";
  const row = (...cells: readonly unknown[]): string => {
    const [vmid = "", status = "", lock = "", name = ""] = cells.map((cell) => String(cell ?? ""));
    return `${vmid.padEnd(10)} ${status.padEnd(10)} ${lock.padEnd(12)} ${name.padEnd(20)}\n`;
  };
  const rows = guests.map((guest) => row(guest.vmid, guest.status, guest.lock, guest.name));
  return row("VMID", "Status", "Lock", "Name") + rows.join("");
}

function showStatus(data: unknown, options: Parameters): string {
  const status = isEntry(data) ? data : {};
  if (options.verbose !== "1") return `status: ${String(status.status ?? "unknown")}\n`;
  return sortedLines(status, (key, value) => `${key}: ${String(value)}\n`);
}

function showConfig(data: unknown): string {
  return sortedLines(isEntry(data) ? data : {}, (key, value) =>
    key === "digest" || key === "lxc" ? "" : `${key}: ${key === "description" ? encodeText(value) : String(value)}\n`,
  );
}

function sortedLines(entry: Entry, line: (key: string, value: unknown) => string): string {
  const known = Object.entries(entry).filter(([, value]) => value !== undefined && value !== null);
  return known
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => line(key, value))
    .join("");
}

function showPending(data: unknown): string {
  const items = entries(data).sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1));
  return items
    .filter((item) => item.key !== "digest")
    .map((item) => {
      const key = String(item.key);
      const text = (value: unknown): string => (key === "description" ? encodeText(value) : String(value));
      const pending = item.pending === undefined ? "" : `new ${key}: ${text(item.pending)}\n`;
      if (item.value === undefined) return pending;
      return item.delete ? `del ${key}: ${text(item.value)}\n` : `cur ${key}: ${text(item.value)}\n${pending}`;
    })
    .join("");
}

/** Percent-encodes control characters, `%` and `:` and what is not ASCII, as a description stands in a configuration file. */
function encodeText(value: unknown): string {
  return String(value).replace(/[^ -$&-9;-~]/gu, (found) =>
    [...Buffer.from(found)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}
