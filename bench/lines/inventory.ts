import { join } from "node:path";
import { findProgram } from "../../scripts/programs";
import { generatedInventory } from "../generate";
import { atLeast, type Line, measured, skipped } from "../line";
import { compare, median, NODE_TYPESCRIPT, ROOT, run, seconds } from "../measure";
import { temporaryFolder } from "../project";

export const inventory: Line = {
  name: "inventory",
  title: "1,000 hosts read, merged, rendered and checked, against ansible-inventory --list",
  async measure() {
    const ansible = findProgram("ansible-inventory");
    if (!ansible) return skipped("no ansible-inventory in .venv or on PATH; run scripts/venv.sh");
    const folder = temporaryFolder(generatedInventory(1_000));
    const child = join(ROOT, "bench", "children", "load-lab.ts");
    const wholes: number[] = [];
    const ours = () => {
      const { seconds: whole, stdout } = run({ program: "node", args: [...NODE_TYPESCRIPT, child, folder] });
      wholes.push(whole);
      return Number(stdout);
    };
    const env = { ANSIBLE_CONFIG: join(temporaryFolder({ "ansible.cfg": "" }), "ansible.cfg") };
    const theirs = () => run({ program: ansible, args: ["-i", folder, "--list"], env }).seconds;
    const { from, ratio } = compare(ours, theirs, 5);
    const aside = `ours without the start of Node, which "start-up" measures; with it ${seconds(median(wholes))}`;
    return measured({
      what: "times as fast",
      value: 1 / ratio,
      unit: "x",
      limit: atLeast(10),
      from: `${from}; ${aside}`,
    });
  },
};
