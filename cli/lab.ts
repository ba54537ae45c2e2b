import { runProcess } from "./guarded";
import { processIo } from "./output";
import { run } from "./program";

runProcess("lab", () => run(process.argv.slice(2), processIo()));
