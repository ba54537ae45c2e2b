import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTime, stillRuns } from "../processes";
import { makeFolder } from "./files";
import { NODE_SHIFT } from "./images";
import type { TestbedPaths } from "./paths";
import { type CommandResult, HOST_SCRIPTS, lastLine, type RunOptions, run, runToEnd, sleep, until } from "./shell";

/** Where the package proxy listens: an address of the range for benchmarks (RFC 2544), which no lab uses. */
export const PACKAGE_PROXY = { host: "198.18.0.1", port: 3142 } as const;

/** The network that guests without addresses of their own get theirs from; exists only inside the namespaces. */
export const DEFAULT_NETWORK = {
  router: "10.77.0.1",
  prefix: 24,
  dhcp: ["10.77.0.100", "10.77.0.199"],
  node: (index: number) => `10.77.0.${2 + index}`,
} as const;

/**
 * The namespaces in which a testbed lives. They outlast the process that made them, so that an API that was killed
 * finds its guests again, and end with one process, so that nothing can be left behind.
 */
export class World {
  private readonly routed = new Set<string>();

  private constructor(
    readonly paths: TestbedPaths,
    /** Process id, on the host, of the init of the namespaces. */
    readonly pid: number,
    /** Whether it was there before. */
    readonly found: boolean,
  ) {}

  /** Finds the testbed's namespaces or makes them. */
  static async open(paths: TestbedPaths): Promise<World> {
    const living = livingPid(paths);
    if (living !== undefined) return new World(paths, living, true);
    await World.remove(paths);
    await makeFolders(paths);
    mkdirSync(paths.images, { recursive: true });
    writeFileSync(join(paths.state, "subid"), `root:${NODE_SHIFT}:1000000\n`);
    const log = openSync(join(paths.state, "world.log"), "w");
    const { router, prefix, dhcp } = DEFAULT_NETWORK;
    const script = ["sh", join(HOST_SCRIPTS, "world.sh"), "enter", paths.cgroup, paths.state, paths.images];
    const child = spawn(
      "unshare",
      ["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"].concat(
        script,
        `${router}/${prefix}`,
        ...dhcp,
        PACKAGE_PROXY.host,
      ),
      { stdio: ["ignore", log, log], detached: true },
    );
    child.unref();
    await until("the testbed's namespaces", 20, async () => {
      if (existsSync(join(paths.state, "world.ready"))) return true;
      if (child.exitCode === null) return undefined;
      const reason = lastLine(readFileSync(join(paths.state, "world.log"), "utf8"));
      throw new Error(`cannot make the testbed's namespaces: ${reason ?? `exit code ${child.exitCode}`}`);
    });
    const pid = Number(readFileSync(join(paths.state, "world.pid"), "utf8"));
    writeFileSync(join(paths.state, "world.json"), JSON.stringify({ pid, started: startTime(pid) }));
    return new World(paths, pid, false);
  }

  /** Ends every process of the testbed and removes its folder and cgroup, also after a crash; nothing there is no error. */
  static async remove(paths: TestbedPaths): Promise<void> {
    // The folder goes last, so that without it there is nothing; and where guests cannot run, the sweep cannot either.
    if (!existsSync(paths.state)) return;
    const living = livingPid(paths);
    if (living !== undefined) {
      process.kill(living, "SIGKILL");
      await until("the end of the testbed's namespaces", 20, async () =>
        livingPid(paths) === undefined ? true : undefined,
      );
    }
    await run("unshare", ["--mount", "sh", join(HOST_SCRIPTS, "sweep.sh"), paths.cgroup]);
    // The kernel lets go of the last mounts a moment after the last process.
    for (let attempt = 0; ; attempt++) {
      try {
        rmSync(paths.state, { recursive: true, force: true });
        return;
      } catch (error) {
        if (attempt === 50) throw error;
        await sleep(50);
      }
    }
  }

  /** Runs a command inside the namespaces, as root. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<string> {
    return run("nsenter", this.enter(command, args), options);
  }

  runToEnd(command: string, args: readonly string[], options?: RunOptions): Promise<CommandResult> {
    return runToEnd("nsenter", this.enter(command, args), options);
  }

  private enter(command: string, args: readonly string[]): string[] {
    const namespaces = ["-m", "-n", "-p", "-i", "-u", "-C"];
    return ["-t", String(this.pid), ...namespaces, "--", "sh", join(HOST_SCRIPTS, "inside.sh"), command, ...args];
  }

  /** A path inside the namespaces, as the host's processes reach it. */
  path(inside: string): string {
    return `/proc/${this.pid}/root${inside}`;
  }

  /** Makes the world the router of a lab's network: it answers at `gateway` (with prefix length) on a shared bridge. */
  async route(gateway: string, bridge = "lan"): Promise<void> {
    if (this.routed.has(gateway)) return;
    await this.run("ip", ["address", "replace", gateway, "dev", bridge]);
    this.routed.add(gateway);
  }
}

/** What the nodes share. Nodes of devices must be made by the machine's root; the nodes only show them. */
async function makeFolders({ state }: TestbedPaths): Promise<void> {
  for (const folder of ["names", "nodes"]) mkdirSync(join(state, folder), { recursive: true });
  for (const folder of ["guests", "volumes", "dev"]) makeFolder(join(state, folder), NODE_SHIFT);
  await run("mknod", ["-m", "666", join(state, "dev", "tun"), "c", "10", "200"]);
  await run("mknod", ["-m", "666", join(state, "dev", "fuse"), "c", "10", "229"]);
}

/** Process id of the init of a testbed that runs, checked against the reuse of process ids. */
export function livingPid(paths: TestbedPaths): number | undefined {
  let record: { pid: number; started?: string };
  try {
    record = JSON.parse(readFileSync(join(paths.state, "world.json"), "utf8"));
  } catch {
    return undefined;
  }
  return stillRuns(record) ? record.pid : undefined;
}
