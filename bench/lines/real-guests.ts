import { readFileSync } from "node:fs";
import { findProgram } from "../../scripts/programs";
import type { Testbed } from "../../testbed/api/index";
import type { LxcBackend } from "../../testbed/guests/lxc-backend";
import { GENERATED_NETWORK } from "../generate";
import { type Line, measured, type Outcome, type Say, skipped } from "../line";
import { median, seconds } from "../measure";
import { hindranceOfGuests, withRealGuests } from "../real-testbed";
import { NoTerraform, TestbedLab } from "../testbed-lab";

const MANY = 28;
const ROUNDS_OF_ONE = 3;
const ID = "bench";
const NODE = "pve1";

/** Why this machine cannot run so many; `undefined` when it can. */
async function hindrance(): Promise<string | undefined> {
  if (!findProgram("terraform")) return "there is no terraform on PATH";
  return hindranceOfGuests(MANY);
}

/** Seconds from an empty node to `count` configured guests, which are gone afterwards. */
async function fromNothing(lab: TestbedLab, count: number): Promise<number> {
  await lab.write(count);
  const taken = await lab.apply();
  await lab.destroy();
  return taken;
}

async function compareWithOne(say: Say, testbed: Testbed, { nodes: { [NODE]: node } }: LxcBackend): Promise<Outcome> {
  if (!node) throw new Error(`the testbed has no node ${NODE}`);
  const shell = { nodes: [node], privateKey: readFileSync(node.privateKeyFile, "utf8") };
  const lab = await TestbedLab.open(testbed, shell);
  say("one guest, unmeasured");
  // The first one makes the image and fetches the packages.
  await fromNothing(lab, 1);
  const ones: number[] = [];
  for (let round = 0; round < ROUNDS_OF_ONE; round++) {
    say(`one guest, ${round + 1} of ${ROUNDS_OF_ONE}`);
    ones.push(await fromNothing(lab, 1));
  }
  const one = median(ones);
  say(`${MANY} guests`);
  const all = await fromNothing(lab, MANY);
  const from = `${seconds(all)} for ${MANY}, ${seconds(all / MANY)} each; ${seconds(one)} for one, median of ${ROUNDS_OF_ONE}`;
  return measured({ what: "time a guest", value: all / MANY / one, unit: "x", from });
}

export const realGuests: Line = {
  name: "real-guests",
  title: `${MANY} real guests from nothing to configured by the role base, each against one guest alone`,
  async measure(say): Promise<Outcome> {
    const reason = await hindrance();
    if (reason !== undefined) return skipped(reason);
    try {
      return await withRealGuests({ id: ID, nodes: [{ name: NODE, ...GENERATED_NETWORK }] }, (testbed, backend) =>
        compareWithOne(say, testbed, backend),
      );
    } catch (error) {
      if (error instanceof NoTerraform) return skipped(error.message);
      throw error;
    }
  },
};
