import type { Sources } from "./sources";

/** A layer-2 segment with its IP plan, or (without a bridge) a range that is only planned, such as the pods of a cluster. */
export interface Network {
  readonly name: string;
  /** Absent for a range that no guest attaches to. */
  readonly bridge?: string;
  readonly vlan?: number;
  /** `192.168.1.0/24`. */
  readonly cidr?: string;
  readonly gateway?: string;
  readonly cidr6?: string;
  readonly gateway6?: string;
  /** The guest that is this network's gateway and therefore holds the gateway's address. */
  readonly router?: string;
  readonly dns?: Dns;
  readonly source: Sources;
}

export interface Dns {
  readonly domain?: string;
  readonly servers: readonly string[];
}
