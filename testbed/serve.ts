import { rmSync } from "node:fs";
import { inertBackend, startTestbed, type Testbed } from "./api/index";
import { createLxcBackend, type LxcBackend, probeGuests } from "./guests/lxc-backend";
import { filesOf, type RunInfo, writeRun } from "./run-files";

export interface ServeOptions {
  readonly id: string;
  readonly port: number;
  readonly nodes: readonly string[];
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
  let testbed: Testbed | undefined;
  const real =
    notes.length > 0
      ? undefined
      : await createLxcBackend({
          id: options.id,
          nodes: options.nodes.map((name) => ({ name })),
          api: async (call) => (await testbed?.local(call)) ?? { status: 595, message: "the API is not up" },
          log: options.log ?? ((line) => void process.stdout.write(`${line}\n`)),
        });
  testbed = await startTestbed({
    ...{ port: options.port, localSocket: socket, snapshotFile: snapshot },
    nodes: options.nodes.map((name) => ({ name })),
    backend: real ?? inertBackend(),
  });
  const info = runInfo(options, testbed, real, notes);
  writeRun(options.id, info);
  return { testbed, info };
}

function runInfo(
  options: ServeOptions,
  testbed: Testbed,
  real: LxcBackend | undefined,
  notes: readonly string[],
): RunInfo {
  const nodes = options.nodes.map((name) => {
    const access = real?.nodes[name];
    return access ? { name, sshPort: access.sshPort, privateKeyFile: access.privateKeyFile } : { name };
  });
  const { url, credentials, backend } = testbed;
  return { pid: process.pid, url, backend: backend.kind, credentials, nodes, notes };
}

const endSignal = (): Promise<void> =>
  new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
