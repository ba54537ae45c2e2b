import { formatPosition } from "../../model/problem";
import type { Colors, Io } from "../output";
import { OUTCOMES, type Outcome, type Verdict } from "./verdict";
import type { HostAnswer } from "./vmids";

const WORDS: Readonly<Record<Outcome, string>> = {
  configured: "configured",
  adopted: "taken over as it is",
  created: "created",
  forgotten: "forgotten by Terraform, and stays",
  untouched: "changed, untouched while it runs",
  live: "changed while it runs",
  "next start": "changed, in force at its next start",
  started: "started",
  unknown: "changed; whether it is rebooted is not known",
  rebooted: "REBOOTED",
  stopped: "STOPPED",
  fails: "changed, WHICH WILL FAIL",
  replaced: "DESTROYED and created anew",
  destroyed: "DESTROYED",
};

/** How a line of an attribute says what it does; nothing where the plan's own words are enough. */
const EFFECTS: Readonly<Record<string, string>> = {
  "next start": "in force at the next start",
  reboot: "reboots",
  stops: "stops it",
  starts: "starts it",
  fails: "the apply will fail",
  unknown: "effect not known",
};

/** Tells a plan, one paragraph for each guest and whatever else it changes. */
export function tell(verdicts: readonly Verdict[], { colors, out }: Io): void {
  for (const verdict of verdicts) {
    out(`${colors.bold(verdict.subject)} (${verdict.what}): ${coloured(verdict.outcome, colors)}`);
    for (const { at, effect, text } of verdict.changes) {
      const inWords = EFFECTS[effect ?? ""];
      out(`  ${text}${inWords ? ` (${inWords})` : ""}${at ? `  ${colors.dim(formatPosition(at))}` : ""}`);
    }
    const { backups, losses } = verdict;
    if (losses && losses.lost.length > 0) out(`  ${colors.red("lost:")} ${losses.lost.join(", ")}`);
    if (losses && losses.kept.length > 0) out(`  stays: ${losses.kept.join(", ")}`);
    if (backups) out(`  backups: ${backups.join("; ") || "no backup job of this lab covers it"}`);
  }
}

function coloured(outcome: Outcome, { green, red, yellow }: Colors): string {
  const word = WORDS[outcome];
  const rank = OUTCOMES.indexOf(outcome);
  if (rank >= OUTCOMES.indexOf("fails")) return red(word);
  return rank >= OUTCOMES.indexOf("next start") ? yellow(word) : green(word);
}

/** `2 created, 1 rebooted, 1 destroyed`. */
export function summary(verdicts: readonly Verdict[]): string {
  const parts = OUTCOMES.map(
    (outcome) => [outcome, verdicts.filter((each) => each.outcome === outcome).length] as const,
  )
    .filter(([, number]) => number > 0)
    .map(([outcome, number]) => `${number} ${WORDS[outcome].toLowerCase()}`);
  return parts.join(", ") || "nothing would change";
}

export function tellHost(answer: HostAnswer, { colors, err, out }: Io): void {
  if (!answer.asked) {
    out(
      `The host could not be asked whether VMIDs are free: ${answer.why}. The apply itself asks before it creates anything.`,
    );
    return;
  }
  for (const line of answer.ours) out(`${line}. It would be taken over as it is.`);
  for (const line of answer.taken)
    err(`${colors.red("error")} ${line}; give our guest a free VMID, or set adopt: true for it`);
}
