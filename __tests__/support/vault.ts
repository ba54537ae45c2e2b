import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../scripts/programs";
import { temporaryFolder } from "./run-step";
import { describeUnless } from "./skip";

const PROGRAM = findProgram("ansible-vault");

/** `describe` for tests that ask the real ansible-vault; skips them, and says why, where there is none. */
export function describeWithAnsibleVault(name: string, tests: () => void): void {
  describeUnless(PROGRAM ? "" : "no ansible-vault in .venv or on PATH; run scripts/venv.sh", name, tests);
}

/** Runs ansible-vault with a password, which lies in a file of its own. */
export function ansibleVault(
  args: readonly string[],
  { password, id, input }: { password: string; id?: string; input: string | Buffer },
): Buffer {
  const file = join(temporaryFolder(), "password");
  writeFileSync(file, `${password}\n`);
  const identity = id === undefined ? ["--vault-password-file", file] : ["--vault-id", `${id}@${file}`];
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("ANSIBLE_"));
  const env = { ...Object.fromEntries(own), LC_ALL: "C.UTF-8" };
  return execFileSync(PROGRAM ?? "", [...args, ...identity], { input, env, stdio: ["pipe", "pipe", "pipe"] });
}
