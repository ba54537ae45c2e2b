import { BrokenRoles } from "../provision/registry";
import { isSystemError, said } from "../stacks/system-error";
import { EXIT, processIo, UsageError } from "./output";
import { countProblems, tellProblems } from "./problems";

/** Runs a command as the process: sets the exit code, and answers even a mistake of the program with one line. */
export function runProcess(name: string, command: () => Promise<number> | number): void {
  // `| head` closes the pipe early: that is no error of ours.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      if (stream === process.stdout) process.stderr.write(`${name}: the output cannot be written: ${said(error)}\n`);
      process.exit(1);
    });
  }
  Promise.resolve()
    .then(command)
    .then(
      (code) => {
        process.exitCode = code;
      },
      (error: unknown) => {
        if (error instanceof UsageError) {
          process.stderr.write(`${name}: ${error.message}\n`);
          process.exitCode = EXIT.usage;
          return;
        }
        if (error instanceof BrokenRoles) {
          tellProblems(error.problems, processIo());
          process.stderr.write(`${name}: ${countProblems(error.problems)} in the roles; mend them first\n`);
          process.exitCode = EXIT.problems;
          return;
        }
        process.stderr.write(`${unexpected(name, error, process.env.LAB_DEBUG === "1")}\n`);
        process.exitCode = 1;
      },
    );
}

/** A mistake of the program, or of the system beneath it, for the person in front of it. */
export function unexpected(name: string, error: unknown, debug: boolean): string {
  if (!debug && isSystemError(error)) return `${name}: ${said(error)}; look at the disk and the rights there`;
  const [message = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  if (debug && error instanceof Error && error.stack) return error.stack;
  return `${name}: a mistake of this program, not of yours: ${message}; please report it with the output of LAB_DEBUG=1`;
}
