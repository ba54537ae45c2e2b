import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import type { GuestBackend, GuestConfig, GuestRef, NodeBridge, NodeFile, TaskLog } from "../api/guest-backend";
import { cloneDisk, createDisk, destroyDisk } from "./disks";
import { Gate } from "./gate";
import { hotplug } from "./hotplug";
import { Images } from "./images";
import type { LocalAnswer, LocalApi, LocalCall } from "./local-api";
import { LxcGuest } from "./lxc-guest";
import { type AptSetup, readAptSetup } from "./mirrors";
import { NodeGuest, type NodeOptions } from "./node-guest";
import { PackageProxy } from "./package-proxy";
import { type PathOptions, type TestbedPaths, testbedPaths } from "./paths";
import { probeGuests } from "./probe";
import { servePrograms } from "./program-server";
import { program } from "./programs";
import { run } from "./shell";
import { VmFiles } from "./vm-files";
import { World } from "./world";

export type { LocalApi } from "./local-api";
export type { NodeOptions } from "./node-guest";
export { probeGuests } from "./probe";

export interface LxcBackendOptions extends PathOptions {
  /** The cluster's nodes. @default one, `pve1` */
  readonly nodes?: readonly NodeOptions[];
  /** What `pct`, `pvesh` and `pvesm` on a node ask. Called only while a node runs. @default every question is refused */
  readonly api?: LocalApi;
  /** Hosts that guests may fetch packages from, beside the mirrors of this machine's apt. @default none */
  readonly packageHosts?: readonly string[];
  /** Told what takes long. @default nobody */
  readonly log?: (line: string) => void;
}

/** How a node is reached from this machine. */
export interface NodeAccess {
  readonly name: string;
  /** Of the loopback, for there is no route into the testbed's network: 127.0.0.1 for the first node, 127.0.0.2 … */
  readonly address: string;
  readonly sshPort: number;
  /** The key that root logs in with; made for this testbed. */
  readonly privateKeyFile: string;
  /** Its sshd's public key, `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
}

export interface CloseOptions {
  /** Leaves nodes and guests running, for the next `createLxcBackend` with the same id. @default false */
  readonly keep?: boolean;
}

export interface LxcBackend extends GuestBackend {
  /** The first node. */
  readonly node: NodeAccess;
  readonly nodes: Readonly<Record<string, NodeAccess>>;
  /** Whether nodes of this testbed were running already, and so perhaps guests. */
  readonly found: boolean;
  /** Makes a bridge of a node, or gives it an address (with prefix length). Bridges that guests name are made without it. */
  bridge(node: string, name: string, address?: string): Promise<void>;
  /** Makes a port of an address inside the testbed reachable on 127.0.0.1. @returns the port there */
  forward(address: string, port: number): Promise<number>;
  /** Takes everything down, unless it is to be kept. */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Brings nodes up in which containers are real Linux guests, or finds those that a former process of the same id left.
 *
 * @throws Error when something is missing (`probeGuests` says what), an image cannot be made or a port is taken
 */
export async function createLxcBackend(options: LxcBackendOptions = {}): Promise<LxcBackend> {
  const probe = await probeGuests();
  if (!probe.ok) {
    const remedy = probe.install === undefined ? "" : `; install it: ${probe.install}`;
    throw new Error(`real guests cannot run here: missing ${probe.missing.join(", ")}${remedy}`);
  }
  const paths = testbedPaths(options);
  const log = options.log ?? (() => undefined);
  const apt = await readAptSetup();
  const images = new Images(paths, apt, log);
  const [nodeImage, world] = await Promise.all([images.node(), World.open(paths)]);
  const parts: Parts = { paths, apt, images, world, options, closing: [] };
  try {
    return await assemble(parts, nodeImage);
  } catch (error) {
    for (const close of parts.closing.reverse()) await close();
    if (!world.found) await World.remove(paths);
    throw error;
  }
}

/** Removes what a testbed left, also after a crash. Nothing there is no error. */
export async function removeLxcTestbed(options: PathOptions = {}): Promise<void> {
  await World.remove(testbedPaths(options));
}

interface Parts {
  readonly paths: TestbedPaths;
  readonly apt: AptSetup;
  readonly images: Images;
  readonly world: World;
  readonly options: LxcBackendOptions;
  /** What ends with this process. */
  readonly closing: (() => void | Promise<void>)[];
}

async function assemble(parts: Parts, nodeImage: string): Promise<LxcBackend> {
  const { paths, apt, world, options, closing } = parts;
  const hosts = new Set([
    ...apt.mirrors.map((mirror) => new URL(mirror.uri).hostname),
    ...(options.packageHosts ?? []),
  ]);
  const upstream = apt.proxy === undefined ? {} : { upstream: apt.proxy };
  const proxy = new PackageProxy({ hosts, folder: paths.packages, ...upstream });
  closing.push(() => proxy.close());
  const gate = await Gate.open(world, (socket) => proxy.accept(socket));
  closing.push(() => gate.close());
  const privateKeyFile = join(paths.state, "ssh_key");
  if (!existsSync(privateKeyFile)) {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `testbed ${paths.id}`, "-f", privateKeyFile]);
  }
  const key = readFileSync(`${privateKeyFile}.pub`, "utf8");
  const nodes = new Map(
    (options.nodes ?? [{ name: "pve1" }]).map((node, index) => [node.name, new NodeGuest(world, node, index)]),
  );
  const started = [...nodes.values()].map(async (node) => {
    await node.prepare(key, apt.settings);
    const server = await listen(parts, node);
    closing.push(() => void server.close());
    await node.start(nodeImage);
  });
  await Promise.all(started);
  return new Backend(parts, nodes, gate, await nodePorts(parts, nodes, gate, privateKeyFile));
}

