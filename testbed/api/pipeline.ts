import { Access } from "./auth/access";
import { isCsrfToken, readTicket, readToken } from "./auth/tickets";
import { parseBody, parseForm, type RequestBody } from "./body";
import { Call, type Caller } from "./call";
import { routes } from "./domains/index";
import { denied, failure, invalid, messageOf, PveError } from "./errors";
import type { Fault } from "./faults";
import { matchRoute, type RouteMatch, subPaths } from "./schema/router";
import { validate } from "./schema/validate";
import { type Context, Reply, type Testbed } from "./testbed";

export interface Request {
  readonly method: string;
  /** Path and query as on the wire. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: Buffer | undefined;
  /** Requests that arrive on the node's own socket are root's. */
  readonly local?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Absent: an empty body without a type. */
  readonly json?: unknown;
  readonly text?: string;
  readonly fault: Fault;
  /** Method and path as in the schema, when there is one. */
  readonly key?: string;
}

const METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"];
const NOBODY: Caller = { id: "", user: "" };
const ROOT: Caller = { id: "root@pam", user: "root@pam" };
const LOGIN = "POST /access/ticket";

interface Located {
  readonly format: "json" | "extjs";
  readonly path: string;
  readonly query: string;
}

/** An answer of the server below the API: no JSON. */
const bare = (status: number, reason: string, text?: string): Answer => ({
  status,
  reason,
  fault: {},
  ...(text === undefined ? {} : { text }),
});

/** One request from the wire to the answer: route, authentication, privileges, parameters, handler. */
export async function answer(testbed: Testbed, request: Request): Promise<Answer> {
  if (!METHODS.includes(request.method)) return bare(501, `method '${request.method}' not available`);
  const located = locate(request.url);
  if (!("path" in located)) return located;
  let body: RequestBody;
  let caller: Caller;
  const route = matchRoute(request.method === "HEAD" ? "GET" : request.method, located.path);
  const headerFault = request.headers["x-testbed-fault"];
  const fault = testbed.faults.take(route?.key ?? `${request.method} ${located.path}`, headerFault);
  if (fault.status) return struck(fault, route);
  if (fault.cut === "before") return { ...bare(200, "OK"), fault };
  try {
    caller = request.local ? ROOT : authenticate(testbed, request, route);
    body = parseBody(request.method, request.headers["content-type"], request.body);
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    return error.status === 401 ? bare(401, error.message) : bare(error.status, error.message, error.message);
  }
  const outcome = await run(testbed, { method: request.method, located, route, caller, body, fault });
  return { ...asFormat(located.format, outcome), fault, ...(route ? { key: route.key } : {}) };
}

function struck(fault: Fault, route: RouteMatch | undefined): Answer {
  const code = fault.status?.code ?? 500;
  const text =
    fault.status?.text ?? (code === 596 ? "Broken pipe" : code === 595 ? "Connection refused" : "got timeout");
  const key = route ? { key: route.key } : {};
  if (code >= 590) return { ...bare(code, text), fault, ...key };
  return { status: code, reason: text, json: { data: null, message: `${text}\n` }, fault, ...key };
}

function locate(url: string): Located | Answer {
  const mark = url.indexOf("?");
  const raw = mark === -1 ? url : url.slice(0, mark);
  const path = decodePath(raw);
  const match = /^\/api2\/([a-z]+)(\/.*)?$/.exec(path);
  if (!match) return bare(500, `no such file '${path}'`, `no such file '${path}'\n`);
  const [, format, rest = ""] = match;
  if (format !== "json" && format !== "extjs") {
    const text = `no formatter for uri ${rest}, ${format}`;
    return bare(501, text, text);
  }
  return { format, path: rest, query: mark === -1 ? "" : url.slice(mark + 1) };
}

