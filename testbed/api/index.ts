import { newSecret } from "./auth/tickets";
import { ownCertificate } from "./certificate";
import { Control } from "./control";
import { bridgesOf } from "./domains/network";
import { Faults } from "./faults";
import type { GuestBackend } from "./guest-backend";
import { inertBackend } from "./inert-backend";
import { type Answer, answer, type Request } from "./pipeline";
import { ApiServer, type Counters } from "./server";
import { DEFAULT_TEMPLATE, type InitialOptions, initialState } from "./state/initial";
import { Snapshot } from "./state/snapshot";
import type { State } from "./state/state";
import { Tasks } from "./tasks";
import type { Testbed as Inner } from "./testbed";
import { vmFiles } from "./vm-files";
import { World } from "./world";

export type { GuestBackend } from "./guest-backend";
export { inertBackend } from "./inert-backend";
export { DEFAULT_TEMPLATE };

export interface TestbedOptions extends InitialOptions {
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** @default 0, any free port */
  readonly port?: number;
  /** What stands behind containers; default: nothing but state. */
  readonly backend?: GuestBackend;
  /** Keeps the state here, and starts from it when the file is there. */
  readonly snapshotFile?: string;
  /** Plain HTTP on this unix socket, as root: for tools on the node. */
  readonly localSocket?: string;
  /** Milliseconds before a 401. @default 3000, as Proxmox VE does */
  readonly authDelayMs?: number;
}

export interface Credentials {
  /** `root@pam` */
  readonly rootUser: string;
  readonly rootPassword: string;
  /** `root@pam!testbed=<secret>`: a token of root, which is not root. */
  readonly rootToken: string;
  /** `terraform@pve!tf=<secret>`: may do what a lab needs, and nothing that is root's alone. */
  readonly labToken: string;
}

export interface Testbed {
  /** `https://127.0.0.1:8006`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly credentials: Credentials;
  /** Requests since the start, or since `resetCounters`. */
  readonly requests: Counters;
  readonly faults: Faults;
  readonly backend: GuestBackend;
  /** What lies outside: files on the web, servers that do not answer. */
  readonly world: World;
  /** The state itself, for tests that look or prepare; call `changed` after writing. */
  readonly state: State;
  changed(): void;
  resetCounters(): void;
  /** Answers a request without the wire, uncounted and without delays. */
  inject(request: Request): Promise<Answer>;
  /** A call as root on the node itself, with parameters instead of a body; never rejects. */
  local(call: LocalCall): Promise<LocalAnswer>;
  /** Destroys all guests and goes back to a fresh installation; credentials stay. */
  reset(): Promise<void>;
  /** Resolves when no task runs. */
  settled(): Promise<void>;
  /** Cuts all connections, and listens again on the same port after a while. */
  die(milliseconds: number): Promise<void>;
  /** Stops the API and its guests. */
  close(): Promise<void>;
}

