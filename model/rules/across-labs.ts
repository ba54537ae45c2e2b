import { groupBy } from "../collections";
import { type Guest, isStatic, type Lab } from "../lab";
import type { Problem } from "../problem";
import { canonical } from "../resolve/ip";
import type { Claim } from "./rule";

interface LabClaim extends Claim {
  readonly lab: Lab;
  /** How the value is told. */
  readonly shown: string;
}

interface Clash {
  readonly what: "vmid" | "address";
  readonly claim: LabClaim;
  /** Of other labs. */
  readonly others: readonly LabClaim[];
}

/** A lab with more of them is a copy, or should have another host: then they are told at once. */
const SINGLE = 2;

/**
 * `vmid-in-other-lab`, `address-in-other-lab`, and `host-of-other-lab` for many of both: labs on one Proxmox VE host share its numbers of guests, and its bridges
 * with their addresses. Warnings, because a lab may be a second description of the same guests (production and staging
 * in one folder, say). Each lab that takes part is told.
 */
export function* sharedIdentities(labs: readonly Lab[]): Iterable<Problem> {
  const guests = labs.flatMap((lab) => lab.guests.map((guest) => ({ lab, guest })));
  const found = [...clashes("vmid", guests.flatMap(vmidOf)), ...clashes("address", guests.flatMap(addressesOf))];
  for (const lab of labs) {
    const own = found.filter(({ claim }) => claim.lab === lab);
    if (own.length > SINGLE) yield together(lab, own);
    else yield* own.map(single);
  }
}

interface Placed {
  readonly lab: Lab;
  readonly guest: Guest;
}

function claimOf({ lab, guest }: Placed, key: string, shown: string, field: string): LabClaim {
  const { at, of } = guest.source;
  const value = `${lab.connection.endpoint} ${key}`;
  return { value, shown, holder: `${lab.name}/${guest.name}`, at: of[field] ?? at, lab };
}

const vmidOf = (placed: Placed) => [claimOf(placed, String(placed.guest.vmid), String(placed.guest.vmid), "vmid")];

function addressesOf(placed: Placed): LabClaim[] {
  return placed.guest.nics.flatMap((nic, index) =>
    (["address", "address6"] as const).flatMap((field) => {
      if (!isStatic(nic[field])) return [];
      const address = canonical(nic[field]);
      return [claimOf(placed, `${nic.bridge} ${nic.vlan ?? ""} ${address}`, address, `nics.${index}.${field}`)];
    }),
  );
}

function* clashes(what: Clash["what"], claims: readonly LabClaim[]): Iterable<Clash> {
  for (const holders of groupBy(claims, ({ value }) => value).values()) {
    for (const claim of holders) {
      const others = holders.filter(({ lab }) => lab.name !== claim.lab.name);
      if (others.length > 0) yield { what, claim, others };
    }
  }
}

const single = ({ claim: { at, holder, lab, shown }, others, what }: Clash): Problem => ({
  rule: `${what}-in-other-lab`,
  severity: "warning",
  at,
  also: others.map((other) => ({ at: other.at, note: `is ${other.holder}'s` })),
  subject: holder,
  message: `${holder} has the ${what} ${shown}, as has ${others.map((other) => other.holder).join(", ")} on ${lab.connection.endpoint}`,
  fix: "give one of them another, unless they are the same guest",
});

function together({ connection, name }: Lab, own: readonly Clash[]): Problem {
  const others = [...new Set(own.flatMap((each) => each.others.map(({ lab }) => lab.name)))];
  const shared = (["vmid", "address"] as const).flatMap((what) => {
    const shown = own.filter((each) => each.what === what).map(({ claim }) => claim.shown);
    return shown.length > 0 ? `the ${what === "vmid" ? "VMIDs" : "addresses"} ${shown.join(", ")}` : [];
  });
  return {
    rule: "host-of-other-lab",
    severity: "warning",
    at: connection.source.at,
    subject: name,
    message: `${name} shares the API host ${connection.endpoint} with ${others.join(", ")}, and there ${shared.join(" and ")}`,
    fix: `correct proxmox_api_host, or give the guests of ${name} others, unless they are the same guests`,
  };
}
