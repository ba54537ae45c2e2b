import { createInterface } from "node:readline";
import type { OperateOptions } from "./operate";

/** An answer; nothing where the question is left by Ctrl-C or Ctrl-D. */
function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  return new Promise<string>((resolve) => {
    terminal.once("close", () => resolve("")).question(question, resolve);
  }).finally(() => terminal.close());
}

/** How somebody at a terminal is asked and shown what goes on; nothing where there is none. */
export function onTerminal(): Pick<OperateOptions, "confirm" | "terminal"> {
  const { stdin, stdout } = process;
  const isTerminal = stdout.isTTY === true && process.env.TERM !== "dumb" && !process.env.CI;
  return {
    ...(stdin.isTTY && stdout.isTTY ? { confirm: ask } : {}),
    ...(isTerminal ? { terminal: { columns: stdout.columns || 80, write: (text) => void stdout.write(text) } } : {}),
  };
}
