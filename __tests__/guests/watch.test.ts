import { spawn } from "node:child_process";
import { watchingArguments } from "./support/watch";

const ends = (program: string, ...words: string[]) =>
  new Promise<void>((resolve) => spawn(program, words).on("close", () => resolve()));

describe("what watches argument lists for secrets", () => {
  it("sees a process that takes a twentieth of a second", async () => {
    const [, seen] = await watchingArguments(["canary-0b1d"], () => ends("sh", "-c", "sleep 0.05; : canary-0b1d"));
    expect(seen).toEqual([expect.stringContaining("canary-0b1d")]);
  });

  it("does not take other processes for it", async () => {
    const [result, seen] = await watchingArguments(["canary-0b1d"], async () => {
      await ends("sleep", "0.05");
      return "done";
    });
    expect([result, seen]).toEqual(["done", []]);
  });
});
