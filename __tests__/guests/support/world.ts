import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import type { GuestConfig } from "../../../testbed/api/guest-backend";
import { createLxcBackend, type LxcBackend, removeLxcTestbed } from "../../../testbed/guests/lxc-backend";
import { testbedPaths } from "../../../testbed/guests/paths";
import { ssh } from "../../../testbed/guests/ssh";
import { MiniApi } from "../../testbed/guests/mini-api";
import { Guest } from "./guest";

export const RELEASES = ["12", "13"] as const;
export type Release = (typeof RELEASES)[number];

/** One guest of each release, at the same time. */
export async function inEach<T>(of: (release: Release) => Promise<T>): Promise<T[]> {
  return Promise.all(RELEASES.map(of));
}

/** Templates as Proxmox VE names them. */
const TEMPLATES: Readonly<Record<Release, string>> = {
  "12": "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst",
  "13": "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst",
};
const NODE = "pve1";
const PREFIX = "roles-";

/** A node with real guests, of this test file alone. */
export class GuestWorld {
  private next = 10;

  private constructor(
    readonly backend: LxcBackend,
    private readonly api: MiniApi,
  ) {}

  static async open(): Promise<GuestWorld> {
    await sweep();
    const api = new MiniApi();
    const backend = await createLxcBackend({ id: `${PREFIX}${process.pid}`, api: api.call });
    api.backend = backend;
    return new GuestWorld(backend, api);
  }

  /** Makes an unprivileged guest in which containers may nest, and waits for it to have started. */
  async guest(release: Release, more: GuestConfig = {}): Promise<Guest> {
    const { guest, ref, config } = this.plan(release, more);
    await this.backend.create({ ...ref, config, template: TEMPLATES[release] }, () => undefined);
    await this.start(guest);
    // Nobody cuts the power of these guests: dpkg need not wait for the disk.
    await guest.sh("echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/tests");
    return guest;
  }

  /** A copy of a guest, which is stopped for it. */
  async copy(source: Guest): Promise<Guest> {
    if ((await this.backend.status(source.ref)).running) await source.stop();
    const { guest, ref, config } = this.plan(source.release, source.more);
    await this.backend.clone(source.ref, ref, config, () => undefined);
    await this.start(guest);
    return guest;
  }

  async start(guest: Guest): Promise<void> {
    const config = this.api.configs.get(guest.ref.vmid) ?? {};
    await this.backend.start(guest.ref, config, () => undefined);
    await guest.booted();
  }

  async remove(...guests: readonly (Guest | undefined)[]): Promise<void> {
    for (const guest of guests) if (guest) await this.backend.destroy(guest.ref, () => undefined);
  }

  /** Files of the node in which a word is left, wherever a step could have put it. */
  async leftOnNode(word: string): Promise<string> {
    const { output } = await ssh(
      this.backend.node,
      "grep -rlF -f /dev/stdin /root /tmp /run /var/log /var/tmp /home 2>/dev/null",
      word,
    );
    return output;
  }

  async close(): Promise<void> {
    await this.backend.close();
  }

  private plan(release: Release, more: GuestConfig) {
    const vmid = this.next++;
    const ref = { node: NODE, vmid };
    const net0 = `name=eth0,bridge=vmbr0,gw=10.77.0.1,hwaddr=BC:24:11:00:01:${vmid % 90 < 10 ? "0" : ""}${vmid % 90},ip=10.77.0.${vmid}/24,type=veth`;
    // Every guest has the same name: what is compared between guests must not differ by it.
    const config = { hostname: "guest", unprivileged: "1", features: "nesting=1", net0, ...more };
    this.api.configs.set(vmid, config);
    return { ref, config, guest: new Guest(this.backend, ref, release, more) };
  }
}

/** Removes what test runs that were killed have left. */
async function sweep(): Promise<void> {
  const root = dirname(testbedPaths().state);
  for (const id of existsSync(root) ? readdirSync(root) : []) {
    const pid = id.startsWith(PREFIX) ? id.slice(PREFIX.length) : "";
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`)) await removeLxcTestbed({ id });
  }
}
