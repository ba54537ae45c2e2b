import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isExecutable } from "../../../model/executable";
import type { Testbed } from "../../../testbed/api/index";
import { program } from "../../../testbed/guests/programs";

/** One step that arrived: on a guest, or on the node itself. */
export interface StepRun {
  /** `web base`: host and role. */
  readonly name: string;
  readonly vmid?: number;
}

interface Asked {
  readonly words: readonly string[];
}

interface Answered {
  readonly code: number;
  readonly output: string;
}

/** Exit status for a step that is noted and not run. */
const NOTED = 75;

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"];

/** What keeps a node's shell from being played here; `""` for nothing. */
export function missingForNodeShell(): string {
  const sshd = SSHD.find((path) => isExecutable(path));
  if (!sshd) return "there is no sshd to play a node's (Debian: apt-get install openssh-server)";
  if (process.getuid?.() === 0 && !existsSync("/run/sshd")) return "sshd misses its folder /run/sshd";
  return "";
}

/**
 * A Proxmox VE node's shell over SSH, for guests that are state only. Its `pct` changes the testbed's state; what is to run
 * inside a guest is noted and not run, and so is what is to run on the node, for it would change this machine; but for the
 * role `hardware`, which really runs, over a folder that stands for `/etc/pve/lxc`.
 */
export class NodeShell {
  readonly #folder = mkdtempSync(join(tmpdir(), "lab-node-"));
  readonly #failures = new Map<string, Answered>();
  /** Files that stand for /etc/pve/lxc, as written last. */
  #shown: ReadonlyMap<string, string> = new Map();
  readonly #testbed: Testbed;
  readonly #node: string;
  #sshd: ChildProcess | undefined;
  #port = 0;
  readonly #questions: Server;
  /** Steps in the order in which they arrived. */
  readonly runs: StepRun[] = [];
  /** Calls of `pct` that are not `exec`, as typed. */
  readonly calls: string[] = [];

