import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "./api/index";

/** What a running testbed tells the command line. */
export interface RunInfo {
  readonly pid: number;
  /** When that process was started; absent where it cannot be known. */
  readonly started?: string;
  readonly url: string;
  readonly backend: string;
  readonly credentials: Credentials;
  readonly nodes: readonly RunNode[];
  /** What the user should know, such as why guests are inert. */
  readonly notes: readonly string[];
}

interface RunNode {
  readonly name: string;
  /** Where its sshd is reached; absent, like what belongs to it, where guests are inert. */
  readonly address?: string;
  readonly sshPort?: number;
  readonly privateKeyFile?: string;
  /** Public, `ssh-ed25519 AAAA…`. */
  readonly hostKey?: string;
}

interface RunFiles {
  readonly folder: string;
  readonly info: string;
  readonly log: string;
  readonly snapshot: string;
  readonly socket: string;
}

/** Where a testbed of this id keeps its files: below `$XDG_RUNTIME_DIR`, or the user's state folder. */
export function filesOf(id: string): RunFiles {
  const root = process.env.XDG_RUNTIME_DIR || join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"));
  const folder = join(root, "proxmox-lab-testbed-run", id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    folder,
    info: join(folder, "run.json"),
    log: join(folder, "testbed.log"),
    snapshot: join(folder, "state.json"),
    socket: join(folder, "api.sock"),
  };
}

export function readRun(id: string): RunInfo | undefined {
  const { info } = filesOf(id);
  return existsSync(info) ? (JSON.parse(readFileSync(info, "utf8")) as RunInfo) : undefined;
}

export function writeRun(id: string, info: RunInfo): void {
  writeFileSync(filesOf(id).info, `${JSON.stringify(info, undefined, 2)}\n`, { mode: 0o600 });
}

export const removeRun = (id: string): void => rmSync(filesOf(id).folder, { recursive: true, force: true });

/** Sends a command to a running testbed; throws with its words when it refuses, or when there is none. */
export function ask(id: string, command: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath: filesOf(id).socket, method: "POST", path: `/testbed/${command}` },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => {
          const { data, message } = JSON.parse(text) as { data?: unknown; message?: string };
          if (response.statusCode === 200) resolve(data);
          else reject(new Error(message ?? `status ${response.statusCode}`));
        });
      },
    );
    call.on("error", () => reject(new Error("there is no testbed; start one with: npm run testbed -- up")));
    call.end(JSON.stringify(parameters));
  });
}
