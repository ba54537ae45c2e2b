import { pveumCommands } from "../model/credential-roles";
import { type GuestNeeds, labNeeds } from "../model/credentials";
import type { Need } from "../model/credentials/need";
import { wideNeeds } from "../model/credentials/wide";
import type { Lab } from "../model/lab";
import { EXIT, type ExitCode, type Io, table } from "./output";
import { load, resolved } from "./target";

/** Tells which credential each option of each guest needs, and the smallest roles for the token. */
export function credentials(target: string, io: Io): ExitCode {
  const lab = resolved(load(target, io), io);
  if (!lab) return EXIT.problems;
  const all = labNeeds(lab);
  for (const needs of all) guestTable(needs, io);
  const wide = wideNeeds(lab);
  if (wide.length > 0) needsTable("the lab itself: managed by the token", wide, io);
  io.out(rootSummary(all, wide, io));
  io.out("");
  io.out(commands(lab, io));
  return EXIT.ok;
}

function guestTable({ credential, guest, needs, vmid }: GuestNeeds, io: Io): void {
  const managed = credential === "root" ? io.colors.yellow("managed by root@pam") : "managed by the token";
  needsTable(`${io.colors.bold(guest)} (${vmid}): ${managed}`, needs, io);
}

function needsTable(title: string, needs: readonly Need[], { out, colors }: Io): void {
  out(title);
  const rows = needs.map((need) => [
    need.option,
    need.credential === "root" ? colors.yellow("root@pam") : "token",
    need.credential === "root"
      ? `${need.why}; to avoid it, ${need.avoid}`
      : need.grants.map(({ path, privilege }) => `${privilege} (${path})`).join(", "),
  ]);
  out(table(["OPTION", "CREDENTIAL", "PRIVILEGE OR REASON"], rows, colors));
  out("");
}

function rootSummary(all: readonly GuestNeeds[], wide: readonly Need[], { colors }: Io): string {
  const root = all.filter(({ credential }) => credential === "root");
  const own = wide.filter(({ credential }) => credential === "root").map(({ option }) => `  the lab itself: ${option}`);
  if (root.length + own.length === 0) return "No guest needs root@pam: only TF_VAR_proxmox_api_token is asked for.";
  const lines = root.map(({ guest, needs }) => {
    const options = needs.filter(({ credential }) => credential === "root").map(({ option }) => option);
    return `  ${guest}: ${options.join(", ")}`;
  });
  return [colors.bold("TF_VAR_proxmox_root_password is needed as well, for:"), ...own, ...lines].join("\n");
}

function commands(lab: Lab, { colors }: Io): string {
  const notes = [
    "# The smallest roles for this lab's token. Run them as root on a node; 'token add' prints the token, once.",
    "# A token with --privsep has only what both it and its user hold, hence each grant twice. A role on a path replaces",
    "# what comes from above it, hence one role a path. /vms as a whole: the rights on a single guest vanish with it.",
  ];
  return [...notes.map((note) => colors.dim(note)), ...pveumCommands(lab)].join("\n");
}