  private constructor(testbed: Testbed, node: string, other?: NodeShell) {
    this.#testbed = testbed;
    this.#node = node;
    this.#writeFiles();
    if (other) for (const file of ["key", "key.pub"]) copyFileSync(join(other.#folder, file), join(this.#folder, file));
    this.#questions = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  /** @param other another node's, whose key opens this one, too */
  static async start(testbed: Testbed, node = "pve1", other?: NodeShell): Promise<NodeShell> {
    const shell = new NodeShell(testbed, node, other);
    await new Promise<void>((resolve) => shell.#questions.listen(join(shell.#folder, "questions"), resolve));
    await shell.#listen();
    return shell;
  }

  get port(): number {
    return this.#port;
  }

  get user(): string {
    return userInfo().username;
  }

  get privateKey(): string {
    return readFileSync(join(this.#folder, "key"), "utf8");
  }

  /** `ssh-ed25519 AAAA…` */
  get hostKey(): string {
    return readFileSync(join(this.#folder, "host_key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  }

  /** Lets the step of this name fail with an output; without an answer it works again. */
  fail(name: string, answer?: Answered): void {
    if (answer) this.#failures.set(name, answer);
    else this.#failures.delete(name);
  }

  /** Names of the steps since the last call. */
  taken(): string[] {
    this.calls.length = 0;
    return this.runs.splice(0).map(({ name }) => name);
  }

  async close(): Promise<void> {
    this.#sshd?.stdin?.end();
    await new Promise((resolve) => this.#questions.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    this.#port = await freePort();
    const sshd = SSHD.find((path) => isExecutable(path)) ?? "sshd";
    // It ends with this process, also when that is killed: its standard input is then closed.
    const script = '"$0" -D -f "$1" -p "$2" & read -r _; kill "$!"';
    const words = ["-c", script, sshd, join(this.#folder, "sshd_config"), String(this.#port)];
    this.#sshd = spawn("sh", words, { stdio: ["pipe", "ignore", "ignore"] });
    for (let tries = 0; tries < 100 && !(await answers(this.#port)); tries++) await sleep(50);
  }

  #writeFiles(): void {
    const folder = this.#folder;
    const bin = join(folder, "bin");
    for (const each of ["bin", "home", "lxc"]) mkdirSync(join(folder, each));
    for (const key of ["key", "host_key"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "node", "-f", join(folder, key)]);
    }
    const ask = `'${process.execPath}' '${join(folder, "ask.cjs")}'`;
    const files: Record<string, string> = {
      "ask.cjs": ASK.replace("SOCKET", join(folder, "questions")),
      "bin/pct": `#!/bin/sh\nexec ${ask} pct "$@"\n`,
      "bin/pvesh": `#!/bin/sh\nexec ${ask} pvesh "$@"\n`,
      "bin/sudo": '#!/bin/sh\nshift\nexec "$@"\n',
      // The step's own PATH is a node's, which has its pct; here the stand-in's folder comes before it.
      "bin/sh": [
        "#!/bin/sh",
        '[ "$1" = -c ] || exec /bin/sh "$@"',
        `text=$(printf '%s\\n' "$2" | sed 's#^PATH=#PATH=${bin}:#')`,
        "shift 2",
        `${ask} node "$2" || { status=$?; [ "$status" -ne ${NOTED} ] || exit 0; exit "$status"; }`,
        'exec /bin/sh -c "$text" "$@"',
        "",
      ].join("\n"),
      enter: [
        "#!/bin/sh",
        `export HOME='${folder}/home' PATH="${bin}:$PATH" HARDWARE_CONFIG='${folder}/lxc'`,
        'cd "$HOME"',
        'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"',
        "",
      ].join("\n"),
      sshd_config: [
        `HostKey ${folder}/host_key`,
        `AuthorizedKeysFile ${folder}/key.pub`,
        `ForceCommand ${folder}/enter`,
        ...[
          "UsePAM no",
          "StrictModes no",
          "PermitRootLogin yes",
          "PasswordAuthentication no",
          "PidFile none",
          "MaxStartups 1000",
        ],
        "ListenAddress 127.0.0.1",
        "",
      ].join("\n"),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o755 });
    chmodSync(folder, 0o755);
  }

  #serve(socket: Socket): void {
    let received = "";
    socket.on("error", () => socket.destroy());
    socket.setEncoding("utf8").on("data", (text: string) => {
      received += text;
    });
    socket.on("end", async () => {
      const answer = await this.#answer(JSON.parse(received) as Asked).catch(
        (error: unknown): Answered => ({ code: 255, output: `${String(error)}\n` }),
      );
      socket.end(JSON.stringify(answer));
    });
  }

  async #answer({ words: [kind = "", ...words] }: Asked): Promise<Answered> {
    if (kind === "node") return this.#onNode(words[0] ?? "");
    if (kind === "pct" && words[0] === "exec") return this.#inGuest(words);
    if (kind === "pct") this.calls.push(words.join(" "));
    const { code, errors, output } = await program(this.#node, [kind, ...words], (call) => this.#testbed.local(call));
    this.#showConfigs();
    return { code, output: output + errors };
  }

  #onNode(name: string): Answered {
    this.runs.push({ name });
    this.#showConfigs();
    return this.#failures.get(name) ?? { code: name.endsWith(" hardware") ? 0 : NOTED, output: "" };
  }

  /** `exec VMID -- sh -c SCRIPT step NAME ACTION`. */
  #inGuest(words: readonly string[]): Answered {
    const vmid = Number(words[1]);
    const name = words[7] ?? "";
    const guest = this.#testbed.state.guests[vmid];
    if (!guest?.running) return { code: 255, output: `container '${vmid}' not running!\n` };
    const failure = this.#failures.get(name);
    if (failure) return failure;
    this.runs.push({ name, vmid });
    return { code: 0, output: `${name}: done: 0 changed, 1 as they were\n` };
  }

  #showConfigs(): void {
    const lines = (values: Readonly<Record<string, string | null>>) =>
      Object.entries(values).flatMap(([key, value]) =>
        value === null || key === "description" ? [] : [`${key}: ${value}`],
      );
    const wanted = new Map<string, string>();
    for (const { config, node, pending, type, vmid } of Object.values(this.#testbed.state.guests)) {
      if (type !== "lxc" || node !== this.#node) continue;
      const gone = Object.keys(pending).filter((key) => pending[key] === null);
      const waiting = [...lines(pending), ...(gone.length > 0 ? [`delete: ${gone.join(",")}`] : [])];
      const text = [...lines(config), ...(waiting.length > 0 ? ["", "[pve:pending]", ...waiting] : []), ""];
      wanted.set(join(this.#folder, "lxc", `${vmid}.conf`), text.join("\n"));
    }
    // Steps read while others change: a file is whole at every moment.
    for (const [path, text] of wanted) {
      if (this.#shown.get(path) === text) continue;
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    }
    for (const path of this.#shown.keys()) if (!wanted.has(path)) rmSync(path, { force: true });
    this.#shown = wanted;
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (outcome: boolean) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on("connect", () => end(true)).on("error", () => end(false));
  });
}

/** Hands its words to the test, prints the answer and ends with its code; of `pct exec` it takes all input first. */
const ASK = `
const { connect } = require("node:net");
const words = process.argv.slice(2);
if (words[1] === "exec") require("node:fs").readFileSync(0);
const socket = connect("SOCKET");
let text = "";
socket.setEncoding("utf8").on("data", (part) => { text += part; });
socket.on("end", () => {
  const { code, output } = JSON.parse(text);
  process.stdout.write(output, () => process.exit(code));
});
socket.end(JSON.stringify({ words }));
`;