export interface LocalCall {
  readonly method: string;
  /** Below `/api2/json`: `/nodes/pve1/lxc/101/config`. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface LocalAnswer {
  readonly status: number;
  readonly data?: unknown;
  readonly message?: string;
  readonly errors?: Readonly<Record<string, string>>;
}

/** The least-privilege roles of the lab token, by ACL path; `/` is not inherited. */
const LAB_ROLES: Readonly<Record<string, { role: string; privileges: string }>> = {
  "/": { role: "TFRoot", privileges: "Sys.Audit Sys.Modify Sys.Console" },
  "/nodes": { role: "TFNode", privileges: "Sys.Audit Sys.Modify Sys.AccessNetwork" },
  "/vms": {
    role: "TFGuest",
    privileges: [
      "VM.Allocate VM.Audit VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk",
      "VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options VM.Console VM.GuestAgent.Audit",
      "VM.GuestAgent.FileWrite VM.GuestAgent.Unrestricted VM.Migrate VM.PowerMgmt VM.Replicate VM.Snapshot VM.Snapshot.Rollback",
    ].join(" "),
  },
  "/storage": {
    role: "TFStorage",
    privileges: "Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit",
  },
  "/sdn": { role: "TFSDN", privileges: "SDN.Allocate SDN.Audit SDN.Use" },
  "/pool": { role: "TFPool", privileges: "Pool.Allocate Pool.Audit VM.Backup" },
  "/mapping": { role: "TFMapping", privileges: "Mapping.Audit Mapping.Modify Mapping.Use" },
};

const LAB_USER = "terraform@pve";

/** Adds root's token and the lab's user, unless a snapshot brought them. */
function ensureCredentials(state: State, labUser?: State["users"][string]): Credentials {
  const root = state.users["root@pam"]!;
  root.tokens.testbed ??= { secret: newSecret(), privsep: 0, expire: 0 };
  if (!state.users[LAB_USER]) {
    const tokens = { tf: { secret: newSecret(), privsep: 1, expire: 0 } };
    state.users[LAB_USER] = labUser ?? { enable: 1, expire: 0, groups: [], tokens };
    for (const [path, { role, privileges }] of Object.entries(LAB_ROLES)) {
      state.roles[role] = privileges.split(" ");
      const entry = { path, roleid: role, propagate: path === "/" ? 0 : 1 };
      state.acl.push({ ...entry, type: "user", ugid: LAB_USER }, { ...entry, type: "token", ugid: `${LAB_USER}!tf` });
    }
  }
  return {
    rootUser: "root@pam",
    rootPassword: root.password ?? "",
    rootToken: `root@pam!testbed=${root.tokens.testbed.secret}`,
    labToken: `${LAB_USER}!tf=${state.users[LAB_USER].tokens.tf?.secret ?? ""}`,
  };
}

/** Starts an embedded Proxmox VE API. */
export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const state = Snapshot.read(options.snapshotFile) ?? initialState(options);
  const credentials = ensureCredentials(state);
  const snapshot = new Snapshot(options.snapshotFile, () => state);
  const backend = options.backend ?? inertBackend();
  const changed = (): void => {
    snapshot.changed();
    backend.showVms?.(vmFiles(state));
  };
  const { key, info: certificate } = await ownCertificate();
  const [faults, tasks, world] = [new Faults(), new Tasks(state, changed), new World()];
  const inner: Inner = { state, tasks, faults, backend, certificate, world, changed };
  const host = options.host ?? "127.0.0.1";
  const reset = () => startOver(inner, options);
  const control = new Control({ inner, reset, die: (milliseconds) => server.die(milliseconds) });
  const server: ApiServer = new ApiServer(inner, {
    host,
    port: options.port ?? 0,
    key,
    cert: certificate.pem,
    authDelayMs: options.authDelayMs ?? 3000,
    control: (command, parameters) => control.run(command, parameters),
    ...(options.localSocket === undefined ? {} : { localSocket: options.localSocket }),
  });
  const port = await server.listen();
  changed();
  return {
    url: `https://${host}:${port}`,
    port,
    credentials,
    faults,
    backend,
    world,
    state,
    changed,
    requests: server.counters,
    resetCounters: () => server.resetCounters(),
    inject: (request) => answer(inner, request),
    local: (call) => localCall(inner, call),
    reset,
    settled: () => tasks.settled(),
    die: (milliseconds) => server.die(milliseconds),
    close: async () => {
      await server.close();
      await backend.close();
      snapshot.flush();
    },
  };
}

/** A fresh installation, in which credentials and the log of tasks stay. */
async function startOver(inner: Inner, options: InitialOptions): Promise<void> {
  const { backend, changed, faults, state, tasks } = inner;
  await tasks.settled();
  await destroyGuests(inner);
  const { ticketSecret, counter, users, tasks: log } = state;
  const kept = { ticketSecret, counter, tasks: log, users: { "root@pam": users["root@pam"]! } };
  Object.assign(state, initialState(options), kept);
  ensureCredentials(state, users[LAB_USER]);
  faults.clear();
  changed();
  for (const [name, node] of Object.entries(state.nodes)) await backend.network?.(name, bridgesOf(node));
}

async function destroyGuests({ state, backend }: Inner): Promise<void> {
  const silent = (): void => undefined;
  const containers = Object.values(state.guests).filter((guest) => guest.type === "lxc");
  await Promise.all(
    containers.map(async (guest) => {
      await backend.stop(guest, silent);
      await backend.destroy(guest, silent);
    }),
  );
}

async function localCall(inner: Inner, call: LocalCall): Promise<LocalAnswer> {
  const form = new URLSearchParams(call.parameters).toString();
  const inQuery = call.method === "GET" || call.method === "DELETE";
  const url = `/api2/json${call.path}${inQuery && form !== "" ? `?${form}` : ""}`;
  const body = inQuery ? {} : { body: Buffer.from(form) };
  const result = await answer(inner, { method: call.method, url, headers: {}, local: true, ...body });
  const json = (result.json ?? {}) as Omit<LocalAnswer, "status">;
  return { status: result.status, ...json };
}
