import { createServer as createPlainServer, type Server } from "node:http";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { messageOf } from "./errors";
import { type Answer, answer, type Request } from "./pipeline";
import type { Testbed } from "./testbed";

export interface ServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly key: string;
  readonly cert: string;
  /** Proxmox VE delays the answer to a failed authentication by 3 s. */
  readonly authDelayMs: number;
  /** Path of a unix socket that answers without authentication, as root on the node itself. */
  readonly localSocket?: string;
  /** Carries out `POST /testbed/<command>` on the local socket. */
  readonly control: (command: string, parameters: Readonly<Record<string, string>>) => Promise<unknown>;
}

export interface Counters {
  /** All requests since the start or the last reset of the counters. */
  total: number;
  /** By method and path as in the schema. */
  byRoute: Record<string, number>;
}

const MAX_BODY_BYTES = 1024 * 1024 * 1024;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The API's HTTPS face: it can die and come back on the same port. */
export class ApiServer {
  private app: FastifyInstance | undefined;
  private local: Server | undefined;
  private port: number;
  readonly counters: Counters = { total: 0, byRoute: {} };

  constructor(
    private readonly testbed: Testbed,
    private readonly options: ServerOptions,
  ) {
    this.port = options.port;
  }

  /** @returns the port it listens on */
  async listen(): Promise<number> {
    const { host, key, cert } = this.options;
    const app = Fastify({
      https: { key, cert },
      bodyLimit: MAX_BODY_BYTES,
      forceCloseConnections: true,
      routerOptions: { ignoreDuplicateSlashes: false },
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    app.route({
      method: ["GET", "POST", "PUT", "DELETE", "PATCH"],
      url: "*",
      handler: (request, reply) => this.serve(request, reply),
    });
    await app.listen({ host, port: this.port });
    this.app = app;
    const address = app.server.address();
    if (address !== null && typeof address === "object") this.port = address.port;
    await this.listenLocally();
    return this.port;
  }

  resetCounters(): void {
    this.counters.total = 0;
    this.counters.byRoute = {};
  }

  async close(): Promise<void> {
    const { app, local } = this;
    this.app = undefined;
    this.local = undefined;
    local?.closeAllConnections();
    local?.close();
    await app?.close();
  }

  /** Dies at once, cutting every connection, and listens again after a while. */
  async die(milliseconds: number): Promise<void> {
    await this.close();
    await sleep(milliseconds);
    await this.listen();
  }

  private async serve(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const body = Buffer.isBuffer(request.body) ? request.body : undefined;
    const result = await this.process({
      method: request.method,
      url: request.raw.url ?? "/",
      headers: request.headers as Request["headers"],
      body,
    });
    if (result.fault.downMs !== undefined) {
      request.raw.socket.destroy();
      void this.die(result.fault.downMs);
      return reply.hijack();
    }
    if (result.fault.cut) {
      request.raw.socket.destroy();
      return reply.hijack();
    }
    reply.code(result.status);
    reply.raw.statusMessage = reasonPhrase(result.reason);
    if (result.json !== undefined) {
      return reply.header("content-type", "application/json;charset=UTF-8").send(JSON.stringify(result.json));
    }
    return reply.removeHeader("content-type").send(result.text === undefined ? "" : Buffer.from(result.text));
  }

  private async process(request: Request): Promise<Answer> {
    const result = await answer(this.testbed, request);
    this.counters.total++;
    if (result.key !== undefined) {
      this.counters.byRoute[result.key] = (this.counters.byRoute[result.key] ?? 0) + 1;
    }
    if (result.status === 401) await sleep(this.options.authDelayMs);
    if (result.fault.delayMs !== undefined) await sleep(result.fault.delayMs);
    return result;
  }

  private async answerLocally(request: Request): Promise<Answer> {
    const command = /^\/testbed\/([a-z-]+)$/.exec(request.url)?.[1];
    if (command === undefined) return answer(this.testbed, request);
    try {
      const text = request.body?.toString("utf8") ?? "";
      const parameters = text === "" ? {} : (JSON.parse(text) as Record<string, string>);
      const data = await this.options.control(command, parameters);
      return { status: 200, reason: "OK", json: { data }, fault: {} };
    } catch (error) {
      const message = messageOf(error);
      return { status: 400, reason: "refused", json: { message }, fault: {} };
    }
  }

  /** Tools on the node speak plain HTTP over a socket; they are root, as on a host. */
  private async listenLocally(): Promise<void> {
    const path = this.options.localSocket;
    if (path === undefined) return;
    const server = createPlainServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "GET", url = "/" } = request;
        const headers = request.headers as Request["headers"];
        void this.answerLocally({ method, url, headers, body: Buffer.concat(chunks), local: true }).then((result) => {
          response.writeHead(result.status, reasonPhrase(result.reason), { "content-type": "application/json" });
          response.end(result.json === undefined ? (result.text ?? "") : JSON.stringify(result.json));
        });
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    this.local = server;
  }
}

/** A reason phrase is one line of visible Latin-1. */
const reasonPhrase = (text: string): string => text.split("\n")[0]?.replace(/[^\x20-\x7e]/g, "?") ?? "";
