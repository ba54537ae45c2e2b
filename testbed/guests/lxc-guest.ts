import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestConfig, GuestInterface, GuestRef, GuestStatus, TaskLog } from "../api/guest-backend";
import type { Cgroup } from "./cgroups";
import { makeFolder, writeFiles } from "./files";
import { type Limits, lxcConfig, nics, segment } from "./guest-config";
import { networkFiles } from "./guest-files";
import { guestEntries } from "./guest-mounts";
import { NODE_SHIFT } from "./images";
import { UPLINK_BRIDGE } from "./node-files";
import type { NodeGuest } from "./node-guest";
import { run, until } from "./shell";
import { shiftOf } from "./shift";
import { DEFAULT_NETWORK, type World } from "./world";

/** One container on the node that has it now. */
export class LxcGuest {
  readonly vmid: number;
  /** Its folder, `/var/lib/lxc/<vmid>` on the node, as the host sees it. */
  readonly folder: string;

  constructor(
    readonly world: World,
    readonly node: NodeGuest,
    ref: GuestRef,
  ) {
    this.vmid = ref.vmid;
    this.folder = join(world.paths.state, "guests", String(ref.vmid));
  }

  get cgroup(): Cgroup {
    return this.node.cgroup.child(`lxc/${this.vmid}`);
  }

  /** Process id of its init, on the host; `undefined` when it does not run. */
  pid(): number | undefined {
    return this.cgroup.child("init.scope").processes()[0] ?? this.cgroup.processes()[0];
  }

  status(): GuestStatus {
    const pid = this.pid();
    return pid === undefined ? { running: false } : { running: true, pid, memoryBytes: this.cgroup.memoryBytes() };
  }

  async start(config: GuestConfig, log: TaskLog): Promise<void> {
    if (!existsSync(join(this.folder, "image"))) throw new Error(`the disk of CT ${this.vmid} does not exist`);
    const limits = this.limits();
    if (!limits.memory) log("memory and CPU limits are not enforced: this machine has no such cgroup 2 controllers");
    await this.connect(config);
    const entries = await guestEntries(this, config, log);
    this.writeFiles(config);
    writeFileSync(join(this.folder, "config"), lxcConfig(this.vmid, config, entries, limits));
    this.remember(config);
    const { code } = await this.node.runToEnd("systemctl", ["start", `pve-container@${this.vmid}`]);
    if (code === 0) return;
    await this.explain(log);
    throw new Error(`startup for container '${this.vmid}' failed`);
  }

  /** Kills it, and waits until its root filesystem is free. */
  async stop(): Promise<void> {
    const script = 'lxc-stop -k -n "$0" 2>/dev/null; systemctl stop "pve-container@$0"';
    await this.node.run("sh", ["-c", script, String(this.vmid)]);
  }

  async shutdown(timeoutSeconds: number): Promise<void> {
    const options = ["-n", String(this.vmid), "-t", String(Math.max(1, timeoutSeconds)), "--nokill"];
    await this.node.runToEnd("lxc-stop", options);
    if (this.pid() !== undefined) throw new Error("container did not stop");
    await this.node.run("systemctl", ["stop", `pve-container@${this.vmid}`]);
  }

  /** The configuration with which it was started or that was made live since. */
  remembered(): GuestConfig {
    return JSON.parse(readFileSync(join(this.folder, "running.json"), "utf8"));
  }

  remember(config: GuestConfig): void {
    writeFileSync(join(this.folder, "running.json"), JSON.stringify(config), { mode: 0o600 });
    this.showConfig(config);
    const { vmid, world } = this;
    const name = config.hostname ?? `CT${vmid}`;
    const addresses = nics(config).flatMap((nic) => [nic.ip, nic.ip6].map((ip) => ip.split("/")[0] ?? ""));
    const lines = addresses.filter((ip) => /[.:]/.test(ip)).map((ip) => `${ip} ${name}\n`);
    writeFileSync(join(world.paths.state, "names", `guest-${vmid}`), lines.join(""));
  }

