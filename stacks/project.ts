import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Problem } from "../model/problem";

const FILE = "cdktf.json";

/** What is wrong with the folder that a lab is synthesized in: cdktf finds the roles' scripts from where its cdktf.json is. */
export function projectProblems(folder: string): readonly Problem[] {
  for (let each = folder; ; each = dirname(each)) {
    if (existsSync(join(each, FILE))) return [];
    if (each === dirname(each)) break;
  }
  return [
    {
      rule: "no-project",
      severity: "error",
      message: `${folder}: expected the project's folder, in which ${FILE} and provision/ are, found no ${FILE} there or above`,
      fix: "run the command in the project's folder; an inventory elsewhere is named by its path",
    },
  ];
}
