// Reads, merges, renders and checks one inventory: `load-lab.ts FOLDER`. Prints the seconds, modules being loaded before.
import { loadLab } from "../../model";
import { formatProblem } from "../../model/problem";
import { allRoles } from "../../provision/registry";

// Each role is a module that is loaded when it is first asked for.
const roles = allRoles();
const began = process.hrtime.bigint();
const { lab, problems } = loadLab(process.argv[2] ?? "", { roles });
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
if (!lab) {
  process.stderr.write(problems.slice(0, 20).map(formatProblem).join("\n"));
  process.exit(1);
}
process.stdout.write(String(seconds));
