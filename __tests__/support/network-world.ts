import { spawnSync } from "node:child_process";
import { findProgram } from "../../scripts/programs";

/** Those of these programs that this machine has not. */
export const absentPrograms = (names: readonly string[]): string[] => names.filter((name) => !findProgram(name));

/** Runs a script in namespaces of its own, for mounts, networks and processes. @returns its lines, `what: found` */
export function inNetworkWorld(script: string, ...args: readonly string[]): Record<string, string> {
  const { stderr, stdout } = spawnSync(
    "unshare",
    ["--mount", "--net", "--pid", "--kill-child", "--fork", "--mount-proc", "sh", "-c", script, "world", ...args],
    { encoding: "utf8", timeout: 60_000 },
  );
  expect(stderr).toBe("");
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/: (?=[^:]*$)/)),
  );
}
