import { hardwareLines } from "../../constructs/hardware";
import { shellQuote } from "../../constructs/settings-file";
import { labTag } from "../../constructs/vmid-guard";
import { backupCoverage } from "../../model/backup";
import { disksOf } from "../../model/capacity";
import type { Guest, Lab } from "../../model/lab";
import type { Backup } from "./backups";
import { PATH } from "./node-shell";

/**
 * Puts a backup in a guest's place, on its node, as root: what is there is stopped and overwritten, and started again where the
 * inventory wants it started. Terraform finds the same VMID and changes nothing. A guest that does not carry the lab's tag is
 * somebody else's: the script ends before it is touched.
 */
export function restoreScript({ name }: Lab, guest: Guest, backup: Backup): string {
  const [tool, restore] =
    guest.kind === "container" ? ["pct", containerScript(guest, backup)] : ["qm", vmScript(guest, backup)];
  return [PATH, "set -eu", ...ownGuestOnly(tool, guest, labTag(name)), ...restore].join("\n");
}

/** `--force` overwrites whatever holds the VMID. */
function ownGuestOnly(tool: string, { name, vmid }: Guest, tag: string): string[] {
  const refusal =
    `VMID ${vmid}, wanted for ${name}, belongs to a guest without the tag ${tag}, which would be overwritten. ` +
    `Give ours a free VMID; or, if that one is meant, add the tag: ${tool} set ${vmid} --tags ${tag}`;
  return [
    `if config=$(${tool} config ${vmid} 2>/dev/null); then`,
    `  printf '%s\\n' "$config" | sed -n 's/^tags: *//p' | tr ' ,;' '\\n\\n\\n' | grep -qxF -e ${shellQuote(tag)} || {`,
    `    echo ${shellQuote(refusal)} >&2`,
    "    exit 1",
    "  }",
    "fi",
  ];
}

function containerScript(guest: Extract<Guest, { kind: "container" }>, { volid }: Backup): string[] {
  const { started, vmid } = guest;
  return [
    `if pct status ${vmid} 2>/dev/null | grep -q running; then pct stop ${vmid}; fi`,
    ["pct", "restore", vmid, shellQuote(volid), "--force", "1", ...placement(guest)].join(" "),
    ...(started ? [`pct start ${vmid}`] : []),
  ];
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
function vmScript({ started, vmid }: Guest, { volid }: Backup): string[] {
  return [
    `if qm status ${vmid} 2>/dev/null | grep -q running; then qm stop ${vmid}; fi`,
    `qmrestore ${shellQuote(volid)} ${vmid} --force 1`,
    ...(started ? [`qm start ${vmid}`] : []),
  ];
}

/** What a restore takes from the guest that is there, and what it cannot bring back. */
export function restoreLosses(lab: Lab, { name }: Guest): readonly string[] {
  const { leftOut = [] } = backupCoverage(lab).find(({ guest }) => guest === name) ?? {};
  const volumes = leftOut.filter(({ kind }) => kind === "volume");
  return ["everything written since then", ...volumes.map(({ what }) => `${what}, which backups do not hold`)];
}
