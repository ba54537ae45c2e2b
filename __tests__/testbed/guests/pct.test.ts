import fc from "fast-check";
import type { LocalAnswer, LocalCall } from "../../../testbed/guests/local-api";
import { pct } from "../../../testbed/guests/pct";
import { parseWords } from "../../../testbed/guests/program-server";
import type { CommandResult } from "../../../testbed/guests/shell";

/** Runs pct against an API that gives these answers in turn. */
async function ask(words: string, ...answers: LocalAnswer[]): Promise<CommandResult & { calls: LocalCall[] }> {
  const calls: LocalCall[] = [];
  const result = await pct("pve1", words.split(" "), async (call) => {
    calls.push(call);
    return answers[calls.length - 1] ?? { status: 200, data: null };
  });
  return { ...result, calls };
}

const task = { status: 200, data: "UPID:pve1:1" };
const ended = (exitstatus: string): LocalAnswer => ({ status: 200, data: { status: "stopped", exitstatus } });
const logOf = (...lines: string[]): LocalAnswer => ({ status: 200, data: lines.map((t, n) => ({ n: n + 1, t })) });

describe("pct on a node", () => {
  it("turns options of every spelling into parameters", async () => {
    const { calls, code } = await ask("set 101 -memory 512 --mp0 /a,mp=/b --onboot=1 --delete mp1 -protection");
    expect(code).toBe(0);
    expect(calls).toEqual([
      {
        node: "pve1",
        method: "PUT",
        path: "/nodes/pve1/lxc/101/config",
        parameters: { memory: "512", mp0: "/a,mp=/b", onboot: "1", delete: "mp1", protection: "1" },
      },
    ]);
  });

  it("waits for a task, and shows its log", async () => {
    const running = { status: 200, data: { status: "running" } };
    const result = await ask("start 101", task, running, ended("OK"), logOf("one", "TASK OK"));
    expect(result).toMatchObject({ code: 0, output: "one\n", errors: "" });
    expect(result.calls[1]?.path).toBe("/nodes/pve1/tasks/UPID%3Apve1%3A1/status");
  });

  it("fails with the text of the task", async () => {
    const result = await ask("start 101", task, ended("bridge 'x' does not exist"), logOf("TASK ERROR: bridge"));
    expect(result).toMatchObject({ code: 255, output: "", errors: "bridge 'x' does not exist\n" });
  });

  it("tells an unknown container by exit code 2, as Perl's die after ENOENT does", async () => {
    const message = "Configuration file 'nodes/pve1/lxc/9.conf' does not exist\n";
    expect(await ask("status 9", { status: 500, message })).toMatchObject({ code: 2, errors: message });
  });

  it("shows what is wrong with parameters, one line each", async () => {
    const message = "Parameter verification failed.\n";
    const errors = { memory: "value must have a minimum value of 16" };
    expect(await ask("set 101 -memory 1", { status: 400, message, errors })).toMatchObject({
      code: 255,
      errors:
        "400 Parameter verification failed.\nmemory: value must have a minimum value of 16\npct set <vmid> [OPTIONS]\n",
    });
  });

  it("asks nothing when arguments are missing or the command is unknown", async () => {
    expect(await ask("resize 101 rootfs")).toMatchObject({ code: 255, calls: [] });
    expect(await ask("frobnicate")).toMatchObject({ code: 255, calls: [] });
    expect(await ask("constructor")).toMatchObject({ code: 255, calls: [] });
  });

  it("shows configurations sorted, with an encoded description and without the digest", async () => {
    const data = { memory: 512, description: "50% of: ü\n", digest: "abc", arch: "amd64" };
    const { output } = await ask("config 101", { status: 200, data });
    expect(output).toBe("arch: amd64\ndescription: 50%25 of%3A %C3%BC%0A\nmemory: 512\n");
  });

  it("shows pending changes", async () => {
    const data = [
      { key: "memory", value: 512, pending: 1024 },
      { key: "cores", pending: 2 },
      { key: "dev0", value: "x", delete: 1 },
    ];
    expect((await ask("pending 101", { status: 200, data })).output).toBe(
      "new cores: 2\ndel dev0: x\ncur memory: 512\nnew memory: 1024\n",
    );
  });
});

describe("the words that a node sends", () => {
  const encode = (words: readonly string[]): Buffer =>
    Buffer.from([`${words.length}\n`, ...words.map((word) => `${Buffer.byteLength(word)}\n${word}`)].join(""));

  it("arrive as they were typed, and only once they are complete", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.nat(), (words, cut) => {
        const data = encode(words);
        expect(parseWords(data)).toEqual(words);
        expect(parseWords(data.subarray(0, cut % data.length))).toBeUndefined();
      }),
    );
  });
});
