import { readFileSync } from "node:fs";
import type { TestbedOptions } from "../../../testbed/api/index";
import { type LxcBackend, type LxcBackendOptions, probeGuests } from "../../../testbed/guests/lxc-backend";
import { ssh } from "../../../testbed/guests/ssh";
import { startWithGuests } from "../../../testbed/serve";
import { removeLabFolders } from "../../support/lab-folder";
import { describeOnTestbed, LabRun, type NodeEnd } from "./lab-run";

/** Nodes that are Debians of their own, in which guests run; steps log in to the first, or by `backend.nodes`. */
export class RealNode implements NodeEnd {
  readonly user = "root";

  constructor(readonly backend: LxcBackend) {}

  get port(): number {
    return this.backend.node.sshPort;
  }

  get privateKey(): string {
    return readFileSync(this.backend.node.privateKeyFile, "utf8");
  }

  /**
   * What a script prints in a guest, or on a node without one.
   *
   * @param where `node`: default the first
   * @throws Error with what it said, when it fails
   */
  async run(script: string, { node, vmid }: { node?: string; vmid?: number } = {}): Promise<string> {
    const access = node === undefined ? this.backend.node : this.backend.nodes[node];
    if (!access) throw new Error(`no node is called ${node}`);
    const command = vmid === undefined ? "sh" : `pct exec ${vmid} -- sh`;
    const { code, errors, output } = await ssh(access, command, script);
    if (code === 0) return output.trim();
    throw new Error(`exit code ${code}: ${errors || output}`);
  }

  /** The testbed takes it down. */
  async close(): Promise<void> {}
}

type RealRun = LabRun<RealNode>;

interface RealTests {
  /** From the first test on. */
  readonly run: () => RealRun;
  /** `it` where guests can be real; elsewhere says why nothing was tried. */
  readonly guestTest: (name: string, body: () => Promise<void>) => void;
}

/** What keeps guests from being real here, and the line that installs it; `""` for nothing. */
export async function whyNotReal(): Promise<string> {
  const probe = await probeGuests();
  return probe.ok ? "" : [`missing ${probe.missing.join(", ")}`, ...(probe.install ? [probe.install] : [])].join("; ");
}

/** Tests on a testbed of their own with real guests. @param id names it on this machine, with the process's number */
export function describeOnRealGuests(
  name: string,
  { id, nodes, options = {} }: { id: string; nodes: LxcBackendOptions["nodes"] & object; options?: TestbedOptions },
  tests: (real: RealTests) => void,
): void {
  describeOnTestbed(name, () => {
    let started: RealRun | undefined;
    let blocked = "";

    beforeAll(async () => {
      blocked = await whyNotReal();
      if (blocked !== "") return;
      const guests = { id: `${id}-${process.pid}`, nodes };
      const { backend, testbed } = await startWithGuests(guests, { authDelayMs: 0, ...options });
      started = LabRun.on(testbed, new RealNode(backend));
    });

    afterAll(async () => {
      await started?.close();
      removeLabFolders();
    });

    tests({
      run: () => {
        if (!started) throw new Error("the testbed has not been started");
        return started;
      },
      guestTest: (title, body) =>
        it(title, async () => {
          if (blocked === "") await body();
          else process.stderr.write(`SKIPPED "${title}": ${blocked}\n`);
        }),
    });
  });
}
