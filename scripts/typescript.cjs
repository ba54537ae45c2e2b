// Lets Node run this project's TypeScript: `node --require ./scripts/typescript.cjs main.ts`.
//
// tsx does the same for every file that is loaded, packages included; that takes longer than all that the packages do
// (docs/decisions/0008-start-up.md has the numbers). Here only .ts files are translated, by the compiler that the tests
// use, and each only once: the result is kept under node_modules/.cache by the hash of its source.
// Types are checked by `npm run types`.
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { keepCode } = require("./code-cache.cjs");
require("./lazy-packages.cjs");

const { version } = require("@swc/core/package.json");
const cache = join(__dirname, "..", "node_modules", ".cache", "typescript");
keepCode(join(cache, "v8"));

const options = /** @type {const} */ ({
  swcrc: false,
  jsc: { target: "es2022", parser: { syntax: "typescript" } },
  module: { type: "commonjs" },
});
/**
 * What is only loaded when it is first used: the bindings and constructs, of which a lab needs a few, and the parser for
 * what is not written in plain YAML. None of them does anything on being loaded.
 */
const SELDOM = /\bfrom "((?:\.\.\/)+(?:\.gen|constructs)\/[^"]+|yaml)";/g;
const salt = `${version} ${JSON.stringify(options)} ${process.env.LAB_EAGER_PACKAGES ?? SELDOM.source}\n`;

require.extensions[".ts"] = (module, file) => {
  const source = readFileSync(file, "utf8");
  const key = createHash("sha256").update(salt).update(source).digest("hex");
  try {
    module._compile(kept(join(cache, `${key}.cjs`)) ?? translate(source, file, key), file);
  } catch (error) {
    locate(error, () =>
      require("./source-position.cjs").sourcePosition(error, file, source, () => compiled(source, file, true).map),
    );
    throw error;
  }
};

/** Gives an error a function that says where in the source it arose, for who reads files that others wrote. */
function locate(error, value) {
  if (typeof error !== "object" || error === null || "sourcePosition" in error) return;
  Reflect.defineProperty(error, "sourcePosition", { value, configurable: true });
}

function kept(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function compiled(source, filename, sourceMaps) {
  const lazy = process.env.LAB_EAGER_PACKAGES === "1" ? [] : Array.from(source.matchAll(SELDOM), ([, name]) => name);
  const module = { ...options.module, lazy };
  return require("@swc/core").transformSync(source, { ...options, module, filename, sourceMaps });
}

function translate(source, file, key) {
  const { code } = compiled(source, file, false);
  try {
    mkdirSync(cache, { recursive: true });
    const draft = join(cache, `${key}.${process.pid}`);
    writeFileSync(draft, code);
    renameSync(draft, join(cache, `${key}.cjs`));
  } catch {
    // A folder that cannot be written costs the time to translate, nothing else.
  }
  return code;
}