/** Answers the node's `pct`, `pvesh` and `pvesm`; what they change shows in `/etc/pve/lxc` at once. */
function listen({ world, options }: Parts, node: NodeGuest): Promise<Server> {
  const api: LocalApi = options.api ?? (async () => ({ status: 500, message: "this testbed runs without its API" }));
  const followed = async (call: LocalCall): Promise<LocalAnswer> => {
    const answer = await api(call);
    const vmid = /\/lxc\/(\d+)\/config$/.exec(call.path)?.[1];
    if (call.method === "PUT" && vmid !== undefined && answer.status < 400) {
      const { data } = await api({ ...call, method: "GET", parameters: {} });
      new LxcGuest(world, node, { node: node.name, vmid: Number(vmid) }).showConfig(textual(data));
    }
    return answer;
  };
  return servePrograms(node.socketFolder, (words) => program(node.name, words, followed));
}

function textual(data: unknown): GuestConfig {
  const entries = typeof data === "object" && data !== null ? Object.entries(data) : [];
  return Object.fromEntries(entries.filter(([key]) => key !== "digest").map(([key, value]) => [key, String(value)]));
}

/** A testbed that is found again keeps the ports it had, because whoever uses it has them in its configuration. */
async function nodePorts(
  { paths, options }: Parts,
  nodes: ReadonlyMap<string, NodeGuest>,
  gate: Gate,
  privateKeyFile: string,
): Promise<Record<string, NodeAccess>> {
  const file = join(paths.state, "ports.json");
  const known: Record<string, number> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const access: Record<string, NodeAccess> = {};
  for (const { address, hostKey, name } of nodes.values()) {
    const wanted = options.nodes?.find((node) => node.name === name)?.sshPort ?? known[name];
    const local = `127.0.0.${Object.keys(access).length + 1}`;
    const sshPort = await gate.forward(address, 22, wanted, local);
    access[name] = { name, address: local, sshPort, privateKeyFile, hostKey };
  }
  const ports = Object.values(access).map(({ name, sshPort }) => [name, sshPort]);
  writeFileSync(file, JSON.stringify(Object.fromEntries(ports)));
  return access;
}

class Backend implements LxcBackend {
  readonly kind = "lxc";
  readonly node: NodeAccess;
  readonly found: boolean;
  private readonly vmFiles = new VmFiles((node) => this.guests.get(node)?.vmFolder);

  constructor(
    private readonly parts: Parts,
    private readonly guests: ReadonlyMap<string, NodeGuest>,
    private readonly gate: Gate,
    readonly nodes: Readonly<Record<string, NodeAccess>>,
  ) {
    const [first] = Object.values(nodes);
    if (!first) throw new Error("a testbed needs at least one node");
    this.node = first;
    this.found = parts.world.found;
  }

  private on(node: string): NodeGuest {
    const found = this.guests.get(node);
    if (!found) throw new Error(`no such cluster node '${node}'`);
    return found;
  }

  private guest(ref: GuestRef): LxcGuest {
    return new LxcGuest(this.parts.world, this.on(ref.node), ref);
  }

  readonly create: GuestBackend["create"] = async (wanted, log) => {
    const { images, apt } = this.parts;
    await createDisk(this.guest(wanted), wanted, images, apt, log);
  };

  readonly clone: GuestBackend["clone"] = async (source, target, config) => {
    await cloneDisk(this.guest(source), this.guest(target), config);
  };

  readonly start: GuestBackend["start"] = async (ref, config, log) => {
    const guest = this.guest(ref);
    // It may have come from another node.
    for (const node of this.guests.values()) {
      if (node.name !== ref.node) rmSync(join(node.configFolder, `${ref.vmid}.conf`), { force: true });
    }
    await guest.start(config, log);
    await guest.ready();
  };

  readonly stop: GuestBackend["stop"] = async (ref) => {
    await this.guest(ref).stop();
  };

  readonly shutdown: GuestBackend["shutdown"] = async (ref, timeoutSeconds) => {
    await this.guest(ref).shutdown(timeoutSeconds);
  };

  async reboot(ref: GuestRef, config: GuestConfig, timeoutSeconds: number, log: TaskLog): Promise<void> {
    await this.shutdown(ref, timeoutSeconds, log);
    await this.start(ref, config, log);
  }

  readonly destroy: GuestBackend["destroy"] = async (ref) => {
    const guest = this.guest(ref);
    if (!existsSync(guest.folder)) return;
    await guest.stop();
    destroyDisk(guest);
  };

  readonly hotplug: GuestBackend["hotplug"] = (ref, change) => hotplug(this.guest(ref), change);

  readonly addresses: GuestBackend["addresses"] = (ref) => this.guest(ref).addresses();

  readonly status: GuestBackend["status"] = async (ref) => this.guest(ref).status();

  readonly showVms: NonNullable<GuestBackend["showVms"]> = (files) => this.vmFiles.show(files);

  bridge(node: string, name: string, address?: string): Promise<void> {
    return this.on(node).bridge(name, address);
  }

  network(node: string, bridges: readonly NodeBridge[]): Promise<void> {
    return this.on(node).reload(bridges);
  }

  files(node: string, folder: string): Promise<readonly NodeFile[]> {
    return this.on(node).filesIn(folder);
  }

  async removeFile(node: string, path: string): Promise<void> {
    await this.on(node).run("rm", ["-f", "--", path]);
  }

  forward(address: string, port: number): Promise<number> {
    return this.gate.forward(address, port);
  }

  async close({ keep = false }: CloseOptions = {}): Promise<void> {
    for (const close of this.parts.closing.splice(0).reverse()) await close();
    if (!keep) await World.remove(this.parts.paths);
  }
}
