// Where in a TypeScript source an error arose, of one that scripts/typescript.cjs has translated.
const { SourceMap } = require("node:module");

/**
 * @param {unknown} error what was thrown on translating the file, or on running its first level
 * @param {string} file
 * @param {string} source its text
 * @param {() => string} map makes the source map of what ran
 * @returns {{ file: string, line: number, column: number } | undefined} both count from 1
 */
exports.sourcePosition = (error, file, source, map) => {
  if (!(error instanceof Error)) return undefined;
  return (
    ofSyntax(error.message, file) ?? ofImport(error.message, file, source) ?? ofStack(error.stack ?? "", file, map)
  );
};

/** An import of what is not there: the map leads to the first import, whichever it was. */
function ofImport(message, file, source) {
  const [, name] = /^Cannot find module '([^']+)'/.exec(message) ?? [];
  const offset = Math.max(source.indexOf(`"${name}"`), source.indexOf(`'${name}'`));
  if (offset < 0) return undefined;
  const before = source.slice(0, offset).split("\n");
  return { file, line: before.length, column: before[before.length - 1].length + 1 };
}

/** The compiler draws the line, and a caret beneath it; both stand behind "12 | ", as wide as the number is. */
function ofSyntax(message, file) {
  const [, line] = /,-\[.*:(\d+):\d+\]$/m.exec(message) ?? [];
  if (line === undefined) return undefined;
  const [drawn = ""] = /^ +: .*\^.*$/m.exec(message) ?? [];
  return { file, line: Number(line), column: Math.max(1, drawn.indexOf("^") - drawn.indexOf(":") - 1) };
}

/** The innermost frame that is of the file. */
function ofStack(stack, file, map) {
  const frame = stack.split("\n").find((line) => line.includes(`${file}:`));
  const [, line, column] = /:(\d+):(\d+)\)?$/.exec(frame ?? "") ?? [];
  if (line === undefined) return undefined;
  const { originalColumn, originalLine } = new SourceMap(JSON.parse(map())).findEntry(
    Number(line) - 1,
    Number(column) - 1,
  );
  return originalLine === undefined ? undefined : { file, line: originalLine + 1, column: originalColumn + 1 };
}
