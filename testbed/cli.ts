import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { type LoadResult, loadLab } from "../model";
import type { Lab } from "../model/lab";
import { formatProblem } from "../model/problem";
import { equipmentFor } from "./equipment";
import { removeLxcTestbed } from "./guests/lxc-backend";
import { pointing } from "./pointing";
import { stillRuns } from "./processes";
import { ask, filesOf, type RunInfo, readRun, removeRun } from "./run-files";
import { serve } from "./serve";

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 60_000;

interface UpOptions {
  readonly id: string;
  readonly port: number;
  readonly nodes: string;
  readonly inert?: true;
  /** A lab: its name or its path. */
  readonly for?: string;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError("expected 0 to 65535");
  return value;
}

async function until<T>(what: string, milliseconds: number, look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(100)) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} within ${milliseconds / 1000} s`);
}

/** @throws Error with everything that is wrong with the lab */
function labNamed(target: string): { result: LoadResult; lab: Lab } {
  const result = loadLab(target);
  if (result.lab) return { result, lab: result.lab };
  const errors = result.problems.filter(({ severity }) => severity === "error").map((each) => formatProblem(each));
  throw new Error(`the lab ${target} has errors:\n${errors.join("\n")}`);
}

async function up(options: UpOptions): Promise<void> {
  if (options.for !== undefined) labNamed(options.for);
  const running = readRun(options.id);
  if (running && stillRuns(running)) return describe(running, options.for);
  removeRun(options.id);
  const { log } = filesOf(options.id);
  const output = openSync(log, "w", 0o600);
  const words = ["serve", "--id", options.id, "--port", String(options.port), "--nodes", options.nodes];
  const child = spawn(
    process.execPath,
    [
      ...[...process.execArgv, __filename, ...words],
      ...(options.inert ? ["--inert"] : []),
      ...(options.for === undefined ? [] : ["--for", options.for]),
    ],
    {
      detached: true,
      stdio: ["ignore", output, output],
    },
  );
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  const run = await until("the testbed did not come up", START_TIMEOUT_MS, () => {
    if (ended) throw new Error(`the testbed did not come up; its log says why: ${log}`);
    return readRun(options.id);
  });
  child.unref();
  describe(run, options.for);
}

/** @param target a lab that is to be led there */
function describe(run: RunInfo, target?: string): void {
  for (const line of run.notes) say(line);
  say(`API      ${run.url} (self-signed: insecure = true)`);
  say(`root     ${run.credentials.rootUser}, password ${run.credentials.rootPassword}`);
  say(`token    ${run.credentials.labToken}`);
  for (const node of run.nodes) {
    const access =
      node.sshPort === undefined ? "" : `: ssh -p ${node.sshPort} -i ${node.privateKeyFile} root@${node.address}`;
    say(`node     ${node.name}, ${run.backend} guests${access}`);
  }
  if (target === undefined) return;
  const { lab, result } = labNamed(target);
  for (const line of ["", ...pointing(result, lab, run)]) say(line);
}

async function down(options: { id: string }): Promise<void> {
  const run = readRun(options.id);
  if (run && stillRuns(run)) {
    process.kill(run.pid, "SIGTERM");
    await until("the testbed did not go down", STOP_TIMEOUT_MS, () => (stillRuns(run) ? undefined : true));
  }
  if (process.getuid?.() === 0) await removeLxcTestbed({ id: options.id });
  removeRun(options.id);
  say(run ? "The testbed is down." : "There was no testbed; what one might have left is removed.");
}

interface Status {
  readonly guests: readonly { vmid: number; node: string; type: string; running: boolean; name: string }[];
  readonly faults: readonly { id: number; on: string; fault: string; left?: number }[];
}

async function status(options: { id: string; for?: string }): Promise<void> {
  const run = readRun(options.id);
  if (!run || !stillRuns(run)) {
    say("There is no testbed; start one with: npm run testbed -- up");
    process.exitCode = 3;
    return;
  }
  describe(run, options.for);
  const { guests, faults } = (await ask(options.id, "status")) as Status;
  for (const guest of guests) {
    say(
      `guest    ${guest.vmid} ${guest.name} (${guest.type}) on ${guest.node}: ${guest.running ? "running" : "stopped"}`,
    );
  }
  for (const { on, fault, left } of faults)
    say(`fault    ${fault} on ${on}${left === undefined ? "" : `, ${left} times`}`);
}

async function fault(kind: string | undefined, options: { id: string; on: string; times?: string }): Promise<void> {
  if (kind === undefined) {
    await ask(options.id, "clear-faults");
    say("No faults any more.");
    return;
  }
  await ask(options.id, "add-fault", {
    fault: kind,
    on: options.on,
    ...(options.times ? { times: options.times } : {}),
  });
  say(`${kind} on ${options.on}${options.times ? `, ${options.times} times` : ""}`);
}

const program = new Command("testbed").description("An embedded Proxmox VE node to try a lab on");

const command = (words: string, description: string): Command =>
  program.command(words).description(description).option("--id <id>", "name of the testbed", "default");

command("up", "bring a testbed up, in the background")
  .option("--port <port>", "port of the API on 127.0.0.1; 0: any free one", port, 8006)
  .option("--nodes <names>", "names of the cluster's nodes", "pve1")
  .option("--inert", "guests are state only, even where real ones could run")
  .option("--for <lab>", "have the nodes, bridges and storages of a lab, and say what leads a copy of it here")
  .action(up);
command("down", "take the testbed down and remove all that it left, also after a crash").action(down);
command("status", "say what runs").option("--for <lab>", "say what leads a copy of a lab here, too").action(status);
command("reset", "destroy all guests and go back to a fresh installation").action(async ({ id }: { id: string }) => {
  await ask(id, "reset");
  say("The testbed is as new.");
});
command("fault [kind]", "let requests fail on demand, for example fail-task=no-space; without a kind: no more faults")
  .option("--on <pattern>", "method and path as in the API schema, * for anything", "*")
  .option("--times <n>", "how often; default: always")
  .action(fault);
command("die [milliseconds]", "cut all connections to the API, and let it come back").action(
  async (milliseconds: string | undefined, { id }: { id: string }) => {
    await ask(id, "die", { milliseconds: milliseconds ?? "1000" });
  },
);
command("serve", "run a testbed in the foreground")
  .option("--port <port>", "port of the API on 127.0.0.1; 0: any free one", port, 8006)
  .option("--nodes <names>", "names of the cluster's nodes", "pve1")
  .option("--inert", "guests are state only, even where real ones could run")
  .option("--for <lab>", "have the nodes, bridges and storages of a lab")
  .action((options: UpOptions) =>
    serve({
      id: options.id,
      port: options.port,
      nodes: options.nodes.split(","),
      inert: options.inert === true,
      ...(options.for === undefined ? {} : { equipment: equipmentFor(labNamed(options.for).lab) }),
    }),
  );

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`testbed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
