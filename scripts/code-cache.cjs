// Keeps what V8 made of every module's source, those functions included that were only compiled when they were called, so
// that the next run of the same program need not compile them again. One file a program, read at its start and written at
// its end when something in it was new. From 22.1 on Node has a compile cache of its own, which is then used instead.
//
// What is kept is used only for the very text it was made of (its hash is compared) and by the very same V8.
// `NODE_DISABLE_COMPILE_CACHE=1`, Node's own switch, turns either off.
const crypto = require("node:crypto");
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { enableCompileCache, Module } = require("node:module");
const { dirname, join } = require("node:path");
const { cachedDataVersionTag } = require("node:v8");
const { Script } = require("node:vm");

/** How a file begins: which V8 may use it, and what is where. The length of that, in bytes, stands before it. */
const LENGTH = 4;

exports.keepCode = (folder) => {
  if (enableCompileCache) enableCompileCache(folder);
  else if (!isOff()) intercept(join(folder, `${hash(process.argv[1] ?? "")}.bin`));
};

/** A debugger and a measurement of coverage want the source compiled before their eyes. */
function isOff() {
  const { NODE_DISABLE_COMPILE_CACHE, NODE_V8_COVERAGE, NODE_OPTIONS = "" } = process.env;
  return (
    NODE_DISABLE_COMPILE_CACHE === "1" || NODE_V8_COVERAGE || /--inspect/.test(`${process.execArgv} ${NODE_OPTIONS}`)
  );
}

function intercept(path) {
  const version = cachedDataVersionTag();
  const kept = read(path, version);
  const made = new Map();
  let isNew = false;
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (source, file) {
    // A script of its own cannot take either.
    if (source.startsWith("#!") || source.includes("import(")) return compile.call(this, source, file);
    const key = hash(source);
    const known = kept.get(file);
    const script = scriptOf(source, file, known?.key === key ? known.code : undefined);
    if (!script) return compile.call(this, source, file);
    // Other flags of V8, set for a while, refuse what is good for the next run.
    if (script.cachedDataRejected !== false && cachedDataVersionTag() === version) isNew = true;
    made.set(file, { key, script });
    const require = requireOf(this);
    return script.runInThisContext().call(this.exports, this.exports, require, this, file, dirname(file));
  };
  process.on("exit", () => {
    // Flags of V8 that were set meanwhile would make a file that no later run can use.
    if (isNew && cachedDataVersionTag() === version) write(path, version, kept, made);
  });
}

function scriptOf(source, filename, cachedData) {
  try {
    return new Script(Module.wrap(source), { filename, cachedData, columnOffset: -Module.wrapper[0].length });
  } catch {
    // Node's own way has the better message.
    return undefined;
  }
}

/** The `require` of a module, as Node makes it. */
function requireOf(module) {
  const require = (request) => module.require(request);
  require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  require.resolve.paths = (request) => Module._resolveLookupPaths(request, module);
  require.main = process.mainModule;
  require.extensions = Module._extensions;
  require.cache = Module._cache;
  return require;
}

function hash(text) {
  // The short form came with 20.12.
  return crypto.hash?.("sha1", text, "base64url") ?? crypto.createHash("sha1").update(text).digest("base64url");
}

function read(path, version) {
  try {
    const bytes = readFileSync(path);
    const start = LENGTH + bytes.readUInt32LE(0);
    const index = JSON.parse(bytes.toString("utf8", LENGTH, start));
    if (index.version !== version) return new Map();
    return new Map(
      index.modules.map(([file, key, from, to]) => [file, { key, code: bytes.subarray(start + from, start + to) }]),
    );
  } catch {
    return new Map();
  }
}

function write(path, version, kept, made) {
  const all = new Map([...kept].filter(([file]) => !made.has(file) && existsSync(file)));
  for (const [file, { key, script }] of made) all.set(file, { key, code: script.createCachedData() });
  let end = 0;
  const modules = [...all].map(([file, { key, code }]) => {
    const from = end;
    end += code.length;
    return [file, key, from, end];
  });
  const index = Buffer.from(JSON.stringify({ version, modules }));
  const length = Buffer.alloc(LENGTH);
  length.writeUInt32LE(index.length);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, Buffer.concat([length, index, ...[...all.values()].map(({ code }) => code)]));
    renameSync(draft, path);
  } catch {
    // A folder that cannot be written costs the time to compile, nothing else.
  }
}
