import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startTestbed, type Testbed } from "../../../testbed/api/index";
import { compare, KnownNames, type Scope } from "./compare";

export const RECORDINGS = join(__dirname, "../../../testbed/recordings");

/** One exchange of a recording, as the files in `testbed/recordings` hold it. */
export interface Exchange {
  readonly phase: string;
  /** `GET /nodes/pve1/lxc`; a path that begins with `!` is outside the JSON API. */
  readonly request: string;
  readonly query?: Record<string, string>;
  readonly body?: Record<string, unknown> | string;
  readonly parts?: readonly { name: string; value?: string; filename?: string; size?: number }[];
  readonly type?: string;
  readonly auth?: "token" | "none";
  readonly csrf?: false;
  readonly status: number;
  readonly answer?: unknown;
  /** The list was longer. */
  readonly cut?: number;
  /** Entries of other objects on the host were left out. */
  readonly partial?: true;
}

export interface Recording {
  readonly name: string;
  readonly resource: string;
  readonly exchanges: readonly Exchange[];
}

export function readRecordings(): Recording[] {
  return readdirSync(RECORDINGS)
    .filter((file) => file.endsWith(".jsonl"))
    .sort()
    .map((file) => {
      const [head = "{}", ...lines] = readFileSync(join(RECORDINGS, file), "utf8").trim().split("\n");
      const { resource } = JSON.parse(head) as { resource: string };
      return {
        name: file.replace(/\.jsonl$/, ""),
        resource,
        exchanges: lines.map((line) => JSON.parse(line) as Exchange),
      };
    });
}

/** The host that the recordings were made on, as far as they show it. */
export async function recordedHost(): Promise<Testbed> {
  const testbed = await startTestbed({
    nodes: [{ name: "pve1", address: "10.77.0.2", cores: 4, memoryMiB: 24_105, pciDevices: [{ id: "0000:00:03.0" }] }],
    storages: {
      local: {
        type: "dir",
        path: "/var/lib/vz",
        content: "images,rootdir,vztmpl,iso,backup,snippets,import",
        "prune-backups": "keep-all=1",
      },
      "local-lvm": { type: "btrfs", path: "/srv/btrfs/b", content: "images,rootdir", sizeGiB: 20 },
      "local-btrfs": { type: "btrfs", path: "/srv/btrfs/a", content: "images,rootdir", sizeGiB: 20 },
    },
    volumes: [
      "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst",
      "local:vztmpl/up2-debian-13_13.1_amd64.tar.zst",
      "local:iso/rec-disk.img",
      "local:import/rec-disk.qcow2",
      "local:snippets/rec-hook.sh",
    ],
    rootPassword: "REDACTED-PASSWORD",
  });
  const { state, world } = testbed;
  const vmbr0 = state.nodes.pve1?.network.vmbr0;
  if (vmbr0) vmbr0.gateway = "10.77.0.1";
  delete state.users["terraform@pve"];
  const root = state.users["root@pam"]!;
  root.tokens = { rec: { secret: "00000000-0000-0000-0000-000000000000", privsep: 0, expire: 0 } };
  state.acl = [];
  state.roles = {};
  state.pools.otherpool = { guests: [], storages: [] };
  const debian = state.nodes.pve1?.repositories[0]?.entries[0];
  if (debian) debian.uris = ["http://debian.example.org/debian"];
  const sizes: Record<string, number> = { vztmpl: 45_791_112, iso: 16_777_216, import: 196_616, snippets: 17 };
  for (const volume of state.volumes) volume.size = sizes[volume.content] ?? volume.size;
  const web = "http://10.77.0.2:8099";
  world.describeUrl(`${web}/debian-13-standard_13.1-2_amd64.tar.zst`, { size: 45_791_112 });
  world.describeUrl(`${web}/nothing.iso`, { status: 404 });
  const sha256 = "c0d18e6b254dea948aedcf172ff492954d93dec626792eed18c96482e2acb5e0";
  world.describeUrl("http://10.77.0.2:8098/rec-img.img.zst", { size: 86, unpackedSize: 2_097_152, sha256 });
  world.describeUrl("http://10.77.0.2:8098/rec-dl.qcow2", { size: 196_616 });
  for (const server of ["10.77.0.10", "10.0.0.10", "rpool/data"]) world.unreachable.add(server);
  return testbed;
}

const ROOT_TOKEN = "root@pam!rec=00000000-0000-0000-0000-000000000000";

export interface Outcome {
  readonly exchange: Exchange;
  /** Empty: they agree. */
  readonly differences: readonly string[];
}

/** Drives a recording's requests against a fresh host and compares the answers. */
export async function replay(recording: Recording): Promise<Outcome[]> {
  const testbed = await recordedHost();
  const session = new Session(testbed);
  const outcomes: Outcome[] = [];
  const written = recording.exchanges
    .map(({ request, query, body }) => JSON.stringify([request, query, body]))
    .join("\n");
  const known = new KnownNames(written);
  try {
    for (const exchange of recording.exchanges) {
      await testbed.settled();
      prepare(testbed, recording.name, exchange.phase);
      outcomes.push({ exchange, differences: await session.exchange(exchange, known) });
    }
  } finally {
    await testbed.close();
  }
  return outcomes;
}

/** What was done on the host by hand between two experiments. */
function prepare(testbed: Testbed, recording: string, phase: string): void {
  if (recording !== "errors_ct" || phase !== "stop-stopped") return;
  delete testbed.state.guests[1950]?.config.lock;
}

class Session {
  /** Names that this host gave to what the recording calls otherwise: task ids, digests, secrets. */
  private readonly names = new Map<string, string>();
  private ticket = "";
  private csrf = "";
  private otherToken: string | undefined;

