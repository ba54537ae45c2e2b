import type { Testbed } from "../testbed/api/index";
import { type LxcBackend, type LxcBackendOptions, probeGuests, removeLxcTestbed } from "../testbed/guests/lxc-backend";
import { startWithGuests } from "../testbed/serve";
import { apiOptions } from "./testbed-lab";

/** Why this machine cannot run so many real guests; `undefined` when it can. */
export async function hindranceOfGuests(count: number): Promise<string | undefined> {
  const probe = await probeGuests();
  if (!probe.ok) {
    const remedy = probe.install === undefined ? "" : `; install it: ${probe.install}`;
    return `real guests cannot run here: missing ${probe.missing.join(", ")}${remedy}`;
  }
  return probe.guests !== undefined && probe.guests < count ? probe.advice : undefined;
}

/** A testbed with real guests on one node, for as long as `work` takes: whatever happens, it is taken down. */
export async function withRealGuests<T>(
  options: LxcBackendOptions,
  work: (testbed: Testbed, backend: LxcBackend) => Promise<T>,
): Promise<T> {
  // Ctrl-C ends what runs; this process is to take the guests down first.
  const stay = (): void => undefined;
  process.on("SIGINT", stay);
  let testbed: Testbed | undefined;
  try {
    await removeLxcTestbed(options);
    const nodes = (options.nodes ?? []).map(({ name }) => ({ name, address: "127.0.0.1" }));
    const started = await startWithGuests(options, apiOptions(nodes));
    testbed = started.testbed;
    return await work(testbed, started.backend);
  } finally {
    await testbed?.close();
    process.off("SIGINT", stay);
  }
}
