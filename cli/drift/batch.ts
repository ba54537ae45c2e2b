import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { shellQuote } from "../../constructs/settings-file";
import { document, fileCommand, isSent } from "../../constructs/step-wire";
import type { LabStep } from "../../stacks/lab-steps";
import type { Answer } from "../ssh/connections";

/** Where `scripts` of a step are relative to. */
const PROJECT = resolve(__dirname, "../..");

/** What a check of one role on one host found. */
export interface Finding {
  readonly host: string;
  readonly role: string;
  /** The step's place in Terraform: `null_resource.media_base`. */
  readonly address: string;
  readonly state: "ok" | "drifted" | "failed";
  /** What applying the role would change. */
  readonly changes: readonly string[];
  /** What the operator should know, or why the check failed. */
  readonly notes: readonly string[];
}

/** Steps that one login and one `pct exec` lead to. */
export interface Batch {
  readonly steps: readonly [LabStep, ...LabStep[]];
}

export function batchesOf(steps: readonly LabStep[]): Batch[] {
  const byPlace = new Map<string, [LabStep, ...LabStep[]]>();
  for (const step of steps) {
    const place = JSON.stringify([step.login, step.enter]);
    const known = byPlace.get(place);
    if (known) known.push(step);
    else byPlace.set(place, [step]);
  }
  return [...byPlace.values()].map((each) => ({ steps: each }));
}

/**
 * The shell text that checks a batch where its login leads: what Terraform runs for a step (provision/transport/send.sh),
 * with the files of all steps in one stream.
 *
 * @param secrets values by name
 */
export function scriptOf({ steps: [first, ...rest] }: Batch, secrets: ReadonlyMap<string, string>): string {
  const steps = [first, ...rest];
  const transport = join(dirname(resolve(PROJECT, first.scripts)), "transport");
  const receive = readFileSync(join(transport, "receive.sh"));
  const files = steps.flatMap((step, index) => [
    fileCommand(`${index}/name`, Buffer.from(step.label)),
    fileCommand(`${index}/receive.sh`, receive),
    fileCommand(`${index}/settings.sh`, Buffer.from(step.settings)),
    ...scripts(step.scripts).map(([path, content]) => fileCommand(`${index}/${path}`, content)),
  ]);
  const kept = steps.flatMap((step, index) => secretLines(step, index, secrets));
  return [
    "umask 077",
    `step_name=${shellQuote([...new Set(steps.map(({ host }) => host))].join(" "))}`,
    `step_enter=${shellQuote(first.enter)}`,
    "step_action=check",
    hashedDocument(
      "step_files",
      [fileCommand("receive.sh", readFileSync(join(transport, "several.sh"))), ...files].join(""),
    ),
    ...(kept.length > 0 ? secretsFile(kept.join("")) : ["step_secrets="]),
    readFileSync(join(transport, "send.sh"), "utf8"),
  ].join("\n");
}

/** In memory where the machine has a place for that, as root has; send.sh removes it. */
function secretsFile(content: string): string[] {
  return [
    'for step_parent in "${XDG_RUNTIME_DIR:-/run}" /run /dev/shm .; do',
    '  step_secrets=$(mktemp -d "$step_parent/.proxmox-lab-XXXXXX" 2>/dev/null) && break',
    "done",
    '[ -n "$step_secrets" ] || { echo "$step_name: no folder for secrets: neither /run nor /dev/shm can be written"; exit 97; }',
    `printf %s '${Buffer.from(content).toString("base64")}' | base64 -d >"$step_secrets/secrets.sh"`,
  ];
}

/** The same assignments that Terraform writes for a step. */
function secretLines(step: LabStep, index: number, values: ReadonlyMap<string, string>): string[] {
  const names = Object.keys(step.secrets).sort();
  if (names.length === 0) return [];
  const assignments = names.map((name) => `${name}=${shellQuote(values.get(step.secrets[name] ?? "") ?? "")}\n`);
  return [line(`${index}/secrets.sh`, assignments.join(""))];
}

const line = (path: string, content: string) => `${path} ${Buffer.from(content).toString("base64")}\n`;

/** No text holds its own hash. */
const hashedDocument = (name: string, text: string): string =>
  document(name, text, createHash("sha256").update(text).digest("hex"));

const known = new Map<string, readonly (readonly [string, Buffer])[]>();

/** The files that a step sends: of the library and of the role. */
function scripts(folder: string): readonly (readonly [string, Buffer])[] {
  const found = known.get(folder);
  if (found) return found;
  const role = resolve(PROJECT, folder);
  const library = sentFiles(join(dirname(role), "lib")).map(([path, content]) => [`lib/${path}`, content] as const);
  const files = [...library, ...sentFiles(role)];
  known.set(folder, files);
  return files;
}

function sentFiles(folder: string): (readonly [string, Buffer])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter(isSent)
    .sort()
    .map((path) => [path, readFileSync(join(folder, path))] as const);
}

/** What the answer says of each step; a step that it says nothing of has failed, for the reason of them all. */
export function findingsOf({ steps }: Batch, { errors, output, status }: Answer): Finding[] {
  const blocks = new Map<number, { lines: string[]; status: number }>();
  let lines: string[] = [];
  for (const text of output.split("\n")) {
    const [, number, ended] = /^=(\d+) (\d+)$/.exec(text) ?? [];
    if (number === undefined) {
      lines.push(text);
      continue;
    }
    blocks.set(Number(number), { lines, status: Number(ended) });
    lines = [];
  }
  const rest = `${errors}\n${lines.join("\n")}`.split("\n").filter((text) => text.trim() !== "");
  const why = rest.length > 0 ? rest : [`the connection ended with status ${status ?? "unknown"}`];
  return steps.map((step, index) => {
    const block = blocks.get(index);
    return block ? findingOf(step, block) : { ...of(step), state: "failed", changes: [], notes: why };
  });
}

const of = ({ address, host, role }: LabStep) => ({ host, role, address });

function findingOf(step: LabStep, { lines, status }: { lines: readonly string[]; status: number }): Finding {
  const prefix = new RegExp(`^${step.label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?:: | \\| )`);
  const texts = lines.map((text) => text.replace(prefix, "")).filter((text) => text !== "");
  const changes = texts.filter((text) => text.startsWith(WOULD)).map((text) => text.slice(WOULD.length));
  if (status === 0 || (status === 2 && texts.some((text) => text.startsWith("checked: ")))) {
    const notes = texts.filter((text) => !text.startsWith(WOULD) && !text.startsWith("checked: "));
    return { ...of(step), state: status === 0 ? "ok" : "drifted", changes, notes };
  }
  return { ...of(step), state: "failed", changes: [], notes: texts };
}

const WOULD = "would change: ";