  /** Writes the guest's file of `/etc/pve/lxc`. */
  showConfig(config: GuestConfig): void {
    const lines = Object.entries(config).map(([key, value]) => `${key}: ${value}\n`);
    writeFiles(this.node.configFolder, { [`/${this.vmid}.conf`]: lines.sort().join("") }, NODE_SHIFT);
  }

  /** Writes what the guest gets at its next start. */
  writeFiles(config: GuestConfig): void {
    const files = join(this.folder, "setup", "files");
    rmSync(files, { recursive: true, force: true });
    const shift = shiftOf(config);
    makeFolder(join(this.folder, "setup"), shift, 0o700);
    writeFiles(files, networkFiles(this.vmid, config, DEFAULT_NETWORK.router), shift);
  }

  /** Makes the bridges it hangs on; where the testbed plays the router, that as well. */
  async connect(config: GuestConfig): Promise<void> {
    for (const nic of nics(config)) {
      const bridge = segment(nic);
      if (bridge === undefined) continue;
      await this.node.bridge(bridge);
      if (nic.bridge !== UPLINK_BRIDGE) continue;
      const device = nic.vlan === undefined ? "lan" : bridge;
      for (const [address, gateway] of [
        [nic.ip, nic.gateway],
        [nic.ip6, nic.gateway6],
      ] as const) {
        const prefix = address.split("/")[1];
        if (gateway !== undefined && prefix !== undefined) await this.world.route(`${gateway}/${prefix}`, device);
      }
    }
  }

  limits(): Limits {
    const controllers = this.node.cgroup.controllers();
    return { memory: controllers.includes("memory"), cpu: controllers.includes("cpu") };
  }

  async addresses(): Promise<readonly GuestInterface[] | undefined> {
    const pid = this.pid();
    if (pid === undefined) return undefined;
    const text = await run("nsenter", ["-t", String(pid), "-n", "--", "ip", "-json", "address"]).catch(() => "[]");
    return parseAddresses(text);
  }

  /** Runs a command in the guest. */
  exec(command: readonly string[]): Promise<string> {
    return this.node.run("lxc-attach", ["-n", String(this.vmid), "--clear-env", "--", ...command]);
  }

  /** Waits until its init has set itself up. @throws Error when it ended instead */
  async ready(): Promise<void> {
    const started = Date.now();
    await until(`the init of CT ${this.vmid}`, 30, async () => {
      if (this.cgroup.child("init.scope").processes().length > 0) return true;
      // LXC has said that it runs: without any process, it has ended.
      if (this.cgroup.processes().length > 0 || Date.now() - started < 1000) return undefined;
      const limit = readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8").trim();
      throw new Error(
        `the init of CT ${this.vmid} ended at once; perhaps there are too many guests for this machine's ${limit} ` +
          "inotify instances: sysctl fs.inotify.max_user_instances=1024 allows more",
      );
    });
  }

  private async explain(log: TaskLog): Promise<void> {
    const file = `/var/log/lxc-${this.vmid}.log`;
    const { output } = await this.node.runToEnd("sh", ["-c", 'grep ERROR "$0" | tail -n 5', file]);
    for (const line of output.split("\n")) if (line !== "") log(line.replace(/^.*? ERROR +/, ""));
    await this.node.runToEnd("systemctl", ["reset-failed", `pve-container@${this.vmid}`]);
  }
}

interface AddressEntry {
  readonly ifname: string;
  readonly address?: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}

/** Reads the JSON of ip-address(8). */
export function parseAddresses(text: string): GuestInterface[] {
  const entries: AddressEntry[] = JSON.parse(text);
  return entries.map((entry) => ({
    name: entry.ifname,
    mac: entry.address ?? "00:00:00:00:00:00",
    addresses: entry.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  }));
}
