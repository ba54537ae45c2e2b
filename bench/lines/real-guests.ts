import { readFileSync } from "node:fs";
import type { Testbed } from "../../testbed/api/index";
import { type LxcBackend, probeGuests, removeLxcTestbed } from "../../testbed/guests/lxc-backend";
import { startWithGuests } from "../../testbed/serve";
import { GENERATED_NETWORK } from "../generate";
import { type Line, measured, type Outcome, skipped } from "../line";
import { findProgram, median, seconds } from "../measure";
import { apiOptions, NoTerraform, TestbedLab } from "../testbed-lab";

const MANY = 28;
const ROUNDS_OF_ONE = 3;
const ID = "bench";
const NODE = "pve1";

/** Why this machine cannot run so many; `undefined` when it can. */
async function hindrance(): Promise<string | undefined> {
  if (!findProgram("terraform")) return "there is no terraform on PATH";
  const probe = await probeGuests();
  if (!probe.ok) {
    const remedy = probe.install === undefined ? "" : `; install it: ${probe.install}`;
    return `real guests cannot run here: missing ${probe.missing.join(", ")}${remedy}`;
  }
  return probe.guests !== undefined && probe.guests < MANY ? probe.advice : undefined;
}

/** Seconds from an empty node to `count` configured guests, which are gone afterwards. */
async function fromNothing(lab: TestbedLab, count: number): Promise<number> {
  await lab.write(count);
  const taken = await lab.apply();
  await lab.destroy();
  return taken;
}

async function compareWithOne(testbed: Testbed, { nodes: { [NODE]: node } }: LxcBackend): Promise<Outcome> {
  if (!node) throw new Error(`the testbed has no node ${NODE}`);
  const shell = { nodes: [node], privateKey: readFileSync(node.privateKeyFile, "utf8") };
  const lab = await TestbedLab.open(testbed, shell);
  // The first one makes the image and fetches the packages.
  await fromNothing(lab, 1);
  const ones: number[] = [];
  for (let round = 0; round < ROUNDS_OF_ONE; round++) ones.push(await fromNothing(lab, 1));
  const one = median(ones);
  const all = await fromNothing(lab, MANY);
  const from = `${seconds(all)} for ${MANY}, ${seconds(all / MANY)} each; ${seconds(one)} for one, median of ${ROUNDS_OF_ONE}`;
  return measured({ what: "time a guest", value: all / MANY / one, unit: "x", from });
}

export const realGuests: Line = {
  name: "real-guests",
  title: `${MANY} real guests from nothing to configured by the role base, each against one guest alone`,
  async measure(): Promise<Outcome> {
    const reason = await hindrance();
    if (reason !== undefined) return skipped(reason);
    // Ctrl-C ends Terraform; this process is to take the guests down first.
    const stay = (): void => undefined;
    process.on("SIGINT", stay);
    let testbed: Testbed | undefined;
    try {
      await removeLxcTestbed({ id: ID });
      const started = await startWithGuests(
        { id: ID, nodes: [{ name: NODE, ...GENERATED_NETWORK }] },
        apiOptions([{ name: NODE, address: "127.0.0.1" }]),
      );
      testbed = started.testbed;
      return await compareWithOne(testbed, started.backend);
    } catch (error) {
      if (error instanceof NoTerraform) return skipped(error.message);
      throw error;
    } finally {
      await testbed?.close();
      process.off("SIGINT", stay);
    }
  },
};
