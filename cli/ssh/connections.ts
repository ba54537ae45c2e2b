import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Login } from "../../stacks/lab-steps";

export interface Answer {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** sshd allows 10 sessions to a connection unless told otherwise (MaxSessions, sshd_config(5)); one is left for others. */
const SESSIONS = 9;
/** What ssh's own limit, which ends with the exchange of keys, leaves to an authentication that hangs. */
const LOGIN_LIMIT_MS = 30_000;
/** In which order Terraform's SSH (golang.org/x/crypto/ssh) asks a machine for its keys, whichever of them is known. */
const KEYS_AS_TERRAFORM_ASKS =
  "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-rsa,ssh-ed25519";
/** A socket's path must fit sockaddr_un, with the 17 characters that ssh appends while it makes one, and mean itself to ssh. */
const SOCKET_FOLDER = /^[\w./-]{1,70}$/;

/** Why there is no connection. */
export interface Refusal {
  /** What would have to be another for there to be one; `absent`: this machine has no ssh. */
  readonly because: "host key" | "key" | "address" | "absent" | "unknown";
  readonly message: string;
  readonly fix: string;
}

/**
 * Connections by the system's ssh, with the operator's own configuration. Machines that answer stay connected, so that
 * each is logged in to once, whatever the number of guests behind it. Sockets, known hosts and the agent lie in a folder
 * of their own; a private key that is given lives in the agent's memory, never in a file.
 */
export class Connections {
  readonly #folder: string;
  readonly #masters = new Map<
    string,
    { readonly path: string; readonly login: Login; readonly ready: Promise<Answer> }
  >();
  /** How many machines are reached through another, each of which takes one of its sessions. */
  readonly #behind = new Map<string, number>();
  readonly #known = new Map<string, string>();
  readonly #environment: NodeJS.ProcessEnv;
  #agent: ChildProcess | undefined;
  /** Where the process ends early, as by Ctrl-C, neither the key nor a file stays behind. */
  readonly #remove = () => {
    this.#agent?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  };

