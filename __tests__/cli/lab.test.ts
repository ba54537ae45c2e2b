import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import pc from "picocolors";
import { label, mermaid } from "../../cli/graph";
import { unexpected } from "../../cli/guarded";
import { table, useColor } from "../../cli/output";
import { githubAnnotation } from "../../cli/problems";
import { loadLab } from "../../model";
import { pveumCommands, tokenRoles } from "../../model/credential-roles";
import { guestNeeds } from "../../model/credentials";
import { buildApp } from "../../stacks/app";
import { container, type LabFiles, load, removeLabFolders, SOUND, webOf } from "../support/lab-folder";
import { capture } from "./capture";

const project = resolve(__dirname, "../..");
const lab = (...args: string[]) => capture(args, project);

/** A folder with the sound lab, under the name `lab`, and changes to it. */
function folderWith(files: LabFiles): string {
  const cwd = mkdtempSync(join(tmpdir(), "cli-"));
  folders.push(cwd);
  for (const [file, text] of Object.entries({ ...SOUND, ...files })) {
    const path = join(cwd, "inventory/lab", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return cwd;
}
const folders: string[] = [];
afterAll(() => {
  removeLabFolders();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const BROKEN = { "host_vars/web.yml": container("vmid: 301", "memory: 8 GB", "cores: '{{ lxc_coers }}'") };

describe("validate", () => {
  it("is silent but for a line per lab when all is well", async () => {
    expect(await lab("validate", "tiers")).toMatchObject({ code: 0, out: "tiers: no problems\n", err: "" });
  });

  it("tells every problem with its place and fails", async () => {
    const { code, out } = await capture(["validate"], folderWith(BROKEN));
    expect(code).toBe(1);
    expect(out).toMatch(/^inventory\/lab\/host_vars\/web.yml:\d+:\d+ error .*8 GB/m);
    expect(out).toMatch(/^inventory\/lab\/host_vars\/web.yml:\d+:\d+ error .*lxc_coers/m);
    expect(out).toMatch(/^lab: 2 errors$/m);
  });

  it("writes JSON that says the same", async () => {
    const { code, out } = await capture(["validate", "lab", "--format", "json"], folderWith(BROKEN));
    const { labs } = JSON.parse(out) as {
      labs: { name: string; problems: { severity: string; at: { line: number } }[] }[];
    };
    expect(code).toBe(1);
    expect(labs.map(({ name, problems }) => [name, problems.length])).toEqual([["lab", 2]]);
    expect(labs[0]!.problems.every(({ at, severity }) => at.line > 0 && severity === "error")).toBe(true);
  });

  it("writes annotations that nothing in a message can break out of", async () => {
    const { out } = await capture(["validate", "lab", "--format", "github"], folderWith(BROKEN));
    expect(
      out
        .trim()
        .split("\n")
        .every((line) => /^::error file=inventory\/lab\/[\w./]+,line=\d+,col=\d+,title=[\w-]+::./.test(line)),
    ).toBe(true);
    const at = { file: "a,b:c%.yml", line: 1, column: 2 };
    expect(githubAnnotation({ rule: "r", severity: "warning", at, message: "x\n::error::y\r100%" })).toBe(
      "::warning file=a%2Cb%3Ac%25.yml,line=1,col=2,title=r::a,b:c%25.yml:1:2 x%0A::error::y%0D100%25",
    );
  });

  it("takes the path of a folder or a hosts file", async () => {
    expect((await lab("validate", "inventory/tiers")).code).toBe(0);
    expect((await lab("validate", "inventory/tiers/hosts.yml")).code).toBe(0);
  });
});

describe("explain", () => {
  it("names the host's file and that of the tier it departs from", async () => {
    const { out, code } = await lab("explain", "tiers/jellyfin", "proxmox_lxc.memory");
    expect(code).toBe(0);
    expect(out).toMatch(/^proxmox_lxc.memory = 32768$/m);
    expect(out).toMatch(/host_vars\/jellyfin.yml:6:11 {2}32768 .*wins/);
    expect(out).toMatch(/group_vars\/large_servers.yml:3:13 {2}16384/);
  });

  it("follows a reference to the file that has the value", async () => {
    const { out } = await lab("explain", "tiers/media", "proxmox_lxc.memory");
    expect(out).toMatch(
      /host_vars\/media.yml:6:15 {2}\{\{ lxc_memory \}\} → inventory\/tiers\/group_vars\/medium_servers.yml:3:13/,
    );
    expect(out).toContain("VM.Config.Memory on /vms/303");
  });

  it("tells what was overridden, and why", async () => {
    const cwd = folderWith({
      "group_vars/guests.yml": "color: red\n",
      "host_vars/web.yml": `${SOUND["host_vars/web.yml"]}color: blue\n`,
    });
    const { out } = await capture(["explain", "lab/web", "color"], cwd);
    expect(out).toMatch(/"blue" {2}\(host web\) wins: a host is stronger than its groups/);
    expect(out).toMatch(/group_vars\/guests.yml:1:8 {2}"red" {2}\(group guests\) overridden/);
  });

  const AMONG_EQUALS =
    "z_flat comes after a_deep in the alphabet, and they are equal in depth and ansible_group_priority";
  const HIGHER = "its ansible_group_priority is 5, that of z_flat 1: the higher one wins";
  const DEEPER = "it is 2 groups below all, z_flat only 1: the deeper group wins";
  it.each([
    ["depth", "above: { children: { a_deep: { hosts: { web: } } } }", DEEPER],
    ["priority", "a_deep: { hosts: { web: }, vars: { ansible_group_priority: 5 } }", HIGHER],
    ["name", "a_deep: { hosts: { web: } }", AMONG_EQUALS],
  ])("names the rule that decided between two groups: %s", async (_, group, rule) => {
    const cwd = folderWith({
      "hosts.yml": `${SOUND["hosts.yml"]!.trimEnd()}\n    z_flat: { hosts: { web: } }\n    ${group}\n`,
      "group_vars/z_flat.yml": "color: red\n",
      "group_vars/a_deep.yml": "color: blue\n",
    });
    const { out } = await capture(["explain", "lab/web", "color"], cwd);
    expect(out).toContain(`wins: ${rule}`);
  });

  it("names root@pam for what only it may set", async () => {
    const { out } = await lab("explain", "tiers/media", "proxmox_lxc.cores");
    expect(out).toContain("root@pam manages the whole guest");
  });

  it("lists all keys without one", async () => {
    const { out } = await lab("explain", "tiers/media");
    expect(out).toMatch(/^proxmox_lxc.memory +8192 +inventory\/tiers\/group_vars\/medium_servers.yml:3:13$/m);
  });

  it("fails on a value that is wrong", async () => {
    const { code, err } = await capture(["explain", "lab/web", "proxmox_lxc.memory"], folderWith(BROKEN));
    expect(code).toBe(1);
    expect(err).toContain("8 GB");
  });
});

describe("wrong usage", () => {
  it.each([
    [["validate", "tiesr"], "tiers"],
    [["explain", "tiers/jelyfin"], "jellyfin"],
    [["explain", "tiers/jellyfin", "proxmox_lxc.memry"], "proxmox_lxc.memory"],
    [["explain", "tiers/jellyfin", "proxmox_lcx"], "proxmox_lxc"],
    [["explain", "tiers"], "LAB/HOST"],
    [["validat"], "validate"],
    [["validate", "--format", "xml"], "github"],
    [["list"], "LAB"],
    [[], "validate"],
  ])("%j is answered with what is right, and exit code 2", async (args, hint) => {
    const { code, err } = await lab(...args);
    expect(code).toBe(2);
    expect(err).toContain(hint);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it("of an option is answered with those that there are", async () => {
    const options = async (...args: string[]) => (await lab(...args)).err;
    expect(await options("drift", "tiers", "--verbose")).toMatch(
      /takes --host, --role, --json, --jobs, --vault-password/,
    );
    expect(await options("drift", "tiers", "--ask-vault-pass")).toMatch(
      /the vault password: set LAB_VAULT_PASSWORD_FILE/,
    );
    expect(await options("explain", "tiers/media", "--vault-password-file=x")).toMatch(/lab explain decrypts nothing/);
    expect(await options("graph", "tiers", "--json")).toMatch(/lab graph takes no options/);
    expect(await options("keys", "sync", "tiers", "--wirte")).toMatch(
      /did you mean --write\?[\s\S]*lab keys sync takes --write/i,
    );
  });

  it("asking for help is none", async () => {
    const { code, out } = await lab("explain", "--help");
    expect(code).toBe(0);
    expect(out).toContain("npm run -s lab -- explain tiers/jellyfin proxmox_lxc.memory");
    expect(out).toContain("Exit codes");
  });
});

describe("commands that need a sound lab", () => {
  it.each([
    ["credentials", "lab"],
    ["show", "lab/web"],
    ["graph", "lab"],
  ])("%s tells the problems and fails", async (...args) => {
    const { code, err, out } = await capture(args, folderWith(BROKEN));
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("8 GB");
  });
});

describe("list", () => {
  it("renders, unless raw is asked for", async () => {
    const memory = async (...flags: string[]) =>
      (
        JSON.parse((await lab("list", "tiers", "--json", ...flags)).out) as {
          _meta: { hostvars: { media: { proxmox_lxc: { memory: unknown } } } };
        }
      )._meta.hostvars.media.proxmox_lxc.memory;
    expect(await memory()).toBe(8192);
    expect(await memory("--raw")).toBe("{{ lxc_memory }}");
  });

  it("keeps floats and big numbers", async () => {
    const cwd = folderWith({ "group_vars/guests.yml": 'f: 1.0\nbig: 123456789012345678901234567890\nr: "{{ f }}"\n' });
    const { out } = await capture(["list", "lab", "--json"], cwd);
    expect(out).toContain('"r": 1.0');
    expect(out).toContain('"big": 123456789012345678901234567890');
  });

  it("prints a tree for people", async () => {
    const { out } = await lab("list", "tiers");
    expect(out).toMatch(/^ {4}@large_servers\n {6}jellyfin\n {8}group_subsets/m);
  });
});

describe("show", () => {
  it("shows guests, nodes and other hosts", async () => {
    expect((await lab("show", "tiers/media")).out).toMatch(/^memoryMiB: 8192$/m);
    expect((await lab("show", "tiers/pve1")).out).toMatch(/^kind: node$/m);
    const cwd = folderWith({
      "hosts.yml": `${SOUND["hosts.yml"]}    routers: { hosts: { gw: { model: x1, ports: [1, 2] } } }\n`,
    });
    expect((await capture(["show", "lab/gw"], cwd)).out).toMatch(/^model: "x1"\nports:\n {2}- 1\n {2}- 2$/m);
    const json = await capture(["show", "lab/gw", "--json"], cwd);
    expect(JSON.parse(json.out)).toMatchObject({ model: "x1", ports: [1, 2] });
  });

  it("shows the same as JSON", async () => {
    const shown = async (host: string) => JSON.parse((await lab("show", `tiers/${host}`, "--json")).out) as object;
    expect(await shown("media")).toMatchObject({ kind: "container", vmid: 303, memoryMiB: 8192 });
    expect(await shown("pve1")).toMatchObject({ kind: "node", guests: expect.arrayContaining(["media"]) });
  });
});

describe("graph", () => {
  it("draws nodes, bridges, networks, guests and groups", () => {
    const result = load();
    const text = mermaid(result.lab!);
    for (const part of [
      "flowchart LR",
      '["pve1 192.168.1.10"]',
      '[["vmbr0"]]',
      '"web (CT 301)"',
      '(["lan 192.168.1.0/24"])',
    ])
      expect(text).toContain(part);
  });

  it("draws interfaces of nodes, and the way to the Internet under a node's address", () => {
    const text = mermaid(loadLab("homeserver", { cwd: project }).lab!);
    const [, eno1] = /^ +(n\d+)\[\/"eno1"\/\]$/m.exec(text) ?? [];
    const [, vmbr1] = /^ +(n\d+)\[\["vmbr1"\]\]$/m.exec(text) ?? [];
    expect(text).toContain(`  ${vmbr1} -->|"NAT"| ${eno1}`);
  });

  it("lets no name end a label or become markup", () => {
    expect(label('a"]; end <b>`x` #1')).toBe('"a#34;#93;#59; end #60;b#62;#96;x#96; #35;1"');
  });
});

describe("schema", () => {
  it("writes the files that it prints", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "cli-"));
    folders.push(cwd);
    const printed = JSON.parse((await capture(["schema"], cwd)).out) as { [file: string]: unknown };
    expect(Object.keys(printed).some((file) => existsSync(join(cwd, file)))).toBe(false);
    await capture(["schema", "--write"], cwd);
    for (const [file, schema] of Object.entries(printed))
      expect(JSON.parse(readFileSync(join(cwd, file), "utf8"))).toEqual(schema);
  });
});

describe("credentials", () => {
  const credentialOf = (...lines: string[]) => {
    const { credential, needs } = guestNeeds(webOf(lines));
    return { credential, root: needs.filter((need) => need.credential === "root").map(({ option }) => option) };
  };

  it.each([
    [["features: { nesting: true }"], []],
    [["features: { nesting: true, keyctl: true }"], ["features.keyctl"]],
    [["unprivileged: false", "features: { nesting: true }"], ["features.nesting"]],
    [["devices: [{ path: /dev/net/tun }]"], ["devices /dev/net/tun"]],
    [["mounts: [{ path: /data, source: /tank }]"], ["mounts /data"]],
    [["mounts: [{ path: /data, storage: local-lvm, size: 4 }]"], []],
    [["hook_script: local:snippets/x.sh"], ["hook_script"]],
  ])("%j needs root for %j", (lines, root) => {
    expect(credentialOf(...lines)).toEqual({ credential: root.length > 0 ? "root" : "token", root });
  });

  it("agrees with the provider that the stack gives each guest", () => {
    const files = {
      "hosts.yml": SOUND["hosts.yml"]!.replace("{ web: }", "{ web: , a: , b: , c: }"),
      "host_vars/a.yml": container("vmid: 302", "features: { keyctl: true }"),
      "host_vars/b.yml": container("vmid: 303", "mounts: [{ path: /data, source: /tank }]"),
      "host_vars/c.yml": container("vmid: 304", "unprivileged: false"),
    };
    const { lab: sound } = load(files);
    const [stack] = buildApp([{ lab: sound! }]).node.children;
    for (const guest of sound!.guests) {
      const built = stack?.node.findChild(guest.name) as unknown as { rootOnly: readonly unknown[] };
      expect([guest.name, guestNeeds(guest).credential === "root"]).toEqual([guest.name, built.rootOnly.length > 0]);
    }
  });

  it("derives the smallest roles, one a path", () => {
    const { lab: sound } = load({
      "host_vars/web.yml": container("vmid: 301", "pool: prod", "networks: [{ vlan: 30, ip: dhcp }]"),
    });
    const granted = new Map(
      tokenRoles(sound!).flatMap(({ paths, privileges }) => paths.map(({ path }) => [path, privileges] as const)),
    );
    expect([...granted.keys()].sort()).toEqual([
      "/nodes/pve1",
      "/pool/prod",
      "/sdn/zones/localnetwork/vmbr0/30",
      "/storage/local",
      "/storage/local-lvm",
      "/vms",
    ]);
    expect(granted.get("/vms")).not.toContain("VM.Migrate");
    expect(granted.get("/storage/local-lvm")).toEqual(["Datastore.AllocateSpace", "Datastore.Audit"]);
    expect(pveumCommands(sound!)).toContain("  pveum acl modify /vms $who --roles lab-vms --propagate 1");
  });

  it("asks nothing but sight of guests from the token where root manages all of them", () => {
    const { lab: sound } = load({ "host_vars/web.yml": container("vmid: 301", "features: { keyctl: true }") });
    const vms = tokenRoles(sound!).find(({ paths }) => paths.some(({ path }) => path === "/vms"));
    expect(vms?.privileges).toEqual(["VM.Audit"]);
  });
});

describe("output", () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ TERM: "dumb" }, true, false],
  ])("with %j on a terminal (%j) colours are %j", (environment, terminal, expected) => {
    expect(useColor(environment, terminal)).toBe(expected);
  });

  it("lines up columns, coloured or not", () => {
    const plain = pc.createColors(false);
    const red = pc.createColors(true).red("ab");
    expect(
      table(
        ["N", "NAME"],
        [
          ["1", "a"],
          ["10", red],
        ],
        plain,
      ),
    ).toBe(` N  NAME\n 1  a\n10  ${red}`);
  });

  it("colours problems only when asked to", async () => {
    const cwd = folderWith(BROKEN);
    expect((await capture(["validate"], cwd)).out).not.toContain("\u001b");
    expect((await capture(["validate"], cwd, true)).out).toContain("\u001b[31merror");
  });

  it("tells a mistake of the program in one line, and its trace on demand only", () => {
    const error = new Error("boom\nsecond line");
    expect(unexpected("lab", error, false)).toMatch(/^lab: .*boom.*LAB_DEBUG=1$/);
    expect(unexpected("lab", error, true)).toMatch(/^\s+at /m);
  });
});

