import { readFileSync } from "node:fs";
import type { NodeAccess } from "../../testbed/guests/lxc-backend";
import { ssh } from "../../testbed/guests/ssh";
import { AGENT_IMAGE, GUESTS, PACKAGES, vmidOf } from "./settings";

/** An image that is all of the agents: a web server which answers whatever it is asked, made of Debian's static BusyBox. */
const STAND_IN = `
set -eu
apt-get -qq install --no-install-recommends busybox-static >/dev/null
cd "$(mktemp -d)"
mkdir -p bin www tmp run config
cp /bin/busybox bin/busybox
for name in sh wget httpd; do ln -s busybox bin/$name; done
echo OK >www/_ping
tar -c . | docker import --change 'CMD ["httpd", "-f", "-p", "2375", "-h", "/www"]' - ${AGENT_IMAGE} >/dev/null
`;

/** @param options further ones of apt-get */
const installAll = (options = "") => `
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq --no-install-recommends ${options} install ${PACKAGES.join(" ")} >/dev/null
`;

/** The guests of the bench from within, all at the same time. */
export class BenchGuests {
  constructor(private readonly node: NodeAccess) {}

  /** The package manager alone, with every package in the mirrors' cache. @returns seconds until the last guest is done */
  async install(): Promise<number> {
    await this.#run(0, installAll("--download-only"));
    await this.#run(0, "apt-get clean; rm -rf /var/lib/apt/lists/*");
    const began = process.hrtime.bigint();
    await this.#everywhere(installAll());
    return Number(process.hrtime.bigint() - began) / 1e9;
  }

  /** Names of every package of the first guest. */
  packages(): Promise<string> {
    return this.#run(0, "dpkg-query -W -f '${db:Status-Abbrev}${Package}\\n' | sort");
  }

  async makeImages(): Promise<void> {
    await this.#everywhere(STAND_IN);
  }

  /** What Ansible wants: Python, and a login of root by key. */
  async admitAnsible(): Promise<void> {
    const key = readFileSync(`${this.node.privateKeyFile}.pub`, "utf8").trim();
    await this.#everywhere(`
set -eu
apt-get -qq install --no-install-recommends python3 python3-apt >/dev/null
mkdir -p -m 700 /root/.ssh
echo '${key}' >/root/.ssh/authorized_keys
`);
  }

  async #everywhere(script: string): Promise<void> {
    await Promise.all(Array.from({ length: GUESTS }, (_, index) => this.#run(index, script)));
  }

  async #run(index: number, script: string): Promise<string> {
    const { code, errors, output } = await ssh(this.node, `pct exec ${vmidOf(index)} -- sh`, script);
    if (code === 0) return output;
    throw new Error(`guest ${vmidOf(index)}: exit code ${code}: ${(errors || output).trim().slice(-1000)}`);
  }
}
