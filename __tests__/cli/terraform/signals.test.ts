import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OperateOptions } from "../../../cli/terraform/operate";
import { type Call, folder, GIVEN, run } from "./stand-in";

describe("npm run diff and deploy", () => {
  it("leave no plan, which holds secrets, behind when they are ended while nothing runs", async () => {
    const exit = jest.spyOn(process, "exit").mockImplementation(() => undefined as never);
    let isGone: boolean | undefined;
    const cwd = folder();
    const gate: OperateOptions["gate"] = () => {
      const calls = readFileSync(join(cwd, "calls.jsonl"), "utf8").trim().split("\n");
      const { args } = JSON.parse(calls.at(-1) ?? "") as Call;
      const plans = dirname(args.at(-1) ?? "");
      const isThere = existsSync(plans);
      process.emit("SIGTERM", "SIGTERM");
      isGone = isThere && !existsSync(plans);
      return 3;
    };
    await run(cwd, ["deploy", "lab"], GIVEN, { gate });
    expect(exit).toHaveBeenCalledWith(143);
    expect(isGone).toBe(true);
    exit.mockRestore();
  });
});
