import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeUnless } from "../support/skip";

const CODE_CACHE = join(__dirname, "..", "..", "scripts", "code-cache.cjs");
const isNodesOwn = "enableCompileCache" in nodeModule;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lab-code-"));
  writeFileSync(
    join(folder, "start.cjs"),
    `require(${JSON.stringify(CODE_CACHE)}).keepCode(${JSON.stringify(join(folder, "kept"))});`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** Runs `main.js` of the folder, and gives what it printed. */
function run(env: NodeJS.ProcessEnv = {}): string {
  const args = ["--require", join(folder, "start.cjs"), join(folder, "main.js")];
  const { stderr, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, ...env } });
  return stdout + stderr;
}

const keptFiles = () => readdirSync(folder).flatMap((name) => (name === "kept" ? readdirSync(join(folder, name)) : []));
const keptFile = () => join(folder, "kept", keptFiles()[0] ?? "");

describe("what is kept of compiled modules", () => {
  it("changes nothing of what a module sees", () => {
    write("part.js", "exports.name = __filename; exports.dir = __dirname; exports.own = this === module.exports;");
    write(
      "main.js",
      `const part = require("./part"); const path = require("node:path");
       const seen = [path.basename(part.name), part.dir === __dirname, part.own, require.main === module,
         require.resolve("./part") === part.name, part.name in require.cache, module.children.length,
         typeof require.extensions[".js"], require.resolve.paths("x").length > 0];
       console.log(JSON.stringify(seen));`,
    );
    const expected = '["part.js",true,true,true,true,true,1,"function",true]\n';
    expect([run(), run(), run({ NODE_DISABLE_COMPILE_CACHE: "1" })]).toEqual([expected, expected, expected]);
  });

  it("is not used for a changed file, even one of the same length and age", () => {
    write("main.js", 'function say() { return "one"; } console.log(say());');
    expect([run(), run()]).toEqual(["one\n", "one\n"]);
    const { atime, mtime } = statSync(join(folder, "main.js"));
    write("main.js", 'function say() { return "two"; } console.log(say());');
    utimesSync(join(folder, "main.js"), atime, mtime);
    expect([run(), run()]).toEqual(["two\n", "two\n"]);
  });

  it("keeps the places of errors, and the words of a mistake in the syntax", () => {
    write("main.js", 'throw new Error("here");');
    expect([run(), run()]).toEqual(Array(2).fill(expect.stringMatching(/main\.js:1:7\)/)));
    write("main.js", "const = 1;");
    expect(run()).toContain("SyntaxError: Unexpected token '='");
  });

  it("goes without a file that is damaged or cannot be written", () => {
    write("main.js", 'console.log("fine");');
    run();
    for (const name of keptFiles()) writeFileSync(join(folder, "kept", name), "not what it was");
    expect([run(), run()]).toEqual(["fine\n", "fine\n"]);
    rmSync(join(folder, "kept"), { recursive: true, force: true });
    write("kept", "a file where the folder belongs");
    expect(run()).toBe("fine\n");
  });

  it("loads modules that import others later, or begin with #!", () => {
    write("later.mjs", 'export const word = "later";');
    write("main.js", '#!/usr/bin/env node\nimport("./later.mjs").then(({ word }) => console.log(word));');
    expect([run(), run()]).toEqual(["later\n", "later\n"]);
  });
});

describeUnless(
  isNodesOwn ? "Node 22.1 and later keep compiled code themselves" : "",
  "the file of compiled modules",
  () => {
    it("is written once for a program that does not change, and never when turned off", () => {
      write("main.js", 'console.log("fine");');
      run({ NODE_DISABLE_COMPILE_CACHE: "1" });
      expect(keptFiles()).toEqual([]);
      run();
      expect(keptFiles()).toHaveLength(1);
      const first = { text: readFileSync(keptFile()), age: statSync(keptFile()).mtimeMs };
      run();
      expect(readFileSync(keptFile()).equals(first.text)).toBe(true);
      expect(statSync(keptFile()).mtimeMs).toBe(first.age);
    });
  },
);
