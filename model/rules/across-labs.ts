import type { Lab } from "../lab";
import type { Problem } from "../problem";
import { repeated } from "./rule";

/**
 * `vmid-in-other-lab`: labs on one Proxmox VE host share its numbers of guests. A warning, because a lab may be
 * a second description of the same guests (production and staging in one folder, say).
 */
export function* sharedVmids(labs: readonly Lab[]): Iterable<Problem> {
  const claims = labs.flatMap((lab) =>
    lab.guests.map((guest) => ({
      value: `${lab.connection.endpoint} ${guest.vmid}`,
      holder: `${lab.name}/${guest.name}`,
      at: guest.source.of.vmid ?? guest.source.at,
      lab,
      vmid: guest.vmid,
    })),
  );
  const labOf = new Map(claims.map((claim) => [claim.holder, claim]));
  for (const { claim, first } of repeated(claims)) {
    const mine = labOf.get(claim.holder)!;
    if (mine.lab.name === labOf.get(first.holder)?.lab.name) continue;
    yield {
      rule: "vmid-in-other-lab",
      severity: "warning",
      at: claim.at,
      also: [{ at: first.at, note: `is ${first.holder}'s` }],
      subject: claim.holder,
      message: `${claim.holder} and ${first.holder} have the same vmid ${mine.vmid} on ${mine.lab.connection.endpoint}`,
      fix: "give one of them another, unless they are the same guest",
    };
  }
}
