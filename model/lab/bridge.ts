/** A bridge of a node, and who may reach whom across it. */
export interface Bridge {
  readonly name: string;
  /** `none`: it is there and never written; `create`: the lab makes it; `rewrite`: the node's management bridge, written on purpose. */
  readonly write: "none" | "create" | "rewrite";
  /** The node's address on it: `10.0.100.1/24`. */
  readonly address?: string;
  readonly address6?: string;
  readonly ports: readonly string[];
  readonly vlanAware: boolean;
  readonly mtu?: number;
  readonly comment?: string;
  readonly autostart: boolean;
  /** Bridge or interface by which its guests reach the Internet under the node's address. */
  readonly uplink?: string;
  /** Bridges and interfaces whose networks its guests do not reach. Where there are any, they do not reach the node either. */
  readonly isolatedFrom: readonly string[];
  /** What isolated guests may ask of the node all the same. */
  readonly nodeServices: readonly ("dhcp" | "dns" | "ping" | "metrics")[];
  /** Its guests do not reach each other. */
  readonly isolateGuests: boolean;
  /** Ports of the node on the uplink that lead to guests. */
  readonly forwards: readonly PortForward[];
}

export interface PortForward {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly to: string;
  readonly toPort: number;
  /** Only from this range. */
  readonly source?: string;
  readonly comment?: string;
}

/** An interface of the node that is no bridge. */
export interface NodeInterface {
  readonly name: string;
  readonly address?: string;
  readonly address6?: string;
}
