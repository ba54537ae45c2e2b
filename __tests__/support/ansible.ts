import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isExecutable } from "../../model/executable";
import { findProgram } from "../../scripts/programs";
import { describeUnless } from "./skip";

const found = findProgram("ansible-inventory");

/** `describe` for tests that need ansible-core; skips them, and says why, where there is none. */
export function describeWithAnsible(name: string, tests: () => void): void {
  describeUnless(found ? "" : "no ansible-inventory in .venv or on PATH; run scripts/venv.sh", name, tests);
}

/** Runs `ansible-inventory --list` in-process for many targets: starting Python and Ansible costs a second each time. */
const LIST_ALL = `
import json, sys
from ansible.cli.inventory import InventoryCLI
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

cli = InventoryCLI(["ansible-inventory", "--list"])
cli.parse()
texts = []
for target in json.load(sys.stdin):
    try:
        cli.loader = DataLoader()
        cli.inventory = InventoryManager(loader=cli.loader, sources=[target])
        cli.vm = VariableManager(loader=cli.loader, inventory=cli.inventory)
        texts.append(cli.dump(cli.json_inventory(cli.inventory.groups["all"])) + "\\n")
    except Exception:
        texts.append(None)
json.dump(texts, sys.stdout)
`;

/** What `ansible-inventory -i <target> --list` prints for each target; null where it fails. */
export function ansibleLists(targets: readonly string[]): (string | null)[] {
  const output = execFileSync(pythonOf(found ?? ""), ["-c", LIST_ALL], {
    cwd: tmpdir(),
    env: ansibleEnvironment(),
    input: JSON.stringify(targets),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "pipe"],
  });
  return JSON.parse(output) as (string | null)[];
}

/** What the command itself prints for one target. */
export function ansibleInventoryCommand(target: string): string {
  return execFileSync(found ?? "", ["-i", target, "--list"], {
    cwd: tmpdir(),
    env: ansibleEnvironment(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** Without the caller's own Ansible settings. */
function ansibleEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("ANSIBLE_"));
  return { ...Object.fromEntries(own), LC_ALL: "C.UTF-8" };
}

/** The interpreter that a Python command is installed for: the one beside it, or the one that its first line names. */
function pythonOf(command: string): string {
  const beside = join(dirname(realpathSync(command)), "python3");
  return isExecutable(beside)
    ? beside
    : readFileSync(command, "utf8")
        .split("\n")[0]!
        .replace(/^#!\s*/, "")
        .trim();
}
