import type { Lab } from "../../model/lab";
import { loginTo } from "../../stacks/lab-steps";
import { UsageError } from "../output";
import { type Answer, Connections } from "../ssh/connections";

/** Where Proxmox VE's commands are, also for a login without a profile. */
export const PATH = "PATH=$PATH:/usr/sbin:/sbin; export PATH";

/** Root's shell on the nodes of a lab, by SSH. */
export class NodeShell {
  readonly #lab: Lab;
  readonly #connections: Connections;

  private constructor(lab: Lab, connections: Connections) {
    this.#lab = lab;
    this.#connections = connections;
  }

  /** @throws UsageError when the key is not accepted */
  static async open(lab: Lab, environment: NodeJS.ProcessEnv, privateKey: string | undefined): Promise<NodeShell> {
    try {
      return new NodeShell(lab, await Connections.open(environment, privateKey));
    } catch (error) {
      throw new UsageError(`the SSH key for the nodes cannot be used: ${(error as Error).message}`);
    }
  }

  /** Runs a script as root on a node. */
  run(node: string, script: string): Promise<Answer> {
    const found = this.#lab.nodes.find(({ name }) => name === node);
    if (!found) throw new UsageError(`${node} is no node of ${this.#lab.name}`);
    const login = loginTo(found, this.#lab);
    return this.#connections.run(login, login.user === "root" ? script : asRoot(script), 0);
  }

  close(): Promise<void> {
    return this.#connections.close();
  }
}

const END = "END_OF_SCRIPT_FOR_ROOT";
const asRoot = (script: string): string => `sudo -n sh -s <<'${END}'\n${script}\n${END}`;
