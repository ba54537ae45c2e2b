import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { CommandResult } from "./shell";

/**
 * Listens on a node's socket for what its programs are asked: a line with the number of words, then each with a line of its
 * length before it; the first is the program's name. The answer is frames `1 <bytes>`, `2 <bytes>` (standard output, errors) and `exit <code>`.
 */
export function servePrograms(folder: string, answer: (words: string[]) => Promise<CommandResult>): Promise<Server> {
  const path = join(folder, "api.sock");
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, answer));
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(path, () => {
      // The node's root is an ordinary user of the machine; the folder is below one that only root may enter.
      chmodSync(path, 0o666);
      resolve(server);
    });
  });
}

function serve(socket: Socket, answer: (words: string[]) => Promise<CommandResult>): void {
  let received = Buffer.alloc(0);
  let asked = false;
  socket.on("error", () => socket.destroy());
  socket.on("end", () => (asked ? undefined : socket.destroy()));
  socket.on("data", (block: Buffer) => {
    received = Buffer.concat([received, block]);
    const words = asked ? undefined : parseWords(received);
    if (words === undefined) return;
    asked = true;
    answer(words)
      .catch((error): CommandResult => ({ code: 255, output: "", errors: `${String(error)}\n` }))
      .then(({ code, output, errors }) => socket.end(`${frame(1, output)}${frame(2, errors)}exit ${code}\n`));
  });
}

const frame = (stream: 1 | 2, text: string): string =>
  text === "" ? "" : `${stream} ${Buffer.byteLength(text)}\n${text}`;

/** @returns `undefined` while words are still on their way */
export function parseWords(data: Buffer): string[] | undefined {
  let at = 0;
  const number = (): number | undefined => {
    const end = data.indexOf("\n", at);
    if (end < 0) return undefined;
    const value = Number(data.toString("utf8", at, end));
    at = end + 1;
    return value;
  };
  const count = number();
  if (count === undefined) return undefined;
  const words: string[] = [];
  while (words.length < count) {
    const length = number();
    if (length === undefined || at + length > data.length) return undefined;
    words.push(data.toString("utf8", at, at + length));
    at += length;
  }
  return words;
}
