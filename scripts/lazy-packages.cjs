// Keeps packages from being loaded before anybody uses them: each of these takes a tenth of the start of main.ts, and is
// asked for by a package that loads it in any case. A stand-in takes its place and loads it at the first touch.
//
// `LAB_EAGER_PACKAGES=1` leaves everything as it is.
const { createRequire, Module } = require("node:module");
const { join } = require("node:path");

/** What is loaded in any case → what is seldom needed. */
const SELDOM = [
  // cdktf zips folders given as assets with it; ours are files.
  ["cdktf", "archiver"],
  // The messages of zod in some fifty languages; English is loaded on its own.
  ["zod", "zod/v4/locales"],
];

if (process.env.LAB_EAGER_PACKAGES !== "1") {
  const project = createRequire(join(__dirname, "..", "main.ts"));
  for (const [owner, seldom] of SELDOM) standIn(createRequire(project.resolve(owner)), seldom);
}

function standIn(require, name) {
  const path = require.resolve(name);
  if (require.cache[path]) return;
  let loaded;
  const real = () => {
    if (!loaded) {
      delete require.cache[path];
      loaded = require(name);
    }
    return loaded;
  };
  const module = new Module(path);
  module.loaded = true;
  module.exports = new Proxy(() => {}, {
    apply: (_target, self, args) => Reflect.apply(real(), self, args),
    // A module of TypeScript's making: who imports it all takes this object as it is, instead of copying every member.
    get: (_target, key) => (key === "__esModule" ? true : real()[key]),
    has: (_target, key) => key in real(),
  });
  require.cache[path] = module;
}
