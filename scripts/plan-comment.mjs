// Prints the comment that shows, on a pull request, what each lab's plan says.
//
//   LABS='["tiers"]' COMMIT=<sha> RUN_URL=<url> node scripts/plan-comment.mjs FOLDER
//
// FOLDER holds <lab>.txt, the output of `npm run diff`; a lab of LABS without a file failed before it had a plan.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** GitHub refuses comments of more than 65,536 characters. */
const COMMENT_LIMIT = 65_000;
const MARKER = "<!-- lab-plan -->";

const folder = process.argv[2] ?? "plans";
const { COMMIT = "", RUN_URL = "" } = process.env;
const labs = JSON.parse(process.env.LABS || "[]");

const head = [MARKER, `### What this would change (${COMMIT.slice(0, 12)})`, ""];
if (labs.length === 0) head.push("No lab is touched by this pull request.", "");
const room = Math.floor((COMMENT_LIMIT - 500) / Math.max(labs.length, 1)) - 300;
process.stdout.write([...head, ...labs.map(section), `[The run](${RUN_URL})`, ""].join("\n"));

function section(lab) {
  const file = join(folder, `${lab}.txt`);
  const text = existsSync(file) ? clean(readFileSync(file, "utf8")) : "";
  return [
    `<details><summary><b>${lab}</b>: ${summary(text)}</summary>`,
    "",
    fenced(shorten(text)),
    "",
    "</details>",
    "",
  ].join("\n");
}

/** The one line of a plan that an operator looks for first. */
function summary(text) {
  if (/^.*No changes\./m.test(text)) return "no changes";
  const counts = /Plan: (?:\d+ to import, )?\d+ to add, \d+ to change, \d+ to destroy\./.exec(text);
  if (!counts) return "no plan: it failed, see the end of the output";
  const replaced = text.match(/ must be replaced$/gm)?.length ?? 0;
  return counts[0] + (replaced > 0 ? ` ⚠ ${replaced} replaced: destroyed and created anew.` : "");
}

function clean(text) {
  const colour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, "g");
  return text.replaceAll(colour, "").trim();
}

/** Keeps the end, where the counts and the errors are. */
function shorten(text) {
  return text.length <= room
    ? text
    : `… ${text.length - room} characters left out: the run has them all …\n${text.slice(-room)}`;
}

/** A code block that no text can close early. */
function fenced(text) {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text || "(nothing)"}\n${fence}`;
}
