import { chownSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeBridge, NodeFile } from "../api/guest-backend";
import { Cgroup } from "./cgroups";
import { makeFolder, writeFiles } from "./files";
import { aptProxyFile } from "./guest-files";
import { NODE_SHIFT } from "./images";
import { type Cards, networkOf } from "./node-cards";
import {
  AUTHORIZED_KEYS,
  INTERFACES,
  interfacesFile,
  lxcConfig,
  nodeFiles,
  programModes,
  programs,
  UPLINK_BRIDGE,
} from "./node-files";
import { type CommandResult, type RunOptions, run, until } from "./shell";
import { DEFAULT_NETWORK, type World } from "./world";

export interface NodeOptions {
  /** Name of the cluster node: its host name. */
  readonly name: string;
  /** Address with prefix length on `vmbr0`. @default 10.77.0.2/24 for the first node, .3 for the next */
  readonly address?: string;
  /** Router of the node's network; the testbed plays it. @default 10.77.0.1 with the default address, else none */
  readonly gateway?: string;
  /** Port of the loopback at which its sshd is reached. @default any free one */
  readonly sshPort?: number;
  /**
   * Further bridges from the start, with the address (and prefix length) that the node has on each, if any. A reload of the
   * node's network makes them what the API says.
   */
  readonly bridges?: Readonly<Record<string, string | undefined>>;
  /** Further cards on the network that nodes share, with address (and prefix length) and, if it has one there, its router. */
  readonly cards?: Cards;
  /** Folders that the node shall have, for bind mounts. @default none */
  readonly folders?: readonly string[];
}

/** The guest that plays one Proxmox VE node: Debian with systemd, sshd, LXC, `pct`, `pvesh` and `pvesm`. */
export class NodeGuest {
  readonly name: string;
  /** Without prefix length. */
  readonly address: string;
  private readonly folder: string;

  constructor(
    private readonly world: World,
    private readonly options: NodeOptions,
    private readonly index: number,
  ) {
    this.name = options.name;
    this.folder = join(world.paths.state, "nodes", options.name);
    this.address = this.cidr.split("/")[0] ?? "";
  }

  /** With prefix length. */
  get cidr(): string {
    return this.options.address ?? `${DEFAULT_NETWORK.node(this.index)}/${DEFAULT_NETWORK.prefix}`;
  }

  /** Router of its network, if any. */
  get gateway(): string | undefined {
    return this.options.gateway ?? (this.options.address === undefined ? DEFAULT_NETWORK.router : undefined);
  }

  /** Folder for the socket on which the node's programs ask the API, as the host sees it. */
  get socketFolder(): string {
    return join(this.folder, "run");
  }

  /** Where the guests' `<vmid>.conf` are, `/etc/pve/lxc` on the node, as the host sees it. */
  get configFolder(): string {
    return join(this.folder, "pve", "lxc");
  }

  /** Where the files of VMs are, `/etc/pve/qemu-server` on the node, as the host sees it. */
  get vmFolder(): string {
    return join(this.folder, "pve", "qemu-server");
  }

  /** Its sshd's public key, without a comment; there once it is prepared. */
  get hostKey(): string {
    const file = join(this.folder, "upper/etc/ssh/ssh_host_ed25519_key.pub");
    return readFileSync(file, "utf8").split(" ").slice(0, 2).join(" ");
  }

  /** Starts the node unless it runs. @param image folder of its image */
  async start(image: string): Promise<void> {
    if (this.pid() !== undefined) return;
    const inside = `/mnt/state/nodes/${this.name}`;
    await this.joinNetworks();
    const options = `lowerdir=/mnt/images/${image},upperdir=${inside}/upper,workdir=${inside}/work`;
    await this.world.run("mount", ["-t", "overlay", "overlay", "-o", options, `${inside}/rootfs`]);
    await this.startContainer(inside);
    await until(`sshd of node ${this.name}`, 60, async () => (this.sshdListens() ? true : undefined));
    for (const [bridge, address] of Object.entries(this.options.bridges ?? {})) await this.bridge(bridge, address);
  }

  /** The world plays the routers; where there is none, it still finds the node. */
  private async joinNetworks(): Promise<void> {
    const uplink = { address: this.cidr, ...(this.gateway === undefined ? {} : { gateway: this.gateway }) };
    for (const { address, gateway } of [uplink, ...Object.values(this.options.cards ?? {})]) {
      if (gateway !== undefined) await this.world.route(`${gateway}/${address.split("/")[1] ?? 24}`);
      else await this.world.run("ip", ["route", "replace", networkOf(address) ?? address, "dev", "lan"]);
    }
  }

  private async startContainer(inside: string): Promise<void> {
    const options = ["-P", "/mnt/state/nodes", "-n", this.name, "-d", "-l", "WARN", "-o", `${inside}/lxc.log`];
    const { code } = await this.world.runToEnd("lxc-start", options);
    if (code === 0) return;
    const errors = readFileSync(join(this.folder, "lxc.log"), "utf8").split("\n");
    const first = errors.find((line) => line.includes(" ERROR "))?.replace(/^.*? ERROR +/, "");
    throw new Error(`node ${this.name} does not start: ${first ?? `lxc-start ended with code ${code}`}`);
  }

  private sshdListens(): boolean {
    const pid = this.pid();
    return pid !== undefined && existsSync(`/proc/${pid}/root/run/sshd.pid`);
  }

  /** Process id of the node's init, on the host. */
  pid(): number | undefined {
    return this.cgroup.child("init.scope").processes()[0];
  }

