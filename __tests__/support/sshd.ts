import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { temporaryFolder } from "./run-step";
import { describeUnless } from "./skip";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find((path) => spawnSync(path, ["-V"]).error === undefined);

/** `describe` for tests that log in by SSH; skips them, and says why, where there is no sshd. */
export function describeWithSshd(name: string, tests: () => void): void {
  const can = SSHD !== undefined && spawnSync("ssh-agent", ["-V"]).error === undefined;
  describeUnless(can ? "" : "needs sshd, ssh and ssh-agent", name, tests);
}

/** A real sshd on a loopback port, which lets the user who runs the test in by one key: stands for a node. */
export class Sshd {
  readonly user = userInfo().username;
  /** Holds stand-ins for `pct` and the like, first in PATH of whoever logs in. */
  readonly bin = temporaryFolder();
  readonly #folder = temporaryFolder();
  #process: ChildProcess | undefined;
  #log = "";
  port = 0;

  /** @param further types of host keys beside Ed25519 */
  constructor(private readonly further: readonly ("ecdsa" | "rsa")[] = []) {}

  async start(): Promise<this> {
    for (const key of ["host", "user"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", join(this.#folder, key)]);
    }
    const others = this.further.map((type) => join(this.#folder, type));
    for (const [index, file] of others.entries())
      execFileSync("ssh-keygen", ["-q", "-t", this.further[index] ?? "", "-N", "", "-f", file]);
    if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true });
    this.port = await freePort();
    const config = {
      Port: this.port,
      ListenAddress: "127.0.0.1",
      HostKey: join(this.#folder, "host"),
      AuthorizedKeysFile: join(this.#folder, "user.pub"),
      PidFile: "none",
      UsePAM: "no",
      StrictModes: "no",
      PermitRootLogin: "yes",
      PasswordAuthentication: "no",
      LogLevel: "VERBOSE",
      SetEnv: `PATH=${this.bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
    };
    const path = join(this.#folder, "sshd_config");
    writeFileSync(
      path,
      `${[...Object.entries(config), ...others.map((file) => ["HostKey", file])]
        .map(([key, value]) => `${key} ${value}`)
        .join("\n")}\n`,
    );
    this.#process = spawn(SSHD ?? "", ["-D", "-e", "-f", path], { stdio: ["ignore", "ignore", "pipe"] });
    await new Promise<void>((resolve, reject) => {
      this.#process?.once("exit", () => reject(new Error(`sshd ended: ${this.#log}`)));
      this.#process?.stderr?.on("data", (text: Buffer) => {
        this.#log += text;
        if (text.includes("Server listening")) resolve();
      });
    });
    return this;
  }

  stop(): void {
    this.#process?.removeAllListeners("exit");
    this.#process?.kill();
  }

  /** How often somebody has logged in. */
  logins(): number {
    return this.#log.match(/Accepted publickey/g)?.length ?? 0;
  }

  get privateKey(): string {
    return readFileSync(join(this.#folder, "user"), "utf8");
  }

  /** `ssh-ed25519 AAAA…`, without its comment. */
  get hostKey(): string {
    return readFileSync(join(this.#folder, "host.pub"), "utf8").split(" ").slice(0, 2).join(" ").trim();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
