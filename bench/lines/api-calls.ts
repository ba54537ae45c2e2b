import type { Testbed } from "../../testbed/api/index";
import { atMost, type Line, measured, type Outcome, skipped } from "../line";
import { NoTerraform, startApi, TestbedLab } from "../testbed-lab";

const FEW = 4;
const MANY = 24;

/** Requests of a plan that finds nothing to do. */
async function callsOfEmptyPlan(testbed: Testbed, lab: TestbedLab, count: number): Promise<number> {
  await lab.write(count);
  await lab.apply();
  testbed.resetCounters();
  await lab.plan();
  return testbed.requests.total;
}

export const apiCalls: Line = {
  name: "api-calls",
  title: "API calls of a plan without changes, for each further running guest; real provider, embedded Proxmox VE API",
  async measure(): Promise<Outcome> {
    const testbed = await startApi();
    try {
      const lab = await TestbedLab.open(testbed);
      const few = await callsOfEmptyPlan(testbed, lab, FEW);
      const many = await callsOfEmptyPlan(testbed, lab, MANY);
      const from = `${few} calls for ${FEW} guests, ${many} for ${MANY}`;
      const value = (many - few) / (MANY - FEW);
      return measured({ what: "calls a guest", value, unit: "calls", limit: atMost(3), from });
    } catch (error) {
      if (error instanceof NoTerraform) return skipped(error.message);
      throw error;
    } finally {
      await testbed.close();
    }
  },
};
