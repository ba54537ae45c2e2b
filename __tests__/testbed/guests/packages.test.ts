import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseSystem } from "../../../testbed/guests/images";
import { parseTargets, sourcesFor } from "../../../testbed/guests/mirrors";
import { PackageProxy } from "../../../testbed/guests/package-proxy";
import { testbedPaths } from "../../../testbed/guests/paths";

const targets = [
  "http://mirror.test/debian/ bookworm main Debian",
  "http://mirror.test/debian/ bookworm contrib Debian",
  "http://mirror.test/debian-security/ bookworm-security main Debian",
  "https://other.test/apt/ stable main Other",
].join("\n");
const setup = { mirrors: parseTargets(targets), settings: [] };

describe("what guests are made from", () => {
  it("is another release on the archives that the host uses for its own", () => {
    expect(sourcesFor(setup, "debian", "trixie")).toBe(
      "deb http://mirror.test/debian/ trixie main\n" +
        "deb http://mirror.test/debian/ trixie-updates main\n" +
        "deb http://mirror.test/debian-security/ trixie-security main\n",
    );
    expect(sourcesFor(setup, "ubuntu", "noble")).toBeUndefined();
  });

  it.each([
    ["local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", "12", undefined],
    ["nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst", "13", undefined],
    ["local:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz", "13", "alpine 3.22"],
    ["local:vztmpl/ubuntu-25.04-standard_25.04-1.1_amd64.tar.zst", "13", "ubuntu 25.04"],
    ["local:vztmpl/home.tar.gz", "13", "home"],
  ])("%s becomes Debian %s", (template, version, standsInFor) => {
    expect(chooseSystem(template, setup)).toEqual({
      system: { distribution: "debian", version },
      ...(standsInFor === undefined ? {} : { standsInFor }),
    });
  });

  it("lets a testbed's name say only what a path and an interface can hold", () => {
    expect(() => testbedPaths({ id: "../etc" })).toThrow(/at most 20 lower case letters/);
    const [one, two] = ["/a", "/b"].map((stateDirectory) => testbedPaths({ id: "x", stateDirectory }));
    expect(one?.cgroup).not.toBe(two?.cgroup);
  });
});

describe("the package proxy", () => {
  const folder = mkdtempSync(join(tmpdir(), "packages-"));
  let asked: string[] = [];
  const mirror = createServer((query, answer) => {
    asked.push(query.url ?? "");
    setTimeout(() => answer.writeHead(query.url?.includes("missing") ? 404 : 200).end(`content of ${query.url}`), 20);
  });
  const proxy = new PackageProxy({ hosts: new Set(["127.0.0.1"]), folder });
  const front = createSocketServer({ pauseOnConnect: true }, (socket) => proxy.accept(socket));

  beforeAll(async () => {
    for (const server of [mirror, front]) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(() => {
    proxy.close();
    for (const server of [mirror, front]) server.close();
    rmSync(folder, { recursive: true });
  });

  const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

  function get(path: string, host = "127.0.0.1"): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const url = `http://${host}:${portOf(mirror)}${path}`;
      const query = request({ host: "127.0.0.1", port: portOf(front), path: url, agent: false }, (answer) => {
        let text = "";
        answer.on("data", (block) => (text += block));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      query.on("error", reject).end();
    });
  }

  it("fetches a package once, however many guests ask for it", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => get("/pool/a/b_1_amd64.deb")));
    expect(answers).toEqual(Array(3).fill({ status: 200, text: "content of /pool/a/b_1_amd64.deb" }));
    expect(await get("/pool/a/b_1_amd64.deb")).toMatchObject({ status: 200 });
    expect(asked).toEqual(["/pool/a/b_1_amd64.deb"]);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("asks anew for what may change, and keeps nothing that failed", async () => {
    await get("/dists/x/InRelease");
    await get("/dists/x/InRelease");
    expect(asked).toHaveLength(2);
    expect(await get("/pool/missing.deb")).toMatchObject({ status: 502, text: expect.stringContaining("404") });
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("reaches no host that is not a mirror", async () => {
    const { status, text } = await get("/pool/a.deb", "localhost");
    expect(status).toBe(403);
    expect(text).toContain("127.0.0.1");
    expect(asked).toEqual([]);
  });
});
