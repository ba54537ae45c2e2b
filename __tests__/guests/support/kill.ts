import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Kills a step that runs in a guest: its shell alone, which leaves what it started running, or everything that belongs to
 * it at one moment, as a node that loses power does.
 *
 * @param init process id of the guest's init
 * @returns whether one ran
 */
export function killStep(init: number, all: boolean): boolean {
  const processes = processesOf(init);
  const roots = rootsOf(processes);
  const doomed = all
    ? roots.flatMap(({ pid }) => [pid, ...descendants(pid, processes)])
    : shells(roots, processes).map(({ pid }) => pid);
  // None of them sees another one end.
  for (const signal of ["SIGSTOP", "SIGKILL"] as const) for (const pid of doomed) end(pid, signal);
  return roots.length > 0;
}

/** Whether a step is being applied in a guest. */
export const stepRuns = (init: number): boolean => rootsOf(processesOf(init)).length > 0;

/** What entered the guest. */
const rootsOf = (processes: readonly Process[]): Process[] =>
  processes.filter(({ command, parent }) => isStep(command) && !processes.some(({ pid }) => pid === parent));

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** `sh -c UNPACK step NAME ACTION`: what send.sh enters the guest with. */
const isStep = (command: string): boolean => /^sh\0-c\0.*\0step\0[^\0]+\0apply\0/s.test(command);

/** The shells of a step, down to the one that runs the role. */
function shells(roots: readonly Process[], processes: readonly Process[]): Process[] {
  const isShell = ({ command }: Process) => isStep(command) || command.startsWith("sh\0");
  const below = (parents: readonly Process[]): Process[] => {
    const found = processes.filter((each) => isShell(each) && parents.some(({ pid }) => pid === each.parent));
    return found.length === 0 ? [] : [...found, ...below(found)];
  };
  return [...roots, ...below(roots)];
}

function descendants(parent: number, processes: readonly Process[]): number[] {
  return processes.filter((each) => each.parent === parent).flatMap(({ pid }) => [pid, ...descendants(pid, processes)]);
}

function processesOf(init: number): Process[] {
  const namespace = namespaceOf(init);
  if (namespace === undefined) return [];
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || namespaceOf(pid) !== namespace) return [];
    try {
      const parent = Number(
        readFileSync(`/proc/${pid}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ")[1],
      );
      return [{ pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, "utf8") }];
    } catch {
      return [];
    }
  });
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}
