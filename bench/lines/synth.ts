import { join } from "node:path";
import { atMost, type Line, measured } from "../line";
import { compare, ROOT, run } from "../measure";
import { appCommand, oneOutputProject, projectWith } from "../project";

const CDKTF = join(ROOT, "node_modules", ".bin", "cdktf");

export const synth: Line = {
  name: "synth",
  title: "cdktf synth of tiers, against cdktf synth of an app with one output, started in the same way",
  async measure() {
    const [ours, theirs] = [projectWith("tiers"), oneOutputProject(appCommand())];
    const synthesize = (cwd: string) => () => run({ program: CDKTF, args: ["synth"], cwd }).seconds;
    const { from, ratio } = compare(synthesize(ours), synthesize(theirs), 7);
    return measured({ what: "tiers / one output", value: ratio, unit: "x", limit: atMost(1.1), from });
  },
};
