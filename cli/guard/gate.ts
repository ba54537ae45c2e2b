import { suggest } from "../../model/schema/nearest";
import { EXIT, type ExitCode, type Io } from "../output";
import type { Planned } from "../terraform/operate";
import { tokenOf } from "../terraform/probe";
import { guardPlan } from "./judge";
import { summary, tell, tellHost } from "./tell";
import type { Verdict } from "./verdict";
import { askHost, type HostAnswer } from "./vmids";

/** What a plan is judged with. */
export type Judged = Pick<Planned, "allow" | "io" | "lab" | "plan" | "secrets"> & {
  readonly json?: boolean;
  /** The host is not asked who holds VMIDs. @default false */
  readonly offline?: boolean;
};

/** What `npm run deploy` asks before it applies a plan. */
export const guardGate = (planned: Planned): Promise<ExitCode> => judge(planned);

/** What `npm run diff` says at the end: what the plan comes to, without asking the host. */
export function guardView({ io, lab, plan }: Planned): void {
  const verdicts = guardPlan(plan, lab);
  io.out("");
  tell(verdicts, io);
  io.out(`${io.colors.bold(lab.name)}: ${summary(verdicts)}`);
}

/**
 * Tells a plan and judges it: 0 nothing is destroyed that is not allowed, 1 the plan is not whole or would take over
 * somebody else's guest, 3 something would be destroyed, or the apply would fail.
 */
export async function judge({
  allow,
  io,
  json = false,
  lab,
  offline = false,
  plan,
  secrets,
}: Judged): Promise<ExitCode> {
  const verdicts = guardPlan(plan, lab);
  const answer: HostAnswer = offline
    ? { asked: false, why: "--offline" }
    : await askHost(verdicts, lab, tokenOf(secrets));
  const refused = verdicts.filter(
    (verdict) => verdict.isDestructive && !verdict.isForbidden && !isAllowed(verdict, allow),
  );
  const failing = verdicts.filter(({ isForbidden, outcome }) => isForbidden || outcome === "fails");
  const isIncomplete = plan.errored === true;
  if (json)
    io.out(
      JSON.stringify(
        { verdicts, host: answer, refused: [...refused, ...failing].map(({ subject }) => subject) },
        undefined,
        2,
      ),
    );
  else {
    tell(verdicts, io);
    tellHost(answer, io);
    io.out(`${io.colors.bold(lab.name)}: ${summary(verdicts)}`);
  }
  tellUnused(allow, verdicts, io);
  if (isIncomplete) io.err("the plan stopped at an error and is not complete; mend that first");
  if (isIncomplete || (answer.asked && answer.taken.length > 0)) return EXIT.problems;
  tellRefused(
    refused.map((verdict) => nameOf(verdict, verdicts)),
    failing,
    io,
  );
  return refused.length + failing.length === 0 ? EXIT.ok : EXIT.refused;
}

function tellRefused(destroyed: readonly string[], failing: readonly Verdict[], io: Io): void {
  const word = io.colors.red("refused");
  const names = [...new Set(destroyed)];
  if (names.length > 0) {
    const allowing = names.map((name) => `--allow ${name}`).join(" ");
    io.err(`${word}: ${names.join(", ")} would be destroyed; if that is meant, allow it by name: ${allowing}`);
  }
  for (const { changes, isForbidden = false, subject } of failing) {
    const reasons = changes.filter(({ effect, fix }) => (isForbidden ? fix !== undefined : effect === "fails"));
    const texts = reasons.map(({ text }) => text).join(", ");
    const fixes = [...new Set(reasons.map(({ fix = "correct the inventory" }) => fix))].join("; ");
    const what = isForbidden ? `${subject} must not be destroyed` : `a change of ${subject} would fail`;
    io.err(`${word}: ${what}: ${texts}; ${fixes}`);
  }
}

const isAllowed = ({ address, subject }: Verdict, allow: readonly string[]): boolean =>
  allow.includes(subject) || allow.includes(address);

/** Two things of one name are told apart by their addresses. */
const nameOf = ({ address, subject }: Verdict, all: readonly Verdict[]): string =>
  all.filter((each) => each.isDestructive && each.subject === subject).length > 1 ? address : subject;

/** A name that allows nothing is a slip of the pen, or means that the plan is another than was thought. */
function tellUnused(allow: readonly string[], verdicts: readonly Verdict[], io: Io): void {
  const known = verdicts
    .filter(({ isDestructive }) => isDestructive)
    .flatMap(({ address, subject }) => [subject, address]);
  for (const name of allow)
    if (!known.includes(name))
      io.err(`--allow ${name}: this plan destroys nothing of that name; ${suggest(name, known)}`);
}
