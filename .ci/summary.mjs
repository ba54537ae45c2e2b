// The last lines of .ci/run: end-to-end tests, then tests and stages together. Exits 1 when anything failed.
//
//   node .ci/summary.mjs JEST_REPORT PASSED FAILED SKIPPED

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const [file = "", ...counts] = process.argv.slice(2);
const [stagesPassed = 0, stagesFailed = 0, stagesSkipped = 0] = counts.map(Number);
const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { testResults: [] };

const tests = report.testResults.flatMap(({ name, assertionResults }) =>
  assertionResults.map(({ status }) => ({ status, endToEnd: /[\\/]__tests__[\\/]e2e[\\/]/.test(name) })),
);
const count = (list, ...statuses) => list.filter(({ status }) => statuses.includes(status)).length;
const skippedIn = (list) => count(list, "pending", "skipped", "todo", "disabled");
// A file that fails to load has no tests, but has failed.
const broken = report.testResults.filter(
  (result) => result.status === "failed" && result.assertionResults.length === 0,
);

const endToEnd = tests.filter((test) => test.endToEnd);
const skippedEndToEnd = skippedIn(endToEnd);
const why = spawnSync("terraform", ["version"]).error
  ? "there is no Terraform on PATH"
  : "their reasons are printed above";
console.log(
  `end-to-end tests: ${endToEnd.length - skippedEndToEnd} ran, ${skippedEndToEnd} skipped${skippedEndToEnd > 0 ? `: ${why}` : ""}`,
);

const failed = count(tests, "failed") + broken.length + stagesFailed;
console.log(
  `${count(tests, "passed") + stagesPassed} passed, ${failed} failed, ${skippedIn(tests) + stagesSkipped} skipped`,
);
process.exitCode = failed > 0 ? 1 : 0;
