import { rangeBehind } from "../resolve/bridges";
import { canonical, contains, rangeOf } from "../resolve/ip";
import { allLinks, ofBridge } from "./bridges";
import type { Rule } from "./rule";

/** What a node itself answers on: its web interface and API, and the SPICE proxy (Proxmox VE Administration Guide, Ports). */
const OWN_PORTS: Readonly<Record<number, string>> = { 22: "SSH", 3128: "the SPICE proxy", 8006: "the API" };

/** `forward-without-nat`, `forward-collision`, `forward-of-node-service`, `forward-outside-bridge`, `forward-to-nobody`. */
export const forwardsArrive: Rule = function* ({ lab }) {
  if (!lab.nodes.some(({ links }) => links.some(({ forwards }) => forwards.length > 0))) return;
  const held = new Set(
    lab.guests.flatMap(({ nics }) =>
      nics.flatMap(({ address }) => (address === undefined || address === "dhcp" ? [] : [canonical(address)])),
    ),
  );
  const taken = new Map<string, string>();
  for (const { link, node } of allLinks(lab.nodes)) {
    for (const [index, { port, protocol, to }] of link.forwards.entries()) {
      const key = `forward.${index}`;
      if (link.uplink === undefined)
        yield ofBridge(node, link, key, {
          rule: "forward-without-nat",
          message: `${link.name} forwards port ${port}, but has no uplink on which it could arrive`,
          fix: "add nat: { uplink: … }",
        });
      const place = `${node.name} ${link.uplink} ${protocol} ${port}`;
      const before = taken.get(place);
      taken.set(place, before ?? `${to} by ${link.name}`);
      if (before !== undefined)
        yield ofBridge(node, link, key, {
          rule: "forward-collision",
          message: `${protocol} port ${port} leads to ${before} already`,
          fix: "choose another port",
        });
      const service = port === node.sshPort ? "SSH" : OWN_PORTS[port];
      if (protocol === "tcp" && service !== undefined)
        yield ofBridge(node, link, key, {
          rule: "forward-of-node-service",
          message: `port ${port} of ${node.name} is that of ${service}, which would be out of reach`,
          fix: `choose another port, and keep to_port: ${port}`,
        });
      const range = rangeBehind(link);
      if (range !== undefined && !contains(rangeOf(range), to))
        yield ofBridge(node, link, key, {
          rule: "forward-outside-bridge",
          message: `${to} is not in ${range}, which lies behind ${link.name}`,
          fix: "correct the address, or forward by the bridge of that guest",
        });
      else if (!held.has(canonical(to)))
        yield ofBridge(node, link, key, {
          rule: "forward-to-nobody",
          severity: "warning",
          message: `no guest has the address ${to}, to which port ${port} leads`,
          fix: "give a guest that address, or delete the entry",
        });
    }
  }
};
