import type { Position } from "../../model/problem";
import type { Effect } from "./effects";
import type { Losses } from "./losses";

/** What a plan comes to for a guest, or for something else that it changes; from harmless to final. */
export const OUTCOMES = [
  "configured",
  "adopted",
  "created",
  "forgotten",
  "untouched",
  "live",
  "next start",
  "started",
  "unknown",
  "rebooted",
  "stopped",
  "fails",
  "replaced",
  "destroyed",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Change {
  /** `memory.dedicated: 2048 → 4096`, or a reason in words. */
  readonly text: string;
  readonly effect?: Effect;
  /** The line of the inventory that causes it. */
  readonly at?: Position;
  /** What to do where it is refused, whatever is allowed. @default correct the inventory */
  readonly fix?: string;
}

export interface Verdict {
  /** The guest's or node's name; of anything else the last part of its address. What `--allow` takes, beside the address. */
  readonly subject: string;
  /** `CT 303 on pve1`, `storage`. */
  readonly what: string;
  readonly address: string;
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
  /** Of what is replaced or destroyed. */
  readonly losses?: Losses;
  /** Backup jobs that cover the guest; empty: none that the lab knows. */
  readonly backups?: readonly string[];
  /** Somebody has to allow it by name. */
  readonly isDestructive: boolean;
  /** Nobody can allow it: it would destroy another guest. @default false */
  readonly isForbidden?: boolean;
  /** The VMID that is taken into use, and the lab's tag that its holder would carry. */
  readonly claims?: { readonly vmid: number; readonly kind: "container" | "vm"; readonly tags: readonly string[] };
}

const BY_EFFECT: Readonly<Record<Effect, Outcome>> = {
  untouched: "untouched",
  live: "live",
  "next start": "next start",
  reboot: "rebooted",
  stops: "stopped",
  starts: "started",
  fails: "fails",
  unknown: "unknown",
};

/** The worst that is done to a guest; what restarts one that runs is no more than a change of one that is stopped. */
export function outcomeOf(changes: readonly Change[], isRunning: boolean): Outcome {
  const outcomes = changes.map(({ effect }): Outcome => {
    const outcome = effect ? BY_EFFECT[effect] : "configured";
    const isQuiet = !isRunning && (outcome === "rebooted" || outcome === "next start" || outcome === "live");
    return isQuiet ? "untouched" : outcome;
  });
  return worst(outcomes);
}

export const worst = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.reduce<Outcome>((a, b) => (OUTCOMES.indexOf(b) > OUTCOMES.indexOf(a) ? b : a), "configured");
