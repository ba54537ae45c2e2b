import { join } from "node:path";
import fc from "fast-check";
import { findLabs, loadLab } from "../../model";
import { formatProblem } from "../../model/problem";
import { container, hosts, load, removeLabFolders, SOUND } from "../support/lab-folder";

afterAll(removeLabFolders);

const PROJECT = join(__dirname, "../..");

describe("a target", () => {
  it("is a name under inventory/, or a path", () => {
    expect(findLabs(PROJECT).map(({ name }) => name)).toContain("tiers");
    for (const target of ["tiers", "inventory/tiers", "inventory/tiers/hosts.yml", join(PROJECT, "inventory/tiers")]) {
      const { name, lab } = loadLab(target, { cwd: PROJECT });
      expect([name, lab?.guests.length]).toEqual(["tiers", 4]);
    }
  });

  it("that does not exist is one problem, with the nearest name", () => {
    const { problems, lab } = loadLab("tier", { cwd: PROJECT });
    expect(lab).toBeUndefined();
    expect(problems.map(formatProblem)).toEqual([expect.stringContaining('did you mean "tiers"?')]);
  });
});

describe("problems", () => {
  it("come all at once, by file and line, and errors keep the lab back", () => {
    const { problems, lab } = load({
      "group_vars/all.yml": `${SOUND["group_vars/all.yml"]}proxmox_api_prot: 1\nlxc_memory: 8 GB\n`,
      "host_vars/web.yml": container("vmid: 7", "hostname: a_b"),
    });
    expect(lab).toBeUndefined();
    expect(problems.map(formatProblem)).toEqual([
      'inventory/lab/group_vars/all.yml:9:1 proxmox_api_prot: unknown variable "proxmox_api_prot"; did you mean "proxmox_api_port"?',
      'inventory/lab/group_vars/all.yml:10:13 lxc_memory: expected a whole number of MiB, got "8 GB"; write 8192',
      "inventory/lab/host_vars/web.yml:2:9 proxmox_lxc.vmid: expected a whole number from 100 to 999999999, got 7",
      expect.stringMatching(/web\.yml:3:13 proxmox_lxc\.hostname: expected a DNS label .*, got "a_b"; write a-b$/),
    ]);
  });

  it("of a shared variable are told once, not once per host", () => {
    const names = Array.from({ length: 20 }, (_, i) => `g${i}`);
    const { problems } = load({
      "hosts.yml": `all: { children: { proxmox_nodes: { hosts: { pve1: } }, guests: { hosts: { ${names.join(": , ")}: } } } }\n`,
      "group_vars/guests.yml": "lxc_memory: lots\n",
    });
    const told = problems.filter((problem) => problem.path === "lxc_memory");
    expect(told).toHaveLength(1);
  });

  it("of a shared template name the hosts for which it cannot be rendered", () => {
    const names = Array.from({ length: 20 }, (_, i) => `g${i}`);
    const { problems } = load({
      "hosts.yml": `all: { children: { proxmox_nodes: { hosts: { pve1: } }, guests: { hosts: { ${names.join(": , ")}: } } } }\n`,
      "group_vars/guests.yml": 'motd: "{{ nowhere }}"\n',
    });
    const told = problems.filter(({ rule }) => rule === "unknown-reference").map(({ message }) => message);
    expect(told).toEqual([expect.stringMatching(/\(for g0, g1, g2, g3 and 16 more\)$/)]);
  });

  it("name a host whose letters changed places", () => {
    const { problems } = load({
      "host_vars/web.yml": container("vmid: 301", 'memory: "{{ lxc_memroy }}"'),
      "group_vars/guests.yml": "lxc_memory: 512\n",
    });
    expect(problems.map(({ fix }) => fix)).toContain('did you mean "lxc_memory"?');
  });

  it("of a shared default are told once, not once per guest", () => {
    const all = SOUND["group_vars/all.yml"]!.replace("node: pve1", "node: pve9").replace("debian-13", "debian-99");
    const { problems } = load({
      "hosts.yml": hosts({ guests: ["web", "db"] }),
      "group_vars/all.yml": all,
      "host_vars/db.yml": container("vmid: 302"),
    });
    expect(problems.map(({ rule }) => rule)).toEqual(["unknown-node", "unknown-template"]);
  });

  it("that only follow from a reference that leads nowhere are not told", () => {
    const { problems } = load({
      "host_vars/web.yml": container("vmid: 301", 'memory: "{{ lxc_memroy }}"', 'node: "{{ nope }}"'),
    });
    expect(problems.map((problem) => problem.at?.line)).toEqual([3, 4]);
  });

  it("that only follow from a file that cannot be read are not told", () => {
    const { problems } = load({ "group_vars/all.yml": "a: [\n", "host_vars/pve1.yml": "a: [\n" });
    expect(new Set(problems.map(({ rule }) => rule)).size).toBe(1);
    expect(problems).toHaveLength(2);
  });

  it("between hosts are found although one of them has mistakes of its own", () => {
    const { problems } = load({
      "hosts.yml": hosts({ guests: ["web", "db"] }),
      "host_vars/web.yml": container("vmid: 301", "memory: 8 GB", "colour: red", "storage: nowhere"),
      "host_vars/db.yml": container("vmid: 301", "template: nope"),
    });
    const rules = problems.map(({ rule }) => rule).sort();
    expect(rules).toEqual(["duplicate-vmid", "invalid-value", "unknown-key", "unknown-storage", "unknown-template"]);
  });

  it("warnings let the lab through", () => {
    const { problems, lab } = load({ "host_vars/web.yml": `enable_gpu: true\n${container("vmid: 301")}` });
    expect(problems.map(({ severity }) => severity)).toEqual(["warning"]);
    expect(lab).toBeDefined();
  });
});

