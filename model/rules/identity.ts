import { type Guest, isStatic, type Lab, type Node, placeOf, variableOf } from "../lab";
import type { Problem } from "../problem";
import { canonical } from "../resolve/ip";
import { isIpv4, isIpv6 } from "../schema/formats";
import { type Claim, type Rule, repeated } from "./rule";

/** A claim that knows where it was written only when it is asked: hardly any clashes with another. */
interface Held extends Pick<Claim, "value" | "holder"> {
  readonly place: () => Pick<Claim, "at" | "path">;
}

const fieldOf = (guest: Guest, field: string, key: string) => ({
  at: placeOf(guest.source, field),
  path: `${variableOf(guest)}.${key}`,
});

const heldBy = (guest: Guest, value: string, field: string): Held => ({
  value,
  holder: guest.name,
  place: () => fieldOf(guest, field, field),
});

function clash(rule: string, what: string, { claim, first }: { claim: Held; first: Held }, fix: string): Problem {
  const { at, path } = claim.place();
  return {
    rule,
    severity: "error",
    at,
    also: [{ at: first.place().at, note: `is ${first.holder}'s` }],
    ...(path === undefined ? {} : { path }),
    subject: claim.holder,
    message: `${claim.holder} and ${first.holder} have the same ${what}: ${claim.value}`,
    fix,
  };
}

/** `duplicate-vmid`: Proxmox VE knows guests by number across the whole cluster. */
export const uniqueVmids: Rule = function* ({ lab }) {
  const taken = new Set(lab.guests.map((guest) => guest.vmid));
  for (const pair of repeated(lab.guests.map((guest) => heldBy(guest, String(guest.vmid), "vmid")))) {
    let free = Number(pair.claim.value) + 1;
    while (taken.has(free)) free++;
    taken.add(free);
    yield clash("duplicate-vmid", "vmid", pair, `give one of them another, such as ${free}`);
  }
};

/** `duplicate-hostname`: two guests of one name would fight over DNS and monitoring. */
export const uniqueHostnames: Rule = function* ({ lab }) {
  const claims = lab.guests.map((guest) => heldBy(guest, guest.hostname.toLowerCase(), "hostname"));
  for (const pair of repeated(claims)) yield clash("duplicate-hostname", "hostname", pair, "rename one of them");
};

/** `duplicate-address`: guests and nodes share one plan of addresses. */
export const uniqueAddresses: Rule = function* ({ lab }) {
  for (const pair of repeated(addresses(lab))) {
    yield clash("duplicate-address", "address", pair, "give one of them another address");
  }
};

/** Those on its bridges and interfaces; the one that it is dialled at is claimed by itself. */
function* addressesOn(node: Node): Iterable<Held> {
  const dialled = isIpv4(node.address) || isIpv6(node.address) ? canonical(node.address) : "";
  for (const { address, address6, name } of [...node.links, ...node.interfaces])
    for (const each of [address, address6])
      if (each !== undefined && canonical(each) !== dialled)
        yield {
          value: canonical(each),
          holder: node.name,
          place: () => ({ at: placeOf(node.source, `links.${name}`) }),
        };
}

const ADDRESSES = [
  { key: "ip", field: "address" },
  { key: "ip6", field: "address6" },
] as const;

function addresses(lab: Lab): Held[] {
  const held: Held[] = [];
  for (const node of lab.nodes) {
    held.push(...addressesOn(node));
    if (!isIpv4(node.address) && !isIpv6(node.address)) continue;
    const at = placeOf(node.source, "address");
    const place = () => ({ at, path: "proxmox_node.address" });
    held.push({ value: canonical(node.address), holder: node.name, place });
  }
  for (const guest of lab.guests) {
    for (const [index, nic] of guest.nics.entries()) {
      for (const { field, key } of ADDRESSES) {
        const address = nic[field];
        if (!isStatic(address)) continue;
        const place = () => fieldOf(guest, `nics.${index}.${field}`, `networks.${index}.${key}`);
        held.push({ value: canonical(address), holder: guest.name, place });
      }
    }
  }
  return held;
}

/** `duplicate-mac`: two cards of one address make a switch lose packets. */
export const uniqueMacs: Rule = function* ({ lab }) {
  for (const pair of repeated(macs(lab)))
    yield clash("duplicate-mac", "MAC address", pair, "delete mac: and let Proxmox VE choose");
};

function macs(lab: Lab): Held[] {
  const held: Held[] = [];
  for (const guest of lab.guests) {
    for (const [index, { mac }] of guest.nics.entries()) {
      if (mac === undefined) continue;
      const place = () => fieldOf(guest, `nics.${index}.mac`, `networks.${index}.mac`);
      held.push({ value: mac, holder: guest.name, place });
    }
  }
  return held;
}

/** `repeated-nic-name`: cards of one guest have different names. */
export const uniqueNicNames: Rule = function* ({ lab }) {
  for (const guest of lab.guests) {
    if (guest.nics.length < 2) continue;
    const place = (index: number) => placeOf(guest.source, `nics.${index}.name`, `nics.${index}`);
    for (const { claim, first } of repeated(guest.nics.map(({ name }, index) => ({ value: name, index })))) {
      yield {
        rule: "repeated-nic-name",
        severity: "error",
        at: place(claim.index),
        also: [{ at: place(first.index), note: "has it first" }],
        path: `${variableOf(guest)}.networks.${claim.index}.name`,
        subject: guest.name,
        message: `two network cards of ${guest.name} are called ${claim.value}`,
        fix: "give each a name of its own, or leave the names out",
      };
    }
  }
};
