import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RECORDINGS, readRecordings, replay } from "./replay";

interface Deviation {
  /** Pattern of the recording's name; absent: all. */
  readonly recording?: string;
  readonly phase?: string;
  /** Pattern of `METHOD path`. */
  readonly request?: string;
  readonly reason: string;
}

interface Tally {
  agree: number;
  all: number;
  readonly unexpected: string[];
}

const deviations = JSON.parse(readFileSync(join(RECORDINGS, "deviations.json"), "utf8")) as Deviation[];
const used = new Set<Deviation>();

const deviationFor = (recording: string, phase: string, request: string): Deviation | undefined =>
  deviations.find(
    (deviation) =>
      new RegExp(deviation.recording ?? "").test(recording) &&
      (deviation.phase === undefined || deviation.phase === phase) &&
      new RegExp(deviation.request ?? "").test(request),
  );

/** Share of all exchanges that must agree; everything else is a listed deviation. */
const BAR = 0.965;

describe("what Proxmox VE answered, replayed against the testbed", () => {
  const byResource = new Map<string, Tally>();

  beforeAll(async () => {
    for (const recording of readRecordings()) {
      const tally = byResource.get(recording.resource) ?? { agree: 0, all: 0, unexpected: [] };
      byResource.set(recording.resource, tally);
      for (const { exchange, differences } of await replay(recording)) {
        tally.all++;
        if (differences.length === 0) tally.agree++;
        else {
          const deviation = deviationFor(recording.name, exchange.phase, exchange.request);
          if (deviation) used.add(deviation);
          else
            tally.unexpected.push(
              `${recording.name} ${exchange.phase} ${exchange.request}\n  ${differences.join("\n  ")}`,
            );
        }
      }
    }
  }, 60_000);

  it("agrees but for the listed deviations", () => {
    expect([...byResource.values()].flatMap((tally) => tally.unexpected)).toEqual([]);
  });

  it("reaches the bar, and says by resource type how far it comes", () => {
    const lines = [...byResource].sort().map(([resource, { agree, all }]) => {
      return `${resource.padEnd(36)} ${String(agree).padStart(4)} of ${String(all).padStart(4)}  ${((100 * agree) / all).toFixed(0).padStart(3)} %`;
    });
    const [agree, all] = [...byResource.values()].reduce(([a, b], tally) => [a + tally.agree, b + tally.all], [0, 0]);
    process.stdout.write(`${lines.join("\n")}\nall: ${agree} of ${all}, ${((100 * agree) / all).toFixed(1)} %\n`);
    expect(agree / all).toBeGreaterThanOrEqual(BAR);
  });

  it("lists no deviation that does not occur", () => {
    expect(deviations.filter((deviation) => !used.has(deviation))).toEqual([]);
  });
});
