import { shellQuote } from "../../constructs/settings-file";
import type { Guest, Lab } from "../../model/lab";
import { UsageError } from "../output";
import { type NodeShell, PATH } from "./node-shell";

/** A backup as `GET /nodes/{node}/storage/{storage}/content` lists it. */
export interface Backup {
  readonly volid: string;
  readonly vmid: number;
  readonly kind: "container" | "vm";
  /** Seconds since 1970. */
  readonly ctime: number;
  readonly size?: number;
}

export interface FoundBackups {
  /** The latest first. */
  readonly backups: readonly Backup[];
  /** Storages that could not be looked into, and why. */
  readonly notes: readonly string[];
}

/** Every backup on the storages of a node that hold backups. */
export async function backupsOn(lab: Lab, node: string, shell: NodeShell): Promise<FoundBackups> {
  const storages = lab.nodes.find(({ name }) => name === node)?.storages ?? [];
  const names = storages.filter(({ content }) => content.includes("backup")).map(({ name }) => name);
  const backups: Backup[] = [];
  const notes: string[] = [];
  for (const name of names) {
    const path = `/nodes/${node}/storage/${name}/content`;
    const script = `${PATH}\npvesh get ${shellQuote(path)} --content backup --output-format json`;
    const { errors, output, status } = await shell.run(node, script);
    if (status === 0) backups.push(...listed(output));
    else notes.push(`${name}: ${errors.trim().split("\n").at(-1) || `pvesh ended with ${status}`}`);
  }
  if (names.length === 0) notes.push(`no storage of ${node} in the inventory has "backup" in its content`);
  return { backups: backups.sort((a, b) => b.ctime - a.ctime), notes };
}

function listed(output: string): Backup[] {
  const entries = JSON.parse(output) as readonly { volid: string; vmid?: number; ctime?: number; size?: number }[];
  return entries.flatMap(({ ctime = 0, size, vmid, volid }) => {
    const kind = kindOf(volid);
    if (vmid === undefined || !kind) return [];
    return [{ volid, vmid: Number(vmid), kind, ctime, ...(size === undefined ? {} : { size }) }];
  });
}

/** `local:backup/vzdump-lxc-301-….tar.zst`, `pbs:backup/ct/301/2026-11-21T02:00:00Z` (PVE::Storage::Plugin, PBSPlugin). */
function kindOf(volid: string): Backup["kind"] | undefined {
  if (/:backup\/(vzdump-(lxc|openvz)-|ct\/)/.test(volid)) return "container";
  return /:backup\/(vzdump-qemu-|vm\/)/.test(volid) ? "vm" : undefined;
}

/** The backup that is wanted of a guest. @throws UsageError when there is none */
export function chosen(guest: Guest, wanted: string, { backups, notes }: FoundBackups): Backup {
  const own = backups.filter(({ kind, vmid }) => vmid === guest.vmid && kind === guest.kind);
  const found = wanted === "latest" ? own[0] : own.find(({ volid }) => volid === wanted);
  if (found) return found;
  const because = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  const there = own.length > 0 ? `; there are ${own.map(({ volid }) => volid).join(", ")}` : "";
  const what = wanted === "latest" ? "no backup" : `no backup ${wanted}`;
  throw new UsageError(`${guest.name} (${guest.vmid}) has ${what} on ${guest.node}${because}${there}`);
}
