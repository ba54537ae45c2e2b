import { resolve } from "node:path";
import { findLabs, type LoadResult, loadLab } from "../model";
import type { Lab } from "../model/lab";
import { formatProblem } from "../model/problem";
import { suggest } from "../model/schema/nearest";
import type { Tree } from "../model/tree";
import type { Io } from "./output";
import { UsageError } from "./output";
import { countProblems, tellProblems } from "./problems";

/** Loads a lab by name or path. */
export function load(target: string, io: Io): LoadResult {
  const result = loadLab(target, { cwd: io.cwd });
  const missing = result.problems.find(({ rule }) => rule === "no-inventory");
  if (missing) throw new UsageError(formatProblem(missing));
  return result;
}

/** All labs under inventory/. */
export function loadAll(io: Io): readonly LoadResult[] {
  const labs = findLabs(io.cwd);
  if (labs.length === 0) throw new UsageError("inventory/: expected a folder with a lab, found none");
  return labs.map(({ target }) => loadLab(target, { cwd: io.cwd }));
}

/** `tiers/jellyfin`, or with a path of an inventory: what is behind the last slash is the host. */
export function loadHost(target: string, io: Io): { readonly result: LoadResult; readonly host: string } {
  const slash = target.lastIndexOf("/");
  const isLab = findLabs(io.cwd).some((lab) => lab.target === resolve(io.cwd, target));
  if (slash < 1 || slash === target.length - 1 || isLab) {
    throw new UsageError(`expected LAB/HOST, found "${target}"; write for example ${exampleFor(target, io)}`);
  }
  const host = target.slice(slash + 1);
  const result = load(target.slice(0, slash), io);
  const { hosts } = result.inventory;
  if (!hosts.has(host)) throw new UsageError(`${result.name} has no host "${host}"; ${suggest(host, hosts.keys())}`);
  return { result, host };
}

/** A host of the lab that was named alone; a guest, where it has any. */
function exampleFor(target: string, { cwd }: Io): string {
  const lab = target.replace(/\/+$/, "");
  const { vars } = lab === "" ? { vars: new Map<string, ReadonlyMap<string, Tree>>() } : loadLab(lab, { cwd });
  const hosts = [...vars.keys()];
  const guest = hosts.find((host) => vars.get(host)?.has("proxmox_lxc") || vars.get(host)?.has("proxmox_vm"));
  const host = guest ?? hosts[0];
  return host === undefined ? "tiers/jellyfin" : `${lab}/${host}`;
}

/** The resolved lab; undefined, with its problems told, when it has errors. */
export function resolved({ lab, name, problems }: LoadResult, io: Io): Lab | undefined {
  if (lab) return lab;
  tellProblems(problems, io);
  io.err(`${name}: ${countProblems(problems)}; mend them first`);
  return undefined;
}
