/** `describe` where `condition` holds; else skips the tests, and says why. */
export function describeIf(condition: boolean, name: string, reason: string, tests: () => void): void {
  if (condition) {
    describe(name, tests);
    return;
  }
  process.stderr.write(`skipped "${name}": ${reason}\n`);
  describe.skip(name, tests);
}
