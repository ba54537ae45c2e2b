import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";

export interface PackageProxyOptions {
  /** Names of the hosts that may be reached, and no others. */
  readonly hosts: ReadonlySet<string>;
  /** Where files that never change are kept. */
  readonly folder: string;
  /** The proxy that the host's own apt uses, if any. */
  readonly upstream?: string;
}

/** Files whose content belongs to their name, in Debian's repository format: packages, and indices by their hash. */
const UNCHANGING = /\/pool\/.*\.deb$|\/by-hash\//;
const HOP_HEADERS = ["proxy-connection", "connection", "keep-alive", "proxy-authorization", "te", "upgrade"];

/** The only way out of the testbed: an HTTP proxy for apt that reaches the host's package mirrors. */
export class PackageProxy {
  private readonly server: Server;
  private readonly downloads = new Map<string, Promise<string>>();
  private readonly sockets = new Set<Socket>();

  constructor(private readonly options: PackageProxyOptions) {
    mkdirSync(options.folder, { recursive: true });
    this.server = createServer((query, answer) => {
      this.get(query, answer).catch((error) => refuse(answer, 502, String(error)));
    });
    this.server.on("connect", (query: IncomingMessage, socket: Socket) => this.tunnel(query, socket));
  }

  /** Serves a connection that was accepted elsewhere. */
  accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    this.server.emit("connection", socket);
    socket.resume();
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private async get(query: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = URL.canParse(query.url ?? "") ? new URL(query.url ?? "") : undefined;
    if (url?.protocol !== "http:" || (query.method !== "GET" && query.method !== "HEAD")) {
      return refuse(answer, 400, "only GET and HEAD of http:// addresses");
    }
    if (!this.options.hosts.has(url.hostname)) return refuse(answer, 403, this.refusal(url.hostname));
    if (!UNCHANGING.test(url.pathname) || query.method === "HEAD") return this.pass(url, query, answer);
    const file = await this.stored(url);
    answer.writeHead(200, { "content-length": statSync(file).size });
    await pipeline(createReadStream(file), answer).catch(() => answer.destroy());
  }

  private refusal(host: string): string {
    return `the testbed reaches only the package mirrors of its host (${[...this.options.hosts].join(", ")}), not ${host}`;
  }

  /** Downloads a file once, however many guests ask for it at the same time. */
  private stored(url: URL): Promise<string> {
    const digest = createHash("sha256").update(url.href).digest("hex").slice(0, 16);
    const file = join(this.options.folder, `${digest}-${basename(url.pathname).slice(0, 100)}`);
    if (existsSync(file)) return Promise.resolve(file);
    const running = this.downloads.get(file);
    if (running) return running;
    const download = this.download(url, file).finally(() => this.downloads.delete(file));
    this.downloads.set(file, download);
    return download;
  }

  private async download(url: URL, file: string): Promise<string> {
    const partial = `${file}.${randomUUID()}`;
    const response = await this.fetch(url, {}, "GET");
    if (response.statusCode !== 200) {
      response.resume();
      throw new Error(`${url.href}: ${response.statusCode} ${response.statusMessage}`);
    }
    try {
      await pipeline(response, createWriteStream(partial));
      if (!response.complete) throw new Error(`${url.href}: cut short`);
      renameSync(partial, file);
    } finally {
      rmSync(partial, { force: true });
    }
    return file;
  }

  private async pass(url: URL, query: IncomingMessage, answer: ServerResponse): Promise<void> {
    const headers = Object.fromEntries(Object.entries(query.headers).filter(([name]) => !HOP_HEADERS.includes(name)));
    const response = await this.fetch(url, headers, query.method ?? "GET");
    answer.writeHead(
      response.statusCode ?? 502,
      Object.fromEntries(
        Object.entries(response.headers).filter(
          ([name]) => !HOP_HEADERS.includes(name) && name !== "transfer-encoding",
        ),
      ),
    );
    await pipeline(response, answer).catch(() => answer.destroy());
  }

  private fetch(url: URL, headers: IncomingMessage["headers"], method: string): Promise<IncomingMessage> {
    const target = this.options.upstream === undefined ? url : new URL(this.options.upstream);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: target.hostname,
          port: target.port || 80,
          path: this.options.upstream === undefined ? `${url.pathname}${url.search}` : url.href,
          method,
          headers: { ...headers, host: url.host },
          timeout: 60_000,
        },
        resolve,
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`${url.host} does not answer`)));
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  /** `CONNECT host:443`, for mirrors that are reached by https. */
  private tunnel(query: IncomingMessage, socket: Socket): void {
    const { hostname, port } = new URL(`tcp://${query.url}`);
    if (!this.options.hosts.has(hostname) || port !== "443") {
      socket.end(`HTTP/1.1 403 Forbidden\r\n\r\n${this.refusal(query.url ?? "")}\n`);
      return;
    }
    const outside = connect(443, hostname, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(outside).pipe(socket);
    });
    outside.on("error", () => socket.destroy());
    socket.on("error", () => outside.destroy());
    socket.on("close", () => outside.destroy());
  }
}

function refuse(answer: ServerResponse, status: number, text: string): void {
  if (answer.headersSent) {
    answer.destroy();
    return;
  }
  // apt shows the reason phrase, which must be one line.
  answer.writeHead(status, text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 200), { "content-type": "text/plain" });
  answer.end(`${text}\n`);
}
