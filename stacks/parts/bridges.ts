import { type NodeBridge, NodeNetwork } from "../../constructs/node-network";
import type { Bridge, Lab, Node } from "../../model/lab";
import { rangeBehind, rangesBehind } from "../../model/resolve/bridges";
import { literal } from "../escape";
import type { LabContext } from "../lab-context";

/** Makes the bridges of the active nodes and what holds between them; guests of a node wait for it. */
export function makeBridges(context: LabContext): void {
  for (const node of context.lab.nodes) {
    const access = context.nodes.get(node.name);
    // A node whose bridges are a list of names is left as it is.
    if (!node.active || node.links.length === 0 || !access) continue;
    const after = context.readyOf(node.name);
    const network = new NodeNetwork(context.nodeScope(node.name), ":network", {
      providers: context.providers,
      node: access,
      bridges: node.links.map((link) => bridgeOf(link, node, context.lab)),
      ...(after.length > 0 ? { after } : {}),
    });
    context.setReady(node.name, network.ready);
  }
}

function bridgeOf(link: Bridge, node: Node, { networks }: Lab): NodeBridge {
  const { isolatedFrom, mtu, name, ports, vlanAware, write } = link;
  const { address, address6, autostart, comment, forwards, isolateGuests, nodeServices, uplink } = link;
  const range = rangeBehind(link);
  return {
    name,
    write,
    ...(range === undefined ? {} : { range }),
    ...(address === undefined ? {} : { address }),
    ...(address6 === undefined ? {} : { address6 }),
    ...(mtu === undefined ? {} : { mtu }),
    // A step's settings travel encoded.
    ...(comment === undefined ? {} : { comment: write === "create" ? literal(comment) : comment }),
    ...(uplink === undefined ? {} : { uplink }),
    // What is not said of the management bridge stays as it is.
    ...(write === "rewrite" && ports.length === 0 ? {} : { ports }),
    ...(write === "rewrite" && !vlanAware ? {} : { vlanAware }),
    autostart,
    forwards,
    isolateGuests,
    nodeServices,
    isolatedFrom: isolatedFrom.map((each) => ({ name: each, ranges: rangesBehind(each, node, networks) })),
  };
}
