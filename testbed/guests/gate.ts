import { type ChildProcess, spawn } from "node:child_process";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { HOST_SCRIPTS } from "./shell";
import { PACKAGE_PROXY, type World } from "./world";

/** The way between the host's loopback and the testbed's own network, which has no route in common with the host. */
export class Gate {
  private readonly servers: Server[] = [];

  private constructor(private readonly child: ChildProcess) {}

  /** @param accept gets the connections that guests open to the package proxy */
  static open(world: World, accept: (socket: Socket) => void): Promise<Gate> {
    const script = [join(HOST_SCRIPTS, "gate-inside.mjs"), PACKAGE_PROXY.host, String(PACKAGE_PROXY.port)];
    const child = spawn("nsenter", ["-t", String(world.pid), "-n", "--", process.execPath, ...script], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // Options of this process (loaders, inspectors) are not the child's.
      env: { PATH: process.env.PATH },
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`the gate into the testbed's network ended with code ${code}`)));
      child.on("message", (message, socket) => {
        if (message === "ready") resolve(new Gate(child));
        else if (socket) accept(socket as Socket);
      });
    });
  }

  /**
   * Makes an address of the testbed reachable at a port of the loopback.
   * @param localPort 0 for any free one
   * @param local address of the loopback
   * @returns the port
   * @throws Error when the port is taken
   */
  forward(host: string, port: number, localPort = 0, local = "127.0.0.1"): Promise<number> {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on("error", () => undefined);
      if (this.child.connected) this.child.send({ host, port }, socket);
      else socket.destroy();
    });
    this.servers.push(server);
    return new Promise((resolve, reject) => {
      server.on("error", reject);
      server.listen(localPort, local, () => resolve((server.address() as AddressInfo).port));
    });
  }

  async close(): Promise<void> {
    for (const server of this.servers) server.close();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.removeAllListeners("message");
    this.child.disconnect();
    await ended;
  }
}
