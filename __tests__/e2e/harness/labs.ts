import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Guest, Lab } from "../../../model/lab";
import { startTestbed, type Testbed, type TestbedOptions } from "../../../testbed/api/index";
import { GUEST_SHIFT } from "../../../testbed/guests/images";
import type { NodeOptions } from "../../../testbed/guests/lxc-backend";
import { startWithGuests } from "../../../testbed/serve";
import { LabCopy } from "./lab-copy";
import { describeOnTestbed, LabRun, type NodeEnd } from "./lab-run";
import { NodeShell } from "./node-shell";
import { RealNode, whyNotReal } from "./real-guests";
import { grantPrinted } from "./roles";

/** How a node is reached from this machine. */
interface Way {
  readonly address: string;
  readonly port: number;
}

/** The shells of a lab's nodes, all opened by one key. */
interface Nodes extends NodeEnd {
  way(node: string): Way;
}

/** Nodes whose steps are noted. */
class NotedNodes implements Nodes {
  readonly user: string;
  readonly privateKey: string;

  private constructor(readonly shells: ReadonlyMap<string, NodeShell>) {
    const [first] = shells.values();
    if (!first) throw new Error("a lab has at least one node");
    this.user = first.user;
    this.privateKey = first.privateKey;
  }

  static async start(testbed: Testbed): Promise<NotedNodes> {
    const shells = new Map<string, NodeShell>();
    for (const name of Object.keys(testbed.state.nodes)) {
      const [first] = shells.values();
      shells.set(name, await NodeShell.start(testbed, name, first));
    }
    return new NotedNodes(shells);
  }

  get port(): number {
    return [...this.shells.values()][0]?.port ?? 0;
  }

  way(node: string): Way {
    return { address: "127.0.0.1", port: known(this.shells.get(node), node).port };
  }

  /** Steps since the last call: `web base`. */
  taken(): string[] {
    return [...this.shells.values()].flatMap((shell) => shell.taken());
  }

  async close(): Promise<void> {
    for (const shell of this.shells.values()) await shell.close();
  }
}

class RealNodes extends RealNode implements Nodes {
  way(node: string): Way {
    const { address, sshPort } = known(this.backend.nodes[node], node);
    return { address, port: sshPort };
  }
}

function known<T>(found: T | undefined, node: string): T {
  if (found === undefined) throw new Error(`no node is called ${node}`);
  return found;
}

/** One of the labs of inventory/, on a testbed. */
export class LabOnTestbed {
  readonly copy: LabCopy;
  readonly run: LabRun<Nodes>;

  constructor(
    name: string,
    readonly testbed: Testbed,
    readonly nodes: NotedNodes | RealNodes,
  ) {
    this.copy = new LabCopy(name);
    this.run = LabRun.on<Nodes>(testbed, nodes);
  }

  /** Nodes and containers that are Debians of their own; absent where nothing but the API's state is there. */
  get real(): RealNode | undefined {
    return this.nodes instanceof RealNode ? this.nodes : undefined;
  }

  /** Writes the lab as the copy has it now, with no rights but those that `lab credentials` prints. */
  async write(change: (lab: Lab) => Lab = (lab) => lab): Promise<Lab> {
    const lab = change(this.#pointed(this.copy.load()));
    this.run.give({
      TF_VAR_proxmox_api_token: grantPrinted(this.testbed, lab),
      ...Object.fromEntries(lab.secrets.map(({ name }) => [`TF_VAR_${name}`, canary(name)])),
    });
    await this.run.write(lab);
    return lab;
  }

  /** Another way to API, nodes and VMs, and nothing else: what steps and zones say of addresses is the inventory's. */
  #pointed(lab: Lab): Lab {
    const endpoint = `${this.testbed.url}/`;
    return {
      ...lab,
      connection: { ...lab.connection, endpoint, verifyTls: false, sshUser: this.nodes.user },
      nodes: lab.nodes.map((node) => {
        if (!node.active) return node;
        const { address, port: sshPort } = this.nodes.way(node.name);
        return { ...node, address, sshPort };
      }),
      guests: lab.guests.map((guest) => this.#reachable(guest)),
    };
  }

  /** Where a VM is nothing but state, its steps end at its node, which notes them. */
  #reachable(guest: Guest): Guest {
    if (guest.kind !== "vm" || !guest.login || this.real) return guest;
    const { address: host, port } = this.nodes.way(guest.node);
    return { ...guest, login: { host, port, user: this.nodes.user } };
  }

  async close(): Promise<void> {
    await this.run.close();
    this.copy.remove();
  }
}

/** The value of a secret, which no output may show. */
export const canary = (name: string): string => `canary-${name.replaceAll("_", "-")}`;

/** Guests of other tests may be about to end. */
const CROWDED_MS = 60_000;

/** Why the guests of a lab do not fit beside those that run here; `""` when they do. */
async function whyTooCrowded(keys: number): Promise<string> {
  const end = Date.now() + CROWDED_MS;
  while (freeKeys() < keys && Date.now() < end) await sleep(2000);
  return freeKeys() >= keys
    ? ""
    : `${freeKeys()} kernel keys are left for guests, and these take ${keys}; end other guests, or ` +
        "sysctl kernel.keys.maxkeys=2000 kernel.keys.maxbytes=200000";
}

/** Of root of all unprivileged guests: proc_key_users(5). */
function freeKeys(): number {
  const [, used, limit] =
    new RegExp(`^ *${GUEST_SHIFT}:.* (\\d+)/(\\d+) \\d+/\\d+$`, "m").exec(readFileSync("/proc/key-users", "utf8")) ??
    [];
  return Number(limit ?? readFileSync("/proc/sys/kernel/keys/maxkeys", "utf8")) - Number(used ?? 0);
}

interface Options extends TestbedOptions {
  /** Kernel keys that its guests take, of which all guests of this machine share 200. */
  readonly keys: number;
  /** The nodes once more, as Debians of their own. */
  readonly real: readonly NodeOptions[];
}

interface LabTests {
  /** From the first test on. */
  readonly lab: () => LabOnTestbed;
  /** `it` where nodes and containers are real; elsewhere says why nothing was tried. */
  readonly realTest: (name: string, body: (real: RealNode) => Promise<void>) => void;
}

/** Tests of a lab of inventory/ on a testbed with the nodes that it describes. */
export function describeLab(name: string, { keys, real, ...options }: Options, tests: (given: LabTests) => void): void {
  describeOnTestbed(`the lab ${name}`, () => {
    let started: LabOnTestbed | undefined;
    let blocked = "";
    beforeAll(async () => {
      blocked = (await whyNotReal()) || (await whyTooCrowded(keys));
      if (blocked === "") {
        const guests = { id: `${name}-${process.pid}`, nodes: real };
        const { backend, testbed } = await startWithGuests(guests, { authDelayMs: 0, ...options });
        started = new LabOnTestbed(name, testbed, new RealNodes(backend));
      } else {
        process.stderr.write(`SKIPPED real guests of the lab ${name}: ${blocked}\n`);
        const testbed = await startTestbed({ authDelayMs: 0, ...options });
        started = new LabOnTestbed(name, testbed, await NotedNodes.start(testbed));
      }
    });
    afterAll(() => started?.close());
    tests({
      lab: () => {
        if (!started) throw new Error("the testbed has not been started");
        return started;
      },
      realTest: (title, body) =>
        it(title, async () => {
          if (started?.real) await body(started.real);
          else process.stderr.write(`SKIPPED "${title}": ${blocked}\n`);
        }),
    });
  });
}
