import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COLLECTOR } from "../../cli/terraform/terraform";
import { addressOf, GENERATED_NODES, guestName } from "../generate";
import { atMost, type Line, measured, type Outcome, type Result, type Say, skipped } from "../line";
import { compare, NODE_TYPESCRIPT, ROOT, run, seconds } from "../measure";
import { outputFolder, temporaryFolder } from "../project";

const ENV = {
  // Nothing is listening there, and nothing needs to: the plan of a stack that does not exist yet asks the API for nothing.
  TF_VAR_proxmox_api_token: "bench@pve!bench=00000000-0000-4000-8000-000000000000",
  PROXMOX_VE_API_TOKEN: "bench@pve!bench=00000000-0000-4000-8000-000000000000",
};

const FEW = 28;
const MANY = 1_000;
const ROUNDS = 7;

/** What the same guests are written as by hand; each returns a folder for Terraform. docs/decisions/0010-speed.md */
const YARDSTICKS = {
  chained: (count: number) => sameLab(count, "steps-chained.tf"),
  indexed: (count: number) => sameLab(count, "steps-indexed.tf"),
  bare: (count: number) => temporaryFolder({ "main.tf": hcl("bare.tf"), "guests.tf": `locals {\n${guests(count)}}\n` }),
};

/** How ours is planned: as `npm run diff` has Terraform do it, or as HCL is, by `terraform plan` and nothing else. */
const WAYS = {
  diff: { env: COLLECTOR, told: "" },
  alike: { env: {}, told: ", without what npm run diff tells Go's garbage collector" },
};

type Way = keyof typeof WAYS;
type Yardstick = keyof typeof YARDSTICKS;

const TOLD: Readonly<Record<Yardstick, string>> = {
  chained: "",
  indexed: ", its steps looking their guests up by key",
  bare: ", without its protections, credentials and outputs",
};

export const plan: Line = {
  name: "plan",
  title: "terraform plan of the generated guests, against the same lab in HCL with for_each; real providers",
  async measure(say): Promise<Outcome> {
    if (spawnSync("terraform", ["version"]).error) return skipped("there is no terraform on PATH");
    const [ours, theirs] = [ourStack(FEW), YARDSTICKS.chained(FEW)];
    const unready = [ours, theirs].map(init).find((problem) => problem !== undefined);
    if (unready !== undefined) return skipped(`terraform init failed: ${unready}`);
    return measured(
      few(say, ours, "diff", "chained", theirs),
      few(say, ours, "alike", "chained", theirs),
      ...(["indexed", "bare"] as const).map((name) => few(say, ours, "alike", name, ready(YARDSTICKS[name](FEW)))),
      ...many(say),
    );
  },
};

function few(say: Say, ours: string, way: Way, name: Yardstick, folder: string): Result {
  say(`${whatIs(FEW, way, name)}: ${ROUNDS} plans of each, in turns`);
  const { from, ratio } = compare(
    () => planOnce(ours, way),
    () => planOnce(folder),
    ROUNDS,
  );
  return result(FEW, way, name, { value: ratio, from });
}

/** Ours before and after each of theirs, which takes a minute and longer, so that both meet the same moods of the machine. */
function many(say: Say): Result[] {
  const folder = ready(ourStack(MANY));
  const planned = (told: string, what: string, way?: Way) => {
    say(`${MANY.toLocaleString("en")} guests: a plan of ${told}`);
    return planOnce(what, way);
  };
  const both = () => ({
    diff: planned("ours", folder, "diff"),
    alike: planned(`ours${WAYS.alike.told}`, folder, "alike"),
  });
  let before = both();
  return (Object.keys(YARDSTICKS) as Yardstick[]).flatMap((name) => {
    const theirs = planned(`the same in HCL${TOLD[name]}`, ready(YARDSTICKS[name](MANY)));
    const after = both();
    const results = (name === "chained" ? (["diff", "alike"] as const) : (["alike"] as const)).map((way) => {
      const ours = (before[way] + after[way]) / 2;
      const from = `${seconds(ours)} (mean of one before and one after) against ${seconds(theirs)} (one run)`;
      return result(MANY, way, name, { value: ours / theirs, from });
    });
    before = after;
    return results;
  });
}

function result(count: number, way: Way, name: Yardstick, measured: Pick<Result, "from" | "value">): Result {
  const limit = way === "diff" ? { limit: atMost(count === FEW ? 1 : 0.1) } : {};
  return {
    what: whatIs(count, way, name),
    unit: "x",
    ...limit,
    ...measured,
  };
}

const whatIs = (count: number, way: Way, name: Yardstick): string =>
  `${count.toLocaleString("en")} guests${TOLD[name]}${WAYS[way].told}`;

function ourStack(count: number): string {
  const out = outputFolder();
  const child = join(ROOT, "bench", "children", "our-stack.ts");
  run({ program: "node", args: [...NODE_TYPESCRIPT, child, String(count), out] });
  return join(out, "stacks", "generated");
}

function sameLab(count: number, steps: string): string {
  const files = { "main.tf": hcl("same-lab.tf"), "steps.tf": hcl(steps), "guests.auto.tfvars": guests(count) };
  return temporaryFolder(files, ["provision"]);
}

const hcl = (name: string) => readFileSync(join(ROOT, "bench", "yardstick", name), "utf8");

/** The map of guests, as HCL. */
function guests(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const { name } = GENERATED_NODES[index % GENERATED_NODES.length]!;
    const place = `vmid = ${1000 + index}, node = "${name}", address = "${addressOf(index)}/12"`;
    return `  "${guestName(index)}" = { ${place}, cores = 2, memory = 2048, disk = 8 }\n`;
  });
  return `guests = {\n${lines.join("")}}\n`;
}

/** @returns why it could not be done */
function init(cwd: string): string | undefined {
  try {
    run({ program: "terraform", args: ["init", "-input=false", "-no-color"], cwd });
    return undefined;
  } catch (error) {
    return String(error).slice(-300);
  }
}

function ready(folder: string): string {
  const problem = init(folder);
  if (problem !== undefined) throw new Error(`terraform init failed: ${problem}`);
  return folder;
}

function planOnce(cwd: string, way: Way = "alike"): number {
  const args = ["plan", "-input=false", "-lock=false", "-no-color"];
  return run({ program: "terraform", args, cwd, env: { ...ENV, ...WAYS[way].env } }).seconds;
}