describe("as a process", () => {
  const shell = (command: string, env: NodeJS.ProcessEnv = {}) =>
    spawnSync("sh", ["-c", command], { cwd: project, encoding: "utf8", env: { ...process.env, ...env } });

  it("runs by npm, with its exit code", () => {
    const { status, stdout } = shell("npm run -s lab -- explain tiers/jellyfin proxmox_lxc.memory");
    expect([status, stdout.split("\n")[0]]).toEqual([0, "proxmox_lxc.memory = 32768"]);
    expect(shell("npm run -s lab -- show tiers/nobody").status).toBe(2);
  }, 30_000);

  it("survives a closed pipe", () => {
    const { stderr, stdout } = shell("node --require ./scripts/typescript.cjs cli/lab.ts schema | head -n 1");
    expect([stdout, stderr.replace(/^npm warn.*\n/gm, "")]).toEqual(["{\n", ""]);
  }, 30_000);

  it("synthesizes every lab and prints a table", () => {
    const outdir = mkdtempSync(join(tmpdir(), "synth-"));
    folders.push(outdir);
    const { status, stdout } = shell("node --require ./scripts/typescript.cjs cli/synth.ts", { CDKTF_OUTDIR: outdir });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^tiers +1 +4 +16 +45056 +32 /m);
    expect(existsSync(join(outdir, "stacks/tiers/cdk.tf.json"))).toBe(true);
  }, 30_000);

  it("synthesizes nothing when anything is wrong", () => {
    const cwd = folderWith(BROKEN);
    const hook = join(project, "scripts/typescript.cjs");
    const result = spawnSync(process.execPath, ["--require", hook, join(project, "cli/synth.ts")], {
      cwd,
      encoding: "utf8",
    });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("8 GB");
    expect(result.stderr).toContain("lxc_coers");
    expect(existsSync(join(cwd, "cdktf.out"))).toBe(false);
  }, 30_000);
});
