import { hardwareLines } from "../../constructs/hardware";
import { shellQuote } from "../../constructs/settings-file";
import { backupCoverage } from "../../model/backup";
import { disksOf } from "../../model/capacity";
import type { Guest, Lab } from "../../model/lab";
import type { Backup } from "./backups";
import { PATH } from "./node-shell";

/**
 * Puts a backup in a guest's place, on its node, as root: what is there is stopped and overwritten, and started again where the
 * inventory wants it started. Terraform finds the same VMID and changes nothing.
 */
export function restoreScript(guest: Guest, backup: Backup): string {
  return guest.kind === "container" ? containerScript(guest, backup) : vmScript(guest, backup);
}

function containerScript(guest: Extract<Guest, { kind: "container" }>, { volid }: Backup): string {
  const { started, vmid } = guest;
  return [
    PATH,
    "set -eu",
    `if pct status ${vmid} 2>/dev/null | grep -q running; then pct stop ${vmid}; fi`,
    ["pct", "restore", vmid, shellQuote(volid), "--force", "1", ...placement(guest)].join(" "),
    ...(started ? [`pct start ${vmid}`] : []),
  ].join("\n");
}

/**
 * Where volumes go. Without it pct restore puts all of them on the storage `local`; with --storage all of them go there, so that
 * a guest with volumes on several storages gets each named.
 */
function placement(guest: Extract<Guest, { kind: "container" }>): string[] {
  const storages = new Set(disksOf(guest).map(({ storage }) => storage));
  if (storages.size === 1) return ["--storage", shellQuote(guest.storage)];
  const lines = Object.entries(hardwareLines(guest.mounts, [])).flatMap(([key, line]) => [
    `--${key}`,
    shellQuote(line),
  ]);
  return ["--rootfs", shellQuote(`${guest.storage}:${guest.diskGiB}`), ...lines];
}

/** qmrestore puts each disk where the backup says that it was. */
function vmScript({ started, vmid }: Guest, { volid }: Backup): string {
  return [
    PATH,
    "set -eu",
    `if qm status ${vmid} 2>/dev/null | grep -q running; then qm stop ${vmid}; fi`,
    `qmrestore ${shellQuote(volid)} ${vmid} --force 1`,
    ...(started ? [`qm start ${vmid}`] : []),
  ].join("\n");
}

/** What a restore takes from the guest that is there, and what it cannot bring back. */
export function restoreLosses(lab: Lab, { name }: Guest): readonly string[] {
  const { leftOut = [] } = backupCoverage(lab).find(({ guest }) => guest === name) ?? {};
  const volumes = leftOut.filter(({ kind }) => kind === "volume");
  return ["everything written since then", ...volumes.map(({ what }) => `${what}, which backups do not hold`)];
}
