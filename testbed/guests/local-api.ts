/** A call that the node's own `pct` makes: as root@pam, on the machine itself, without a login. */
export interface LocalCall {
  /** The node on which it was typed. */
  readonly node: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/api2/json`: `/nodes/pve1/lxc/101/config`. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface LocalAnswer {
  readonly status: number;
  readonly data?: unknown;
  /** Text of a failure. */
  readonly message?: string;
  /** Texts of a failure, by parameter. */
  readonly errors?: Readonly<Record<string, string>>;
}

/** The API, as a node reaches it. Never rejects: failures are answers. */
export type LocalApi = (call: LocalCall) => Promise<LocalAnswer>;
