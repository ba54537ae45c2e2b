import { createServer } from "node:net";
import { apiGet } from "../../cli/proxmox-api";
import { probeApi, tokenProblems } from "../../cli/terraform/probe";
import type { Lab } from "../../model/lab";
import { formatProblem } from "../../model/problem";
import { startTestbed, type Testbed } from "../../testbed/api/index";
import { lab } from "../support/lab";

const AT = { file: "inventory/lab/group_vars/all.yml", line: 2, column: 19 };
const TLS_AT = { ...AT, line: 5 };

function at(endpoint: string, verifyTls: boolean): Lab {
  const plain = lab();
  const source = { at: AT, of: { endpoint: AT, verifyTls: TLS_AT } };
  return { ...plain, connection: { ...plain.connection, endpoint, verifyTls, source } };
}

function given(value: string) {
  const from = { kind: "environment", value, variable: "TF_VAR_proxmox_api_token" } as const;
  return [{ name: "proxmox_api_token", usedBy: [AT], optional: false, from }];
}

async function told(where: Lab, value: string, environment = {}): Promise<string> {
  return (await probeApi(where, given(value), environment)).map(formatProblem).join("\n");
}

it("a token that cannot be one is told without asking the host", () => {
  expect(tokenProblems(given("secret-only")).map(formatProblem).join("\n")).toMatch(
    /^inventory\S+:2:19 the API token .* USER@REALM!TOKENID=UUID; give it whole/,
  );
  expect(tokenProblems(given("terraform@pve!lab=00000000-0000-0000-0000-00000000dead"))).toEqual([]);
});

describe("the host, before anything is planned", () => {
  let host: Testbed;
  const WRONG = "terraform@pve!lab=00000000-0000-0000-0000-00000000dead";
  const url = () => `${host.url}/`;

  beforeAll(async () => {
    host = await startTestbed({ authDelayMs: 0 });
  });
  afterAll(() => host.close());

  it("is fine when it answers and takes the token", async () => {
    expect(await told(at(url(), false), host.credentials.labToken)).toBe("");
  });

  it("is told with the line of its name when it does not take the token", async () => {
    expect(await told(at(url(), false), WRONG)).toMatch(
      /^inventory\S+:2:19 .* does not accept the API token \(401\); check/,
    );
  });

  it("is not told the token over a connection that nobody vouches for", async () => {
    const before = host.requests.total;
    expect(await told(at(url(), true), host.credentials.labToken)).toMatch(
      /certificate of the Proxmox VE API at .* is not trusted: .*proxmox_validate_certs: false at inventory\S+:5:19$/,
    );
    expect(host.requests.total).toBe(before);
  });

  it("is not asked behind a proxy, or where the lab names no host", async () => {
    const nowhere = at("https://127.0.0.1:1/", false);
    expect(await told(nowhere, WRONG, { HTTPS_PROXY: "http://proxy:3128" })).toBe("");
    const unnamed = { ...nowhere, connection: { ...nowhere.connection, source: { at: AT, of: {} } } };
    expect(await told(unnamed, WRONG)).toBe("");
  });

  it("is told when nothing is there, no such name, or no HTTPS, with the way to plan without it", async () => {
    const refused = await told(at("https://127.0.0.1:1/", false), WRONG);
    expect(refused).toMatch(/:2:19 .* cannot be reached: connection refused .*proxmox_api_port.* --offline$/);
    expect(await told(at("https://pve.invalid:8006/", false), WRONG)).toMatch(
      /pve\.invalid:8006\/ cannot be reached: /,
    );
  });

  it("is told when it says something else than HTTPS, and given up when it says nothing", async () => {
    const talking = createServer((socket) => void socket.on("error", () => undefined).end("HTTP/1.1 400 Bad\r\n\r\n"));
    const silent = createServer((socket) => void socket.on("error", () => undefined));
    const ports = await Promise.all(
      [talking, silent].map(
        (server) =>
          new Promise<number>((resolve) => {
            server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
          }),
      ),
    );
    expect(await told(at(`https://127.0.0.1:${ports[0]}/`, false), WRONG)).toMatch(/does not speak HTTPS/);
    const quiet = at(`https://127.0.0.1:${ports[1]}/`, false);
    await expect(apiGet(quiet, "version", WRONG, 200)).rejects.toThrow("no answer in 0.2 s");
    talking.close();
    silent.close();
  });
});