  constructor(private readonly testbed: Testbed) {}

  async exchange(exchange: Exchange, known: ReadonlySet<string>): Promise<string[]> {
    const scope: Scope = { ...exchange, known };
    const [method = "", ...rest] = exchange.request.split(" ");
    const path = rest.join(" ");
    const plain = path.startsWith("!") ? path.slice(1) : `/api2/json${path === "/" ? "" : path}`;
    const query = exchange.query ? `?${new URLSearchParams(exchange.query).toString()}` : "";
    const { body, contentType } = this.body(exchange);
    const answer = await this.testbed.inject({
      method,
      url: `${this.rename(plain).split("/").map(encodeURIComponent).join("/")}${query}`,
      headers: { ...(await this.authorization(exchange)), ...(contentType ? { "content-type": contentType } : {}) },
      ...(body === undefined ? {} : { body: Buffer.from(this.rename(body)) }),
    });
    const actual = answer.json ?? answer.text;
    const data = (actual as { data?: { value?: string; "full-tokenid"?: string } } | undefined)?.data;
    if (data?.["full-tokenid"]) this.otherToken = `${data["full-tokenid"]}=${data.value}`;
    this.learn(exchange.answer, actual);
    const differences = answer.status === exchange.status ? [] : [`status ${exchange.status}, got ${answer.status}`];
    compare(exchange.answer, actual, "", scope, differences);
    return differences;
  }

  private body(exchange: Exchange): { body?: string; contentType?: string } {
    if (exchange.parts) {
      const parts = exchange.parts.map(({ name, value, filename, size }) => {
        const file = filename === undefined ? "" : `; filename="${filename}"`;
        return `--x\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${value ?? "x".repeat(size ?? 0)}\r\n`;
      });
      return { body: `${parts.join("")}--x--\r\n`, contentType: "multipart/form-data; boundary=x" };
    }
    if (exchange.body === undefined) return {};
    if (exchange.type !== undefined && !exchange.type.startsWith("application/x-www-form")) {
      const text = typeof exchange.body === "string" ? exchange.body : JSON.stringify(exchange.body);
      return { body: text, contentType: exchange.type };
    }
    if (typeof exchange.body === "string")
      return { body: exchange.body, contentType: "application/x-www-form-urlencoded" };
    const form = new URLSearchParams();
    for (const [key, value] of Object.entries(exchange.body)) {
      for (const item of [value].flat()) form.append(key, grow(passwordFor(exchange.phase, String(item))));
    }
    const text = exchange.phase.startsWith("unencoded-") ? form.toString().replaceAll("%3D", "=") : form.toString();
    return { body: text, contentType: "application/x-www-form-urlencoded" };
  }

  private async authorization(exchange: Exchange): Promise<Record<string, string>> {
    if (exchange.auth === "none") return {};
    if (/^token-wrong/.test(exchange.phase)) return { authorization: "PVEAPIToken=root@pam!testbed=wrong" };
    if (/^bad-ticket/.test(exchange.phase)) return { cookie: "PVEAuthCookie=PVE:root@pam:00000000::x" };
    if (exchange.auth === "token") {
      const own = /^(?:noperm|token-after)/.test(exchange.phase) ? this.otherToken : undefined;
      return { authorization: `PVEAPIToken=${own ?? ROOT_TOKEN}` };
    }
    if (this.ticket === "") await this.login();
    const csrf = /^csrf-(?:expired|garbage)/.test(exchange.phase) ? "00000000:x" : this.csrf;
    const guard: Record<string, string> = exchange.csrf === false ? {} : { csrfpreventiontoken: csrf };
    return { cookie: `PVEAuthCookie=${encodeURIComponent(this.ticket)}`, ...guard };
  }

  private async login(): Promise<void> {
    const { rootUser, rootPassword } = this.testbed.credentials;
    const answer = await this.testbed.inject({
      method: "POST",
      url: "/api2/json/access/ticket",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(new URLSearchParams({ username: rootUser, password: rootPassword }).toString()),
    });
    const { data } = answer.json as { data: { ticket: string; CSRFPreventionToken: string } };
    this.ticket = data.ticket;
    this.csrf = data.CSRFPreventionToken;
  }

  /** Remembers our name for each of theirs. */
  private learn(expected: unknown, actual: unknown): void {
    if (typeof expected === "string" && typeof actual === "string" && expected !== actual) {
      if (/^UPID:|vzdump-/.test(expected) || /^[0-9a-f]{40}$/.test(expected)) this.names.set(expected, actual);
      return;
    }
    if (typeof expected !== "object" || typeof actual !== "object" || expected === null || actual === null) return;
    for (const [key, value] of Object.entries(expected)) this.learn(value, (actual as Record<string, unknown>)[key]);
  }

  private rename(text: string): string {
    let renamed = text;
    for (const [theirs, ours] of this.names) {
      renamed = renamed.replaceAll(theirs, ours).replaceAll(encodeURIComponent(theirs), encodeURIComponent(ours));
    }
    return renamed;
  }
}

/** Passwords were blacked out; some experiments were about wrong ones. */
function passwordFor(phase: string, value: string): string {
  if (value !== "REDACTED-PASSWORD") return value;
  if (/short-password$/.test(phase)) return "abc";
  return /bad-password$/.test(phase) ? "wrong-password" : value;
}

/** Long values were cut in the recording: `xxx…[cut, 8193 bytes]`. */
function grow(text: string): string {
  const cut = /^(.)\1*…\[cut, (\d+) bytes\]$/.exec(text);
  return cut ? (cut[1] ?? "x").repeat(Number(cut[2])) : text;
}
