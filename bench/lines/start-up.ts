import { join } from "node:path";
import { atMost, type Line, measured } from "../line";
import { compare, run } from "../measure";
import { appCommand, projectWith, temporaryFolder } from "../project";

export const startUp: Line = {
  name: "start-up",
  title: "main.ts for tiers as cdktf.json starts it, against node loading cdktf and nothing else",
  async measure() {
    const cwd = projectWith("tiers");
    const outdir = join(temporaryFolder(), "cdktf.out");
    const app = `exec ${appCommand()}`;
    const ours = () => run({ program: "sh", args: ["-c", app], cwd, env: { CDKTF_OUTDIR: outdir } }).seconds;
    const theirs = () => run({ program: "node", args: ["-e", 'require("cdktf")'] }).seconds;
    const { from, ratio } = compare(ours, theirs, 15);
    return measured({ what: "main.ts / require", value: ratio, unit: "x", limit: atMost(2), from });
  },
};
