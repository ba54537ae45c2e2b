import { rmSync } from "node:fs";
import { inertBackend, startTestbed, type Testbed, type TestbedOptions } from "./api/index";
import type { Equipment } from "./equipment";
import { createLxcBackend, type LxcBackend, type LxcBackendOptions, probeGuests } from "./guests/lxc-backend";
import { startTime } from "./processes";
import { filesOf, type RunInfo, writeRun } from "./run-files";

export interface ServeOptions {
  readonly id: string;
  readonly port: number;
  readonly nodes: readonly string[];
  /** What it has for a lab; names the nodes. @default nodes as they are installed, by `nodes` */
  readonly equipment?: Equipment;
  /** Guests are state only. */
  readonly inert: boolean;
  /** Told what takes long. @default standard output */
  readonly log?: (line: string) => void;
}

export interface Running {
  readonly testbed: Testbed;
  readonly info: RunInfo;
}

/** Why guests will be inert, in lines for the user; empty when they can be real. */
export async function whyInert(options: Pick<ServeOptions, "inert">): Promise<string[]> {
  if (options.inert) return ["Guests are inert: asked for."];
  const probe = await probeGuests();
  if (probe.ok) return [];
  const remedy = probe.install === undefined ? [] : [`  to have real ones: ${probe.install}`];
  return [`Guests are inert, for want of ${probe.missing.join(", ")}.`, ...remedy];
}

/** What limits real guests here, in lines for the user. */
async function limits(): Promise<string[]> {
  const probe = await probeGuests();
  return probe.ok && probe.advice !== undefined ? [`Guests are real; ${probe.advice}`] : [];
}

/** Runs a testbed until it is told to end. */
export async function serve(options: ServeOptions): Promise<void> {
  const { testbed } = await bringUp(options);
  await endSignal();
  await testbed.close();
}

/** Brings a testbed up in this process, with real guests where they can run; the command line finds it by its id. */
export async function bringUp(options: ServeOptions): Promise<Running> {
  const { snapshot, socket } = filesOf(options.id);
  const notes = await whyInert(options);
  rmSync(socket, { force: true });
  const {
    folders = {},
    routers = {},
    ...initial
  }: Partial<Equipment> & Pick<Equipment, "nodes"> = options.equipment ?? {
    nodes: options.nodes.map((name) => ({ name })),
  };
  const nodes = initial.nodes.map(({ name }) => ({ name, folders: folders[name] ?? [], bridges: routers[name] ?? {} }));
  const api = { port: options.port, localSocket: socket, snapshotFile: snapshot, ...initial };
  const log = options.log ?? ((line: string) => void process.stdout.write(`${line}\n`));
  const { testbed, backend }: WithGuests =
    notes.length > 0
      ? { testbed: await startTestbed({ ...api, backend: inertBackend() }) }
      : await startWithGuests({ id: options.id, nodes, log }, api);
  const names = nodes.map(({ name }) => name);
  const info = runInfo(names, testbed, backend, backend ? await limits() : notes);
  writeRun(options.id, info);
  return { testbed, info };
}

interface WithGuests {
  readonly testbed: Testbed;
  /** What real guests run on; absent: they are inert. */
  readonly backend?: LxcBackend;
}

/**
 * Brings up nodes with real guests, and the API that their `pct` asks; closing the API takes both down.
 *
 * @throws Error when real guests cannot run here, or a port is taken
 */
export async function startWithGuests(
  guests: Omit<LxcBackendOptions, "api">,
  options: Omit<TestbedOptions, "backend">,
): Promise<Required<WithGuests>> {
  let testbed: Testbed | undefined;
  const backend = await createLxcBackend({
    ...guests,
    api: async (call) => (await testbed?.local(call)) ?? { status: 595, message: "the API is not up" },
  });
  try {
    testbed = await startTestbed({ ...options, backend });
    return { testbed, backend };
  } catch (error) {
    // What was there before this process is not its to remove.
    await backend.close({ keep: backend.found });
    throw error;
  }
}

function runInfo(
  names: readonly string[],
  testbed: Testbed,
  real: LxcBackend | undefined,
  notes: readonly string[],
): RunInfo {
  const nodes = names.map((name) => {
    const access = real?.nodes[name];
    return access ?? { name };
  });
  const { url, credentials, backend } = testbed;
  const started = startTime(process.pid);
  const own = { pid: process.pid, ...(started === undefined ? {} : { started }) };
  return { ...own, url, backend: backend.kind, credentials, nodes, notes };
}

const endSignal = (): Promise<void> =>
  new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
