import { join } from "node:path";
import type { SynthesisReport } from "../children/measured-synthesis";
import { atMost, type Line, measured, skipped } from "../line";
import { median, NODE_TYPESCRIPT, ROOT, run, seconds } from "../measure";

const ROUNDS = 5;

function synthesis(child: string, count: number): SynthesisReport {
  const args = [...NODE_TYPESCRIPT, join(ROOT, "bench", "children", child), String(count)];
  return JSON.parse(run({ program: "node", args }).stdout) as SynthesisReport;
}

export const guests: Line = {
  name: "guests",
  title: "generated guests (a container and a step each) through the stack, against plain cdktf; fresh processes",
  async measure() {
    synthesis("our-stack.ts", 10);
    const pairs = Array.from({ length: ROUNDS }, () => ({
      ours: synthesis("our-stack.ts", 1_000),
      plain: synthesis("plain-cdktf.ts", 1_000),
    }));
    const { ours, plain } = pairs[0]!;
    if (ours.containers !== 1_000 || plain.containers !== 1_000 || ours.steps < 1_000 || plain.steps !== 1_000) {
      return skipped(`the two do not make the same resources: ${JSON.stringify({ ours, plain })}`);
    }
    const thousand = median(pairs.map((pair) => pair.ours.seconds));
    const byHand = median(pairs.map((pair) => pair.plain.seconds));
    const large = [1, 2, 3].map(() => synthesis("our-stack.ts", 10_000));
    const tenThousand = median(large.map((each) => each.seconds));
    const peakMiB = median(large.map((each) => each.peakMiB));
    return measured(
      {
        what: "1,000 guests / plain cdktf",
        value: thousand / byHand,
        unit: "x",
        limit: atMost(0.7),
        from: `${seconds(thousand)} against ${seconds(byHand)}, medians of ${ROUNDS}; Terraform JSON ${kib(ours)} and ${kib(plain)} KiB`,
      },
      {
        what: "10,000 guests / 1,000",
        value: tenThousand / thousand,
        unit: "x",
        limit: atMost(10),
        from: `${seconds(tenThousand)} against ${seconds(thousand)}`,
      },
      {
        what: "10,000 guests, peak memory",
        value: peakMiB,
        unit: "MiB",
        limit: atMost(400),
        from: `resident set of the whole process; Terraform JSON ${kib(large[0]!)} KiB`,
      },
    );
  },
};

const kib = ({ bytes }: SynthesisReport) => (bytes / 1024).toFixed(0);