describe("whatever is written", () => {
  const files = Object.keys(SOUND);
  const junk = fc.oneof(
    fc.constantFrom(
      "{{ nope }}",
      "{{",
      "8 GB",
      "[",
      "{",
      "- a",
      ": :",
      "null",
      "yes",
      "~",
      "&a [*a]",
      "!!python/none x",
      "\t",
      "$(id)",
      "-1",
      "1e400",
    ),
    fc.string(),
    fc.json(),
  );

  it("is answered by problems, never by an exception", () => {
    const edit = fc.record({ file: fc.constantFrom(...files), line: fc.nat(20), text: junk, keep: fc.boolean() });
    fc.assert(
      fc.property(edit, ({ file, line, text, keep }) => {
        const lines = SOUND[file]!.split("\n");
        const at = line % lines.length;
        const key = /^[^:]*: ?/.exec(lines[at] ?? "")?.[0] ?? "";
        lines[at] = keep ? key + text : text;
        const { lab, problems } = load({ [file]: lines.join("\n") });
        expect(lab === undefined).toBe(problems.some(({ severity }) => severity === "error"));
        for (const problem of problems) expect(problem.message.length).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  });

  it("any value in place of a key's is answered by problems at its own file", () => {
    const keys = fc.constantFrom(
      "vmid",
      "cores",
      "networks",
      "mounts",
      "features",
      "tags",
      "startup",
      "exceptions",
      "environment",
      "gpus",
    );
    // Names that every object has without being given them.
    const odd = fc.constantFrom("__proto__", "constructor", "toString", "valueOf", "");
    const oddly = fc.dictionary(odd, fc.string());
    const values = fc.oneof(fc.jsonValue({ maxDepth: 3 }), oddly, fc.array(oddly), fc.dictionary(odd, oddly));
    fc.assert(
      fc.property(keys, values, (key, value) => {
        const { problems } = load({
          "host_vars/web.yml": `proxmox_lxc: ${JSON.stringify({ vmid: 301, cores: 1, memory: 512, disk: 8, [key]: value })}\n`,
        });
        for (const { at } of problems) expect(at?.file).toMatch(/^inventory\/lab\//);
      }),
      { numRuns: 150 },
    );
  });
});

describe("speed", () => {
  it("checks 1,000 hosts in well under a second", () => {
    const names = Array.from({ length: 1000 }, (_, i) => `g${i}`);
    const vars = (i: number) =>
      `{ proxmox_lxc: { vmid: ${1000 + i}, networks: [{ ip: 10.0.${1 + Math.floor(i / 250)}.${1 + (i % 250)} }] } }`;
    const files = {
      "hosts.yml": `all:\n  children:\n    proxmox_nodes: { hosts: { pve1: } }\n    guests:\n      hosts:\n${names.map((name, i) => `        ${name}: ${vars(i)}`).join("\n")}\n`,
      "group_vars/guests.yml": "lxc_cores: 1\nlxc_memory: 16\nlxc_disk: 1\n",
      "group_vars/all.yml": SOUND["group_vars/all.yml"]!.replace(
        /192\.168\.1\.0\/24, gateway: 192\.168\.1\.1/,
        "10.0.0.0/16, gateway: 10.0.0.1",
      ),
    };
    load(files);
    const start = process.cpuUsage();
    const { lab } = load(files);
    const { user, system } = process.cpuUsage(start);
    // Processor time, so that a busy machine does not matter; generous, since a quadratic rule takes ten times as long.
    expect((user + system) / 1000).toBeLessThan(3000);
    expect(lab?.guests).toHaveLength(1000);
  });
});
