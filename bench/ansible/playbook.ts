import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LxcBackend } from "../../testbed/guests/lxc-backend";
import { temporaryFolder } from "../project";
import { timed } from "./lab";
import { addressOf, GUESTS, guestName, SETTINGS } from "./settings";

/** bench/ansible/site.yml, with an inventory of its own that has the same settings. */
export class Playbook {
  readonly #folder = temporaryFolder();

  private constructor(
    private readonly program: string,
    private readonly ports: readonly number[],
    private readonly wireguardKey: string,
    private readonly keyFile: string,
  ) {}

  /** Ansible reaches each guest's sshd directly, which spares it the way through the node. */
  static async open(program: string, backend: LxcBackend, wireguardKey: string): Promise<Playbook> {
    const ports = Array.from({ length: GUESTS }, (_, index) => backend.forward(addressOf(index), 22));
    return new Playbook(program, await Promise.all(ports), wireguardKey, backend.node.privateKeyFile);
  }

  /** A whole run. @returns seconds */
  run(settings: object = {}): Promise<number> {
    const hosts = this.ports.map((port, index) => [
      guestName(index),
      { ansible_host: "127.0.0.1", ansible_port: port },
    ]);
    const vars = {
      ansible_user: "root",
      ansible_ssh_private_key_file: this.keyFile,
      with_agents: true,
      wireguard_private_key: this.wireguardKey,
      ...SETTINGS,
      ...settings,
    };
    const inventory = join(this.#folder, "inventory.yml");
    writeFileSync(inventory, JSON.stringify({ all: { hosts: Object.fromEntries(hosts), vars } }), { mode: 0o600 });
    return timed(this.program, ["-i", inventory, "site.yml"], __dirname, { ANSIBLE_HOME: this.#folder });
  }
}
