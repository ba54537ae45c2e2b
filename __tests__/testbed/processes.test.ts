import { spawn } from "node:child_process";
import { startTime, stillRuns } from "../../testbed/processes";

describe("a process that was noted", () => {
  const noted = (pid: number, started = startTime(pid)) => ({ pid, ...(started === undefined ? {} : { started }) });

  it("runs until it ends", async () => {
    const child = spawn("sleep", ["60"]);
    const { pid = 0 } = child;
    const note = noted(pid);
    expect(stillRuns(note)).toBe(true);
    child.kill();
    await new Promise((resolve) => child.on("exit", resolve));
    expect(stillRuns(note)).toBe(false);
  });

  it("is not another one with the same number", () => {
    if (startTime(process.pid) === undefined) {
      process.stderr.write('SKIPPED "is not another one with the same number": there is no /proc\n');
      return;
    }
    expect(stillRuns({ pid: process.pid, started: "1" })).toBe(false);
    expect(stillRuns({ pid: process.pid })).toBe(false);
  });
});
