import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { code, plain, table } from "../../cli/docs/markdown";
import { firewall } from "../../cli/docs/network";
import type { Firewall } from "../../model/lab";
import { lab } from "../support/lab";
import { container, hosts, type LabFiles, SOUND } from "../support/lab-folder";
import { temporaryFolder } from "../support/run-step";
import { capture } from "./capture";
import { CT, change, lxc, plan } from "./guard/plans";

/** A folder with labs, each the sound one with changes to it. */
function folderWith(labs: Readonly<Record<string, LabFiles>>): string {
  const cwd = temporaryFolder();
  for (const [lab, files] of Object.entries(labs)) write(cwd, lab, { ...SOUND, ...files });
  return cwd;
}

function write(cwd: string, lab: string, files: LabFiles): void {
  for (const [file, text] of Object.entries(files)) {
    const path = join(cwd, "inventory", lab, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

const pve = (name: string, more: string) => ({
  [`host_vars/${name}.yml`]: `proxmox_node:
  address: 192.168.1.1${name.slice(3)}
  bridges: [vmbr0]
  storages:
    local: { type: dir, content: [vztmpl] }
    ceph: { type: rbd, content: [rootdir], size: 100 }
${more}`,
});
const PAIR: LabFiles = {
  "hosts.yml": hosts({ proxmox_nodes: ["pve1", "pve2", "pve3"], guests: ["web", "old"] }),
  ...pve(
    "pve1",
    "  cores: 8\n  memory: 10000\n  gpus: { gpu0: { vendor: nvidia, model: Tesla P40, memory: 24576 } }\n",
  ),
  ...pve("pve2", "  cores: 4\n  memory: 20000\n"),
  ...pve("pve3", "  active: false\n"),
  "host_vars/web.yml": container("vmid: 301", "storage: ceph"),
  "host_vars/old.yml": container("vmid: 302", "storage: ceph", "started: false"),
};

describe("lab capacity", () => {
  it("tells what is promised and used, nodes that are not active apart, and what fits elsewhere", async () => {
    const { code: status, out } = await capture(["capacity", "lab"], folderWith({ lab: PAIR }));
    const [active, , inactive = ""] = out.split(/\n\n|Not active\n/);
    expect(status).toBe(0);
    expect(active).toMatch(/^pve1 +1 of 2 +8 +2 +4 +10000 +2048 +4096 +9000 +20 %$/m);
    expect(active).toMatch(/^pve2 +0 of 0 +4 +0 +0 +20000 +0 +0 +18000 +0 %$/m);
    expect(active).not.toContain("pve3");
    expect(out).toMatch(/^ceph +rbd, shared +pve1, pve2, pve3 +100 +8 +16 +16 %$/m);
    expect(out).toMatch(/^pve1 +gpu0 +Tesla P40 +24576 +0 +0 +nobody$/m);
    expect(out).toMatch(/Not active\nNODE[^\n]*\npve3 /);
    expect(inactive).toBeDefined();
    expect(out).toMatch(/^Without pve1: 1 of 1 running guests fit elsewhere\n {2}fits {2}web on pve2 \(2048 MiB\)$/m);
    expect(out).toMatch(/^Without pve2: no guest runs there$/m);
  });

  it("says the same as JSON", async () => {
    const { out } = await capture(["capacity", "lab", "--json"], folderWith({ lab: PAIR }));
    expect(JSON.parse(out)).toMatchObject({
      lab: "lab",
      nodes: [
        { node: "pve1", active: true, memoryMiB: { has: 10000, running: 2048, stopped: 2048, line: 9000 } },
        { node: "pve2", active: true },
        { node: "pve3", active: false },
      ],
      storages: expect.arrayContaining([
        expect.objectContaining({ storage: "ceph", shared: true, sizeGiB: { has: 100, running: 8, stopped: 8 } }),
      ]),
      withoutNode: [{ node: "pve1", moved: [{ guest: "web", to: "pve2" }], stranded: [] }, { node: "pve2" }],
    });
  });
});

describe("lab guard --plan", () => {
  const files = (text: string) => {
    const cwd = folderWith({ lab: {} });
    writeFileSync(join(cwd, "plan.json"), text);
    return cwd;
  };
  const destroys = JSON.stringify(plan(change(`${CT}.gone`, "delete", lxc({ vm_id: 9 }), null)));

  it("reads the JSON of a plan: 3 unless what goes is allowed by name", async () => {
    const cwd = files(destroys);
    const refused = await capture(["guard", "lab", "--plan", "plan.json"], cwd);
    expect(refused).toMatchObject({ code: 3, err: expect.stringMatching(/^refused: gone would be destroyed/) });
    expect(refused.out).toContain("gone is no longer in inventory/lab");
    expect((await capture(["guard", "lab", "--plan", "plan.json", "--allow", "gone"], cwd)).code).toBe(0);
    const { out } = await capture(["guard", "lab", "--plan", "plan.json", "--json"], cwd);
    expect(JSON.parse(out)).toMatchObject({ refused: ["gone"] });
  });

  it.each([
    ["a file that is not there", "none.json", /none.json: cannot be read/],
    ["a file that is no plan", "plan.json", /neither a plan file of Terraform's nor the JSON/],
  ])("takes %s for wrong use", async (_, file, message) => {
    expect(await capture(["guard", "lab", "--plan", file], files("Terraform will …"))).toMatchObject({
      code: 2,
      err: expect.stringMatching(message),
    });
  });
});

describe("lab docs", () => {
  const page = (cwd: string, lab: string) => join(cwd, "docs/labs", `${lab}.md`);

  it("is the same each time, and wherever the project lies", async () => {
    const [one, other] = [folderWith({ lab: PAIR }), folderWith({ lab: PAIR })];
    await capture(["docs", "--write"], one);
    await capture(["docs", "--write"], other);
    const text = readFileSync(page(one, "lab"), "utf8");
    expect(text).toBe(readFileSync(page(other, "lab"), "utf8"));
    expect(text).not.toContain(one);
    expect((await capture(["docs", "lab"], one)).out).toBe(text);
  });

  it("names every node, guest, address, network and storage", async () => {
    const { out } = await capture(["docs", "lab"], folderWith({ lab: PAIR }));
    expect(out).toMatch(/^\| pve3 \| `192.168.1.13` \| no: described, not built \|/m);
    expect(out).toMatch(
      /^\| 301 \| web \| CT \| pve1 \| debian \| 2 \| 2048 \| 8 on `ceph` \| runs; starts with the node \|$/m,
    );
    expect(out).toMatch(/^\| 302 \| old \| .* stopped; not started with the node \|$/m);
    expect(out).toMatch(/^\| `lan` \| `vmbr0` \| `192.168.1.0\/24` \| `192.168.1.1` \|$/m);
    expect(out).toMatch(/^\| `ceph` \| rbd \| pve1, pve2, pve3 \| yes \| 100 \| rootdir \|$/m);
    expect(out).toMatch(/^\| `TF_VAR_proxmox_api_token` \| always \|$/m);
  });

  it("calls a cloud image's guest by the image", async () => {
    const { out } = await capture(["docs", "homeserver"], join(__dirname, "../.."));
    expect(out).toMatch(/^\| 101 \| docker \| VM \| pve \| debian-13-genericcloud-amd64[\w-]* \|/m);
  });

  it("sorts addresses by number", async () => {
    const nic = (ip: string) => container(`vmid: ${ip}`, `networks: [{ ip: 192.168.1.${ip} }]`);
    const cwd = folderWith({
      lab: {
        "hosts.yml": hosts({ guests: ["a", "b"] }),
        "host_vars/a.yml": nic("200"),
        "host_vars/b.yml": nic("100"),
      },
    });
    const { out } = await capture(["docs", "lab"], cwd);
    const listed = [...out.matchAll(/^\| `(192\.168\.1\.\d+)/gm)].map(([, address]) => address);
    expect(listed.slice(-3)).toEqual(["192.168.1.10", "192.168.1.100", "192.168.1.200"]);
  });

  it("asks for root's password also where only the lab itself needs it", async () => {
    const all = `${SOUND["group_vars/all.yml"]}proxmox_acme: { contact: a@example.org, terms: "https://ca.example/terms" }\n`;
    const node = `${SOUND["host_vars/pve1.yml"]}  acme: { domains: [{ domain: pve1.example.org }] }\n`;
    const cwd = folderWith({ lab: { "group_vars/all.yml": all, "host_vars/pve1.yml": node } });
    const { err, out } = await capture(["docs", "lab"], cwd);
    expect(err).toBe("");
    expect(out).toMatch(/TF_VAR_proxmox_root_password` \| for `proxmox_acme` \|/);
    const without = await capture(["docs", "lab"], folderWith({ lab: {} }));
    expect(without.out).not.toContain("root_password");
  });

  it("lists what compose projects bring", async () => {
    const compose =
      "{ services: { app: { image: 'ghcr.io/x/app:1', ports: ['8080:80'] }, db: { image: 'postgres:17' } } }";
    const cwd = folderWith({
      lab: {
        "hosts.yml": hosts({ guests: ["web"], docker_hosts: ["web"], compose_hosts: ["web"] }),
        "group_vars/docker_hosts.yml": "install_docker: true\nlxc_features: { nesting: true }\n",
        "host_vars/web.yml": `${container("vmid: 301")}compose_apps: { shop: { compose: ${compose} } }\n`,
      },
    });
    const { err, out } = await capture(["docs", "lab"], cwd);
    expect(err).toBe("");
    expect(out).toMatch(/^\| `shop` \| `app` \| web \| `ghcr.io\/x\/app:1` \| `8080:80` \|$/m);
    expect(out).toMatch(/^\| `shop` \| `db` \| web \| `postgres:17` \|/m);
    expect(out).toMatch(/^\| web \| `base`, `docker`, `compose-app`/m);
  });

  it("checks: stale and stray pages are told and written again, a lab without a page is only mentioned", async () => {
    const cwd = folderWith({ one: {}, two: {} });
    const check = () => capture(["docs", "--check"], cwd);
    const without = "two: no page; write it with npm run -s lab -- docs two --write";
    expect(await check()).toMatchObject({ code: 0, err: "", out: expect.stringContaining(without) });
    await capture(["docs", "one", "--write"], cwd);
    expect((await check()).out).toBe(`docs/labs/one.md: up to date\n${without}\n`);
    await capture(["docs", "--write"], cwd);
    expect(await check()).toMatchObject({ code: 0, err: "" });
    write(cwd, "one", { "host_vars/web.yml": container("vmid: 399") });
    expect(await check()).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /^docs\/labs\/one.md is not what inventory\/one says; run: npm run -s lab -- docs --write/,
      ),
    });
    writeFileSync(page(cwd, "gone"), readFileSync(page(cwd, "two"), "utf8"));
    writeFileSync(page(cwd, "README"), "# Mine\n");
    expect((await check()).err).toContain("docs/labs/gone.md is about a lab that is not there");
    await capture(["docs", "--write"], cwd);
    expect([(await check()).code, existsSync(page(cwd, "gone")), existsSync(page(cwd, "README"))]).toEqual([
      0,
      false,
      true,
    ]);
  });

  it("wants a lab, or to be told that all are meant", async () => {
    expect((await capture(["docs"], folderWith({ lab: {} }))).code).toBe(2);
    expect((await capture(["docs", "--check"], folderWith({ lab: { "host_vars/web.yml": "x: [" } }))).code).toBe(1);
  });
});

describe("the firewall in lab docs", () => {
  const at = { file: "inventory/lab/hosts.yml", line: 1, column: 1 };
  const wall = (enabled: boolean): Firewall => ({
    ...{
      enabled,
      input: "DROP",
      output: "ACCEPT",
      forward: "ACCEPT",
      ebtables: true,
      adopt: false,
      source: { at, of: {} },
    },
    ...{ aliases: [], ipsets: [], nodes: [] },
    groups: [
      {
        name: "web",
        at,
        rules: [
          { kind: "packets", direction: "in", action: "ACCEPT", protocol: "tcp", port: "80,443", enabled: true, at },
        ],
      },
    ],
    rules: [{ kind: "group", group: "web", enabled: false, at }],
  });

  it("says what is let in where, and that a wall that is off has no effect", () => {
    const text = firewall(lab({ firewall: wall(true) }));
    expect(text).toContain("On. Datacenter: incoming DROP, outgoing ACCEPT, forwarded ACCEPT.");
    expect(text).toMatch(/^\| datacenter \| {2}\| as group `web` \| {2}\| off \|$/m);
    expect(text).toMatch(/^\| group `web` \| in \| ACCEPT \| `tcp 80,443` \| {2}\|$/m);
    expect(firewall(lab({ firewall: wall(false) }))).toContain("no rule below has any effect");
    expect(firewall(lab())).toBe("");
  });
});

describe("Markdown from text of the inventory", () => {
  const cells = (line: string) => line.split(/(?<!\\)\|/).length - 2;

  it("has as many cells as columns, whatever stands in them", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1 }), (rows) => {
        const text = table(["A", "B"], [["x", "y"], ...rows.map(([a, b]) => [plain(a), code(b)])]);
        expect(text.split("\n").map(cells)).toEqual(Array(rows.length + 3).fill(2));
      }),
    );
  });

  it("leaves out columns in which nobody says anything, and tables without rows", () => {
    expect(table(["A", "B"], [["", "x"]])).toBe("| B |\n| --- |\n| x |");
    expect(table(["A"], [])).toBe("");
  });
});