  get cgroup(): Cgroup {
    return new Cgroup(this.world.path(`/sys/fs/cgroup/nodes/${this.name}`));
  }

  /** Runs a command on the node. */
  async run(command: string, args: readonly string[], options?: RunOptions): Promise<string> {
    return this.world.run("lxc-attach", this.attach(command, args), options);
  }

  runToEnd(command: string, args: readonly string[], options?: RunOptions): Promise<CommandResult> {
    return this.world.runToEnd("lxc-attach", this.attach(command, args), options);
  }

  private attach(command: string, args: readonly string[]): string[] {
    return ["-P", "/mnt/state/nodes", "-n", this.name, "--clear-env", "--", command, ...args];
  }

  /** Regular files right in a folder; none when there is no such folder. */
  async filesIn(folder: string): Promise<NodeFile[]> {
    const format = "%s %T@ %f\\n";
    const { output } = await this.runToEnd("find", [folder, "-maxdepth", "1", "-type", "f", "-printf", format]);
    return output.split("\n").flatMap((line) => {
      const [, bytes, modified, name] = /^(\d+) (\d+)\S* (.+)$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, bytes: Number(bytes), modified: Number(modified) }];
    });
  }

  /** Runs the host's ip(8) in the node's network namespace. */
  ip(...args: string[]): Promise<string> {
    return run("nsenter", ["-t", String(this.pid()), "-n", "--", "ip", ...args]);
  }

  /** Makes a bridge, unless it is there; VLANs of the shared bridge (`vmbr0v20`) are shared by the nodes as well. */
  async bridge(name: string, address?: string): Promise<void> {
    if (name !== UPLINK_BRIDGE) {
      const there = await this.ip("-o", "link", "show", "type", "bridge");
      if (!there.includes(` ${name}:`)) await this.makeBridge(name);
    }
    if (address === undefined) return;
    await this.ip("address", "replace", address, "dev", name);
    // The router knows that the way to that network leads through this node.
    const network = networkOf(address);
    if (network) await this.world.run("ip", ["route", "replace", network, "via", this.address]);
  }

  private async makeBridge(name: string): Promise<void> {
    await this.ip("link", "add", name, "type", "bridge");
    await this.ip("link", "set", name, "up");
    if (!name.startsWith(`${UPLINK_BRIDGE}v`)) return;
    const port = `n${this.index}${name.slice(UPLINK_BRIDGE.length)}`;
    const shared = await this.world.runToEnd("ip", ["link", "add", name, "type", "bridge"]);
    if (shared.code !== 0 && !shared.errors.includes("File exists")) throw new Error(shared.errors.trim());
    await this.world.run("ip", ["link", "set", name, "up"]);
    await this.world.run("ip", ["link", "add", port, "type", "veth", "peer", "name", `${port}p`]);
    await this.world.run("ip", ["link", "set", port, "master", name, "up"]);
    // Network namespaces are named by a process of the host's, so ip(8) of the host moves it.
    await run("nsenter", [
      "-t",
      String(this.world.pid),
      "-n",
      "--",
      "ip",
      "link",
      "set",
      `${port}p`,
      "netns",
      String(this.pid()),
    ]);
    await this.ip("link", "set", `${port}p`, "master", name, "up");
  }

  /** Makes its folders. @param key public key that may log in as root @param settings lines for its apt.conf */
  async prepare(key: string, settings: readonly string[]): Promise<void> {
    if (existsSync(join(this.folder, "config"))) return;
    for (const folder of ["upper", "work", "rootfs", "run", "pve/lxc", "vz/template/cache", "vz/snippets", "vz/dump"]) {
      makeFolder(join(this.folder, folder), NODE_SHIFT);
    }
    const upper = join(this.folder, "upper");
    for (const folder of this.options.folders ?? []) makeFolder(join(upper, folder), NODE_SHIFT);
    makeFolder(join(upper, "root"), NODE_SHIFT, 0o700);
    makeFolder(join(upper, "root/.ssh"), NODE_SHIFT, 0o700);
    const modes = { [AUTHORIZED_KEYS]: 0o600, ...programModes() };
    writeFiles(upper, { ...nodeFiles(this, key), ...programs(), ...aptProxyFile(settings) }, NODE_SHIFT, modes);
    for (const unit of ["sys-kernel-debug.mount", "systemd-modules-load.service", "lxc-net.service", "lxc.service"]) {
      symlinkSync("/dev/null", join(upper, "etc/systemd/system", unit));
    }
    makeFolder(join(upper, "etc/ssh"), NODE_SHIFT);
    const hostKey = join(upper, "etc/ssh/ssh_host_ed25519_key");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `root@${this.name}`, "-f", hostKey]);
    for (const file of [hostKey, `${hostKey}.pub`]) chownSync(file, NODE_SHIFT, NODE_SHIFT);
    writeFileSync(join(this.world.paths.state, "names", `node-${this.name}`), `${this.address} ${this.name}\n`);
    writeFileSync(join(this.folder, "config"), lxcConfig(this.name, this.index, this.options.cards));
  }

  /**
   * Reloads its network. The bridge that leads to the packages and to the node itself stays as it is.
   *
   * @param bridges all that it shall have
   */
  async reload(bridges: readonly NodeBridge[]): Promise<void> {
    const own = bridges.filter(({ name }) => name !== UPLINK_BRIDGE);
    await this.run("tee", [INTERFACES], {
      input: [interfacesFile(this), ...own.map(({ stanza }) => stanza)].join("\n"),
    });
    await this.run("ifreload", ["-a"]);
    for (const { addresses, name } of own) for (const address of addresses) await this.bridge(name, address);
  }
}
