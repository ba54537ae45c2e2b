import type { Access } from "./auth/access";
import type { Call } from "./call";
import type { Fault, Faults } from "./faults";
import type { GuestBackend } from "./guest-backend";
import type { State } from "./state/state";
import type { Tasks, Work } from "./tasks";
import type { World } from "./world";

export interface CertificateInfo {
  readonly filename: string;
  /** SHA-256, in hexadecimal with colons. */
  readonly fingerprint: string;
  readonly issuer: string;
  readonly subject: string;
  readonly san: readonly string[];
  /** Seconds since 1970. */
  readonly notbefore: number;
  readonly notafter: number;
  readonly pem: string;
  readonly "public-key-bits": number;
  readonly "public-key-type": string;
}

/** What handlers work on: the state of one testbed and its services. */
export interface Testbed {
  readonly state: State;
  readonly tasks: Tasks;
  readonly faults: Faults;
  readonly backend: GuestBackend;
  readonly world: World;
  /** The API's certificate, as `GET …/certificates/info` shows it. */
  readonly certificate: CertificateInfo;
  /** To be called after every change of the state: the snapshot file follows. */
  changed(): void;
}

/** A request on its way through a handler. */
export interface Context {
  readonly call: Call;
  readonly access: Access;
  readonly testbed: Testbed;
  readonly state: State;
  readonly fault: Fault;
  /** Starts a worker on a node and answers its UPID. @param undo takes back, when it fails, what was done before it */
  task(node: string, type: string, id: string | number, work: Work, undo?: () => void): Promise<string>;
}

/** Answers with the contents of `data`, or with a `Reply` when there is more to say. */
export type Handler = (context: Context) => unknown;

/** By method and path as in the schema: `GET /nodes/{node}/lxc`. */
export type Routes = Readonly<Record<string, Handler>>;

/** One table of several. */
export const mergeRoutes = (...tables: readonly Routes[]): Routes => Object.assign({}, ...tables) as Routes;

/** An answer with fields beside `data`. */
export class Reply {
  constructor(
    readonly data: unknown,
    readonly beside: Readonly<Record<string, unknown>>,
  ) {}
}
