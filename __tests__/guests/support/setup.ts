import { probeGuests } from "../../../testbed/guests/lxc-backend";
import makeScratch from "../../support/scratch";

/** Runs before all test files: says in the environment, which they inherit, why there can be no guests here, if so. */
export default async function setup(): Promise<void> {
  makeScratch();
  const probe = await probeGuests();
  const how = probe.ok || probe.install === undefined ? "" : `; install it: ${probe.install}`;
  process.env.GUESTS_MISSING = probe.ok ? "" : `missing ${probe.missing.join(", ")}${how}`;
}