function decodePath(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

function authenticate(testbed: Testbed, request: Request, route: RouteMatch | undefined): Caller {
  const { state } = testbed;
  const authorization = request.headers.authorization ?? "";
  if (authorization.startsWith("PVEAPIToken")) {
    const caller = readToken(state, authorization.replace(/^PVEAPIToken[= ]/, ""));
    if (!caller) throw new PveError(401, "Authentication failed!");
    return caller;
  }
  const cookie = /(?:^|;\s*)PVEAuthCookie=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
  const isOpen = route?.method.permission === "world";
  if (cookie === undefined) {
    if (isOpen) return NOBODY;
    throw new PveError(401, "No ticket");
  }
  const user = readTicket(state, decodePath(cookie));
  if (user === undefined) {
    if (isOpen) return NOBODY;
    throw new PveError(401, "Authentication failed!");
  }
  if (request.method !== "GET" && request.method !== "HEAD" && route?.key !== LOGIN) {
    if (!isCsrfToken(state, user, request.headers.csrfpreventiontoken ?? "")) {
      throw new PveError(401, "Permission denied - invalid csrf token");
    }
  }
  return { id: user, user };
}

interface Outcome {
  readonly status: number;
  readonly reason: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Answers of the server itself carry no body. */
  readonly empty?: boolean;
}

/** A request that was understood, and whose sender is known. */
interface Understood {
  readonly method: string;
  readonly located: Located;
  readonly route: RouteMatch | undefined;
  readonly caller: Caller;
  readonly body: RequestBody;
  readonly fault: Fault;
}

async function run(testbed: Testbed, { body, caller, fault, located, method, route }: Understood): Promise<Outcome> {
  try {
    if (!route) throw new PveError(501, `Method '${method} ${located.path}' not implemented`);
    if (caller.token !== undefined && route.method.token === false) {
      throw denied(`URI '${located.path}' not available with API token, need proper ticket.\n`);
    }
    const given = { ...parseForm(located.query), ...body.parameters };
    for (const [name, value] of Object.entries(route.uriParameters)) {
      if (given[name] !== undefined && String(given[name]) !== value) {
        throw invalid({ [name]: "duplicate parameter (already defined in URI) with conflicting values" });
      }
    }
    const raw = { ...given, ...route.uriParameters };
    const access = new Access(testbed.state, caller);
    access.requireSchema(route.method.permission, raw);
    const node = reachNode(testbed, route);
    const { parameters, problems } = validate(route.method.parameters, node === undefined ? raw : { ...raw, node });
    if (Object.keys(problems).length > 0) throw invalid(problems);
    const context = makeContext(testbed, new Call(caller, parameters, body.upload), access, fault);
    const data = await handle(route, context);
    const rest = data instanceof Reply ? { data: data.data ?? null, ...data.beside } : { data: data ?? null };
    return { status: 200, reason: "OK", body: rest };
  } catch (error) {
    return outcomeOf(error);
  }
}

/** Requests about another node are passed on to it; one that cannot be reached answers as the proxy does. */
function reachNode(testbed: Testbed, route: RouteMatch): string | undefined {
  const name = route.uriParameters.node;
  if (name === undefined || !route.template.startsWith("/nodes/{node}/")) return undefined;
  if (name === "localhost") return Object.keys(testbed.state.nodes)[0];
  const node = testbed.state.nodes[name];
  if (node && !node.online) throw new PveError(595, "No route to host");
  if (node) return undefined;
  const inHosts = Object.values(testbed.state.nodes).some((other) =>
    new RegExp(`\\s${name}(?:\\s|$)`, "m").test(other.hosts),
  );
  if (inHosts) throw new PveError(595, "No route to host");
  throw failure(
    `hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`,
  );
}

function makeContext(testbed: Testbed, call: Call, access: Access, fault: Fault): Context {
  const taskFault = {
    ...(fault.slowTaskMs === undefined ? {} : { delayMs: fault.slowTaskMs }),
    ...(fault.failTask === undefined ? {} : { failure: fault.failTask }),
  };
  return {
    call,
    access,
    testbed,
    state: testbed.state,
    fault,
    task: (node, type, id, work, undo) => {
      const request = { node, type, id: String(id), caller: call.caller, work, fault: taskFault };
      return testbed.tasks.run(undo ? { ...request, undo } : request);
    },
  };
}

async function handle(route: RouteMatch, context: Context): Promise<unknown> {
  const handler = routes[route.key];
  if (handler) return handler(context);
  const { index } = route.method;
  if (index !== undefined) return subPaths(route.template).map((name) => ({ [index]: name }));
  throw new PveError(501, `Method '${route.key}' is not part of this testbed`);
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof PveError)) {
    const text = messageOf(error).trimEnd();
    return { status: 500, reason: text, body: { data: null, message: `${text}\n` } };
  }
  if (error.status >= 590) return { status: error.status, reason: error.message, body: {}, empty: true };
  const message = error.status === 501 ? error.message : `${error.message}\n`;
  const errors = error.errors ? { errors: error.errors } : {};
  return { status: error.status, reason: error.message, body: { data: null, message, ...errors } };
}

function asFormat(format: Located["format"], outcome: Outcome): Omit<Answer, "fault"> {
  const { status, reason, body } = outcome;
  if (outcome.empty) return { status, reason };
  if (format === "json") return { status, reason, json: body };
  const failed = status === 200 ? { success: 1 } : { success: 0, status };
  return { status: 200, reason: "OK", json: { ...body, ...failed } };
}
