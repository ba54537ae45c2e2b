import type { Firewall } from "../state/state";
import type { Context } from "../testbed";

const EMPTY = (): Firewall => ({ options: {}, rules: [], aliases: {}, ipsets: {}, groups: {} });

/** A level of the firewall: where its paths begin and which configuration they are about. */
export interface Level {
  readonly base: string;
  readonly key: (context: Context) => string;
}

export const LEVELS: readonly Level[] = [
  { base: "/cluster/firewall", key: () => "cluster" },
  { base: "/nodes/{node}/firewall", key: (context) => `node/${context.call.text("node")}` },
  { base: "/nodes/{node}/lxc/{vmid}/firewall", key: (context) => `guest/${context.call.text("vmid")}` },
  { base: "/nodes/{node}/qemu/{vmid}/firewall", key: (context) => `guest/${context.call.text("vmid")}` },
  { base: "/cluster/sdn/vnets/{vnet}/firewall", key: (context) => `vnet/${context.call.text("vnet")}` },
];

export const readLevel = (context: Context, level: Level): Firewall =>
  context.state.firewalls[level.key(context)] ?? EMPTY();

export function writeLevel(context: Context, level: Level): Firewall {
  const key = level.key(context);
  context.state.firewalls[key] ??= EMPTY();
  context.testbed.changed();
  return context.state.firewalls[key];
}
