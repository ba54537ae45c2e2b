/** `describe` where nothing is missing; else a skipped one, which says what is. @param missing `""` for nothing */
export function describeUnless(missing: string, name: string, tests: () => void): void {
  if (missing) process.stderr.write(`skipped "${name}": ${missing}\n`);
  (missing ? describe.skip : describe)(name, tests);
}

/** `it` where nothing is missing; else a skipped one, which says what is. @param missing `""` for nothing */
export function itUnless(missing: string, name: string, test: () => void, timeout?: number): void {
  if (missing) process.stderr.write(`skipped "${name}": ${missing}\n`);
  (missing ? it.skip : it)(name, test, timeout);
}
