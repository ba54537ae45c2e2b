import { type Bridge, type Lab, type Node, type PortForward, staticAddresses } from "../lab";
import type { Problem } from "../problem";
import { rangeBehind } from "../resolve/bridges";
import { canonical, contains, rangeOf } from "../resolve/ip";
import { allLinks, ofBridge } from "./bridges";
import type { Rule, Told } from "./rule";

/** What a node itself answers on: its web interface and API, and the SPICE proxy (Proxmox VE Administration Guide, Ports). */
const OWN_PORTS: Readonly<Record<number, string>> = { 22: "SSH", 3128: "the SPICE proxy", 8006: "the API" };

interface Forwarded {
  readonly node: Node;
  readonly link: Bridge;
  /** Its place in the bridge's list. */
  readonly index: number;
  readonly forward: PortForward;
}

function* allForwards({ nodes }: Lab): Iterable<Forwarded> {
  for (const { link, node } of allLinks(nodes))
    for (const [index, forward] of link.forwards.entries()) yield { node, link, index, forward };
}

const ofForward = ({ index, link, node }: Forwarded, told: Told): Problem =>
  ofBridge(node, link, `forward.${index}`, told);

/** `forward-without-nat`: packets arrive on an uplink. */
export const forwardsHaveUplink: Rule = function* ({ lab }) {
  for (const each of allForwards(lab)) {
    const { forward, link } = each;
    if (link.uplink !== undefined) continue;
    yield ofForward(each, {
      rule: "forward-without-nat",
      message: `${link.name} forwards port ${forward.port}, but has no uplink on which it could arrive`,
      fix: "add nat: { uplink: … }",
    });
  }
};

/** `forward-collision`: a port of an uplink leads to one place. */
export const forwardsAreDistinct: Rule = function* ({ lab }) {
  const taken = new Map<string, string>();
  for (const each of allForwards(lab)) {
    const { link, node } = each;
    const { port, protocol, to } = each.forward;
    const place = `${node.name} ${link.uplink} ${protocol} ${port}`;
    const before = taken.get(place);
    if (before === undefined) taken.set(place, `${to} by ${link.name}`);
    else
      yield ofForward(each, {
        rule: "forward-collision",
        message: `${protocol} port ${port} leads to ${before} already`,
        fix: "choose another port",
      });
  }
};

/** `forward-of-node-service`: a node stays within reach. */
export const forwardsLeaveNode: Rule = function* ({ lab }) {
  for (const each of allForwards(lab)) {
    const { node } = each;
    const { port, protocol } = each.forward;
    const service = port === node.sshPort ? "SSH" : OWN_PORTS[port];
    if (protocol !== "tcp" || service === undefined) continue;
    yield ofForward(each, {
      rule: "forward-of-node-service",
      message: `port ${port} of ${node.name} is that of ${service}, which would be out of reach`,
      fix: `choose another port, and keep to_port: ${port}`,
    });
  }
};

/** `forward-outside-bridge`, `forward-to-nobody`: a port leads to a guest behind its bridge. */
export const forwardsArrive: Rule = function* ({ lab }) {
  const forwards = [...allForwards(lab)];
  if (forwards.length === 0) return;
  const held = new Set(lab.guests.flatMap(({ nics }) => nics.flatMap(staticAddresses).map(canonical)));
  for (const each of forwards) {
    const { link } = each;
    const { port, to } = each.forward;
    const range = rangeBehind(link);
    if (range !== undefined && !contains(rangeOf(range), to))
      yield ofForward(each, {
        rule: "forward-outside-bridge",
        message: `${to} is not in ${range}, which lies behind ${link.name}`,
        fix: "correct the address, or forward by the bridge of that guest",
      });
    else if (!held.has(canonical(to)))
      yield ofForward(each, {
        rule: "forward-to-nobody",
        severity: "warning",
        message: `no guest has the address ${to}, to which port ${port} leads`,
        fix: "give a guest that address, or delete the entry",
      });
  }
};
