import { type Action, actionOf, type ResourceChange, type Values } from "./plan";

/** A role that runs, or is no longer applied, on a guest or node. */
export interface StepChange {
  readonly owner: string;
  readonly role: string;
  readonly runs: boolean;
  /** ` again: its settings changed`; empty: for the first time. */
  readonly again: string;
  /** It has run well before, and nobody asked for it again: what it did then is done. */
  readonly stands: boolean;
}

/** What becomes of roles, those that run for the same reason in one. */
export function stepTexts(steps: readonly StepChange[]): string[] {
  const reasons = [...new Set(steps.filter(({ runs }) => runs).map(({ again }) => again))];
  const gone = steps.filter(({ runs }) => !runs).map(({ role }) => role);
  return [
    ...reasons.map((again) => {
      const roles = steps.filter((step) => step.runs && step.again === again).map(({ role }) => role);
      return `runs ${roles.join(", ")}${again}`;
    }),
    ...(gone.length > 0 ? [`no longer applies ${gone.join(", ")}; what was done stays`] : []),
  ];
}

const WHY: Readonly<Record<string, string>> = {
  guest: "the guest is made anew",
  scripts: "its scripts changed",
  settings: "its settings changed",
};

/**
 * A step, `null_resource.<guest or node>_<role>`: it runs when it is made or made anew; taken out of the configuration,
 * nothing of what it did is undone.
 */
export function stepChange(change: ResourceChange, owners: ReadonlySet<string>): StepChange | undefined {
  const action = actionOf(change);
  if (action === "nothing" || action === "update") return undefined;
  const found = ownedBy(change.name, owners);
  return (
    found && { ...found, runs: action !== "delete", again: reason(change, action), stands: stands(change, action) }
  );
}

const stands = ({ action_reason }: ResourceChange, action: Action): boolean =>
  action === "replace" && action_reason !== "replace_because_tainted" && action_reason !== "replace_by_request";

/** What cdktf ends an address with that constructs/address.ts could not give: `_1pve_hardware_88E1F3DC`. */
const HASH = /_[0-9A-F]{8}$/;

/** The longest name that fits: a guest may be called `web` and another `web_old`. Only a node's begins with a digit. */
function ownedBy(name: string, owners: ReadonlySet<string>): Pick<StepChange, "owner" | "role"> | undefined {
  const prefix = (owner: string) => `${/^\d/.test(owner) ? "_" : ""}${owner}_`;
  const fitting = [...owners].filter((owner) => name.startsWith(prefix(owner)));
  const [owner] = fitting.sort((a, b) => b.length - a.length);
  return owner === undefined ? undefined : { owner, role: name.slice(prefix(owner).length).replace(HASH, "") };
}

function reason(change: ResourceChange, action: Action): string {
  if (action !== "replace") return "";
  if (change.action_reason === "replace_because_tainted") return " again: it failed before";
  if (change.action_reason === "replace_by_request") return " again: asked for by -replace";
  const { after, after_unknown, before } = change.change;
  const [old, next, unknown] = [before, after, after_unknown as Values | undefined].map(
    (each) => (each?.triggers ?? {}) as Values,
  );
  const changed = Object.keys(WHY).filter((key) => unknown?.[key] === true || old?.[key] !== next?.[key]);
  return changed.length > 0 ? ` again: ${changed.map((key) => WHY[key]).join(", ")}` : " again";
}
