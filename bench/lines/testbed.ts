import type { Testbed } from "../../testbed/api/index";
import { type Line, measured, type Outcome, type Result, skipped } from "../line";
import { median, seconds } from "../measure";
import { NoTerraform, runChild, startApi, TestbedLab } from "../testbed-lab";

const GUESTS = 50;
const ROUNDS = 3;
const ACTIONS = ["apply", "plan", "destroy"] as const;

interface Sample {
  readonly ours: number;
  readonly requests: number;
  readonly versions: number;
}

/** What Terraform takes for an action, and then the bare API for as many requests as that made. */
async function sample(testbed: Testbed, lab: TestbedLab, action: (typeof ACTIONS)[number]): Promise<Sample> {
  testbed.resetCounters();
  const ours = await lab[action]();
  const requests = testbed.requests.total;
  const TOKEN = testbed.credentials.labToken;
  return {
    ours,
    requests,
    versions: Number(await runChild("get-version.ts", [testbed.url, String(requests)], { TOKEN })),
  };
}

function result(action: string, samples: readonly Sample[]): Result {
  const [ours, requests, versions] = (["ours", "requests", "versions"] as const).map((key) =>
    median(samples.map((each) => each[key])),
  ) as [number, number, number];
  const from = `${seconds(ours)} with ${requests} requests, ${seconds(versions)} for as many GET /version, medians of ${ROUNDS}`;
  return { what: `${GUESTS} containers, ${action}`, value: ours / versions, unit: "x", from };
}

export const testbed: Line = {
  name: "testbed",
  title: `Terraform with ${GUESTS} inert containers on the embedded Proxmox VE API, against as many GET /version`,
  async measure(): Promise<Outcome> {
    const api = await startApi();
    try {
      const lab = await TestbedLab.open(api);
      await lab.write(GUESTS);
      const samples: Record<(typeof ACTIONS)[number], Sample[]> = { apply: [], plan: [], destroy: [] };
      for (let round = 0; round < ROUNDS; round++) {
        for (const action of ACTIONS) samples[action].push(await sample(api, lab, action));
      }
      return measured(...ACTIONS.map((action) => result(action, samples[action])));
    } catch (error) {
      if (error instanceof NoTerraform) return skipped(error.message);
      throw error;
    } finally {
      await api.close();
    }
  },
};
