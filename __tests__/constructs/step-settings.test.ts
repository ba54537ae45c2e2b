import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type Setting, settingsFile } from "../../constructs/settings-file";
import { temporaryFolder } from "../support/run-step";

const folder = temporaryFolder();
const SHELLS: [string, string[]][] = [
  ["sh", ["sh"]],
  ["dash", ["dash"]],
  ["bash", ["bash"]],
  ["busybox sh", ["busybox", "sh"]],
];
const present = SHELLS.filter(([name, [program = ""]]) => {
  const found = !spawnSync(program, ["-c", ":"]).error;
  if (!found) process.stderr.write(`skipped: no ${name} to source settings files with; install it\n`);
  return found;
});

/** The values that a shell has after sourcing the file, by variable. */
function sourced(shell: readonly string[], text: string, variables: readonly string[]): string[] {
  const path = join(folder, "settings.sh");
  writeFileSync(path, text);
  const [program = "", ...args] = shell;
  const print = variables.map((name) => `printf '%s\\0' "$${name}"`).join("\n");
  const done = spawnSync(program, [...args, "-euc", `. "$0"\n${print}`, path], {
    maxBuffer: 1 << 26,
    // With a socket for its input, which Node's pipes are, a first bash reads ~/.bashrc, as if rshd had started it.
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(done.stderr.toString()).toBe("");
  return done.stdout.toString("utf8").split("\0").slice(0, -1);
}

const hostile = fc
  .oneof(
    fc.string({ unit: "grapheme", maxLength: 80 }),
    fc.string({
      unit: fc.constantFrom(
        "'",
        '"',
        "\\",
        "$",
        "`",
        "(",
        ")",
        "\n",
        "\r",
        " ",
        "-",
        "{",
        "%",
        "#",
        "\u0081",
        "é",
        "𝄞",
      ),
      maxLength: 40,
    }),
    fc.constantFrom(
      "$(touch /tmp/executed)",
      "'; reboot; '",
      "-n",
      "--",
      "~root",
      "*",
      "${self.id}",
      "%{ if }",
      "\ufeff",
      "a\n",
      "\n\n",
    ),
  )
  .filter((text) => !text.includes("\0"));

describe.each(present)("settings sourced by %s", (_, shell) => {
  it("arrive byte for byte, whatever the text", () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 20 }), (texts) => {
        const { text, problems } = settingsFile({ list: texts });
        expect(problems).toEqual([]);
        expect(sourced(shell, text, ["list_COUNT", ...texts.map((_each, index) => `list_${index}`)])).toEqual([
          String(texts.length),
          ...texts,
        ]);
      }),
      { numRuns: 60 },
    );
  });

  it("arrive when they have 64 KiB", () => {
    const long = "a'b$(id)\n".repeat(7300);
    expect(sourced(shell, settingsFile({ long }).text, ["long"])).toEqual([long]);
  });

  it("are flattened: lists by number, maps by key", () => {
    const settings: { [name: string]: Setting } = {
      on: true,
      nothing: null,
      half: 0.5,
      users: [{ name: "ann", keys: ["k1", "k2"] }, { name: "bob" }],
      sizes: { b: 2, a: 1 },
      none: [],
    };
    const names =
      "on nothing half users_COUNT users_0_name users_0_keys_COUNT users_0_keys_1 users_1_name sizes_KEYS sizes_b none_COUNT";
    expect(sourced(shell, settingsFile(settings).text, names.split(" "))).toEqual([
      "true",
      "",
      "0.5",
      "2",
      "ann",
      "2",
      "k2",
      "bob",
      "a b",
      "2",
      "0",
    ]);
  });
});

describe("a settings file", () => {
  it("refuses what a shell cannot hold", () => {
    expect(settingsFile({ a: "x\0y" }).problems[0]).toContain("NUL");
    expect(settingsFile({ a: "\ud800" }).problems[0]).toContain("surrogate");
    expect(settingsFile({ a: Number.NaN }).problems[0]).toContain("finite");
  });

  it("refuses every name that is no lower-case identifier", () => {
    const name = fc.string({ minLength: 1 }).filter((text) => !/^[a-z][a-z0-9_]*$/.test(text));
    fc.assert(fc.property(name, (bad) => settingsFile(Object.fromEntries([[bad, "x"]])).problems.length === 1));
  });
});