  private constructor(environment: NodeJS.ProcessEnv) {
    const folder = mkdtempSync(join(tmpdir(), "lab-"));
    this.#folder = SOCKET_FOLDER.test(folder) ? folder : mkdtempSync("/tmp/lab-");
    if (this.#folder !== folder) rmSync(folder, { recursive: true });
    // What Terraform's variables hold is nobody's business further on.
    const own = Object.entries(environment).filter(([name]) => !/^(TF_VAR_|LAB_VAULT_PASSWORD$)/.test(name));
    this.#environment = { ...Object.fromEntries(own), SSH_ASKPASS_REQUIRE: "never" };
    process.once("exit", this.#remove);
  }

  /**
   * @param privateKey PEM text of the key to log in with. @default the agent and the files that ssh itself would use
   * @throws Error when the key is not accepted
   */
  static async open(environment: NodeJS.ProcessEnv, privateKey?: string): Promise<Connections> {
    const connections = new Connections(environment);
    try {
      if (privateKey) await connections.#startAgent(privateKey);
      return connections;
    } catch (error) {
      await connections.close();
      throw error;
    }
  }

  /**
   * Runs a script of POSIX shell, which arrives whole or not at all; nothing of it is an argument of a process.
   *
   * @param worker a number that no other run has at this moment, from 0
   */
  async run(login: Login, script: string, worker: number): Promise<Answer> {
    const master = await this.#master(login, `run ${Math.floor(worker / SESSIONS)}`);
    if (typeof master !== "string") return master;
    const args = [...this.#options(login, master), "--", login.host, "sh -s"];
    return answer(this.#spawn("ssh", args), { input: `{\n${script}\n}\n` });
  }

  /**
   * Logs in and out again as Terraform does: with the key that was given or else the agent's, whatever the operator's own ssh is told.
   *
   * @returns why Terraform cannot; undefined: it can
   */
  async tryAsTerraform(login: Login): Promise<Refusal | undefined> {
    const asked = login.hostKey === undefined ? [] : ["-o", `HostKeyAlgorithms=${KEYS_AS_TERRAFORM_ASKS}`];
    const refusal = await this.#tried(login, asked);
    if (refusal?.because !== "host key" || (await this.#tried(login, []))?.because === "host key") return refusal;
    const fix =
      "give ssh_host_key the one that Terraform asks for first, of those that the node has: ECDSA (ssh-keyscan -t ecdsa), RSA, Ed25519";
    return { ...refusal, message: `${refusal.message}: the node has that key, but shows Terraform another`, fix };
  }

  async #tried(login: Login, more: readonly string[]): Promise<Refusal | undefined> {
    const { host, hostKey, port, user } = login;
    const options = ["BatchMode=yes", "ConnectTimeout=10", "LogLevel=ERROR", `Port=${port}`, "IdentityFile=none"];
    options.push("PreferredAuthentications=publickey");
    if (hostKey === undefined) options.push("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null");
    else options.push(...this.#knownHost(login, hostKey));
    const words = ["-F", "none", "-n", ...options.flatMap((option) => ["-o", option]), ...more, "-l", user];
    const child = this.#spawn("ssh", [...words, "--", host, "exit"]);
    const limit = setTimeout(() => child.kill(), LOGIN_LIMIT_MS);
    const ended = await answer(child);
    clearTimeout(limit);
    const tried = child.killed ? { ...ended, errors: `no login in ${LOGIN_LIMIT_MS / 1000} s` } : ended;
    // Any other status is the command's own: the login went well.
    return tried.status === null || tried.status === 255
      ? refusalOf(login, tried, this.#agent !== undefined)
      : undefined;
  }

  /** Ends the connections and the agent, and removes the folder. */
  async close(): Promise<void> {
    const masters = [...this.#masters.values()];
    await Promise.all(
      masters.map(({ login, path }) =>
        answer(this.#spawn("ssh", ["-O", "exit", ...this.#options(login, path), "--", login.host])),
      ),
    );
    process.off("exit", this.#remove);
    this.#remove();
  }

  /** The socket of a connection, made when it is first asked for; or why there is none. */
  async #master(login: Login, purpose: string): Promise<string | Answer> {
    const key = `${JSON.stringify(login)} ${purpose}`;
    let master = this.#masters.get(key);
    if (!master) {
      const path = join(this.#folder, String(this.#masters.size));
      master = { path, login, ready: this.#connect(login, path) };
      this.#masters.set(key, master);
    }
    const { path, ready } = master;
    const connected = await ready;
    return connected.status === 0 ? path : connected;
  }

  /** `-f` returns once the login has succeeded. */
  async #connect(login: Login, path: string): Promise<Answer> {
    const way = login.through ? await this.#wayThrough(login.through) : [];
    if (!Array.isArray(way)) return way;
    const master = ["-M", "-N", "-f", "-o", "ControlPersist=60", ...way];
    const child = this.#spawn("ssh", [...master, ...this.#options(login, path), "--", login.host]);
    const connected = await answer(child, { background: true });
    if (connected.status === 0) return connected;
    const { fix, message } = refusalOf(login, connected, this.#agent !== undefined);
    return { ...connected, errors: `${message}; ${fix}` };
  }

  async #wayThrough(login: Login): Promise<string[] | Answer> {
    const key = JSON.stringify(login);
    const number = this.#behind.get(key) ?? 0;
    this.#behind.set(key, number + 1);
    const path = await this.#master(login, `through ${Math.floor(number / SESSIONS)}`);
    if (typeof path !== "string") return path;
    const words = ["ssh", ...this.#options(login, path), "-W", "'[%h]:%p'", "--", login.host];
    return ["-o", `ProxyCommand=${words.join(" ")}`];
  }

  #options(login: Login, path: string): string[] {
    const { hostKey, port, user } = login;
    const options = ["BatchMode=yes", "ConnectTimeout=10", `ControlPath=${path}`, "LogLevel=ERROR", `Port=${port}`];
    // As Terraform does, which looks at no known hosts: docs/inventory.md, ssh_host_key. A key that has changed is refused.
    if (hostKey === undefined) options.push("StrictHostKeyChecking=accept-new");
    else options.push(...this.#knownHost(login, hostKey));
    return [...options.flatMap((option) => ["-o", option]), "-l", user];
  }

  #knownHost({ host, port }: Login, hostKey: string): string[] {
    const line = `${port === 22 ? host : `[${host}]:${port}`} ${hostKey}\n`;
    const file = this.#known.get(line) ?? join(this.#folder, `known-${this.#known.size}`);
    // Once: ssh may be reading it.
    if (!this.#known.has(line)) writeFileSync(file, line);
    this.#known.set(line, file);
    return [
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${file}`,
      "GlobalKnownHostsFile=none",
      "UpdateHostKeys=no",
    ];
  }

  async #startAgent(privateKey: string): Promise<void> {
    const socket = join(this.#folder, "agent");
    this.#agent = this.#spawn("ssh-agent", ["-D", "-a", socket]);
    const started = new Promise<void>((resolve, reject) => {
      this.#agent?.once("error", reject);
      this.#agent?.once("exit", () => reject(new Error("ssh-agent ended")));
      this.#agent?.stdout?.once("data", () => resolve());
    });
    await started;
    this.#environment.SSH_AUTH_SOCK = socket;
    // Terraform reads keys with either end of lines, and what stands before them. Without a terminal nobody is asked for a passphrase.
    const begun = privateKey.replaceAll("\r\n", "\n").replace(/^[\s\S]*?(?=^-----BEGIN )/m, "");
    const input = `${begun.trimEnd()}\n`;
    const added = await answer(this.#spawn("ssh-add", ["-q", "-"], true), { input });
    if (added.status !== 0) throw new Error(`ssh-add: ${added.errors.trim()}`);
  }

  #spawn(program: string, args: readonly string[], detached = false): ChildProcess {
    return spawn(program, args, { env: this.#environment, stdio: ["pipe", "pipe", "pipe"], detached });
  }
}

/** The line of ssh's that says why, and what to do about it. */
function refusalOf({ host, hostKey, port, user }: Login, { errors, status }: Answer, isOwnKey: boolean): Refusal {
  const lines = errors.split("\n").flatMap((line) => line.trim() || []);
  const known: readonly [RegExp, Refusal["because"], string][] = [
    [
      /host key/i,
      "host key",
      hostKey === undefined
        ? "your ssh knows another key for it: if that is meant, ssh-keygen -R takes the old one away; or set ssh_host_key of the node in the inventory"
        : "it is another machine, or one set up anew: then correct ssh_host_key in the inventory",
    ],
    [
      /permission denied|too many authentication/i,
      "key",
      isOwnKey
        ? `add the public key of proxmox_ssh_private_key to the authorized_keys of ${user} there, or give another key`
        : "ssh-add the key for it, and few others, for sshd takes no more than six tries; or give TF_VAR_proxmox_ssh_private_key",
    ],
    [
      /resolve|refused|timed out|unreachable|no route/i,
      "address",
      "check the address in the inventory, and that the machine is up",
    ],
    [/ENOENT/, "absent", "install the OpenSSH client"],
  ];
  // Behind the reason there may be another line, that the connection has ended.
  const reason = lines.findLast((line) => known.some(([pattern]) => pattern.test(line)));
  const line = reason ?? lines.at(-1) ?? `ssh ended with status ${status ?? "unknown"}`;
  const [, because = "unknown", fix = "try it by hand"] = known.find(([pattern]) => pattern.test(line)) ?? [];
  return { because, message: `no connection to ${user}@${host}:${port}: ${line.replace(/\.$/, "")}`, fix };
}

function answer(child: ChildProcess, { background = false, input = "" } = {}): Promise<Answer> {
  return new Promise((resolve) => {
    let [output, errors] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.on("error", (error) => resolve({ status: null, output, errors: error.message }));
    // A machine that closes the connection early is told by its status.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    // A connection in the background keeps the pipes open; it has nothing more to say.
    child.on("exit", (status) => background && status === 0 && resolve({ status, output, errors }));
    child.on("close", (status) => resolve({ status, output, errors }));
  });
}
