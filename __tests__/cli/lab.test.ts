import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { label, mermaid } from "../../cli/graph";
import { loadLab } from "../../model";
import { labFolder, load, removeLabFolders, SOUND } from "../support/lab-folder";
import { temporaryFolder } from "../support/run-step";
import { BROKEN, capture, lab, PROJECT } from "./capture";

afterAll(removeLabFolders);

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
      /takes --limit, --role, --json, --jobs, --vault-password/,
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
    const { code, err, out } = await capture(args, labFolder(BROKEN));
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
    const cwd = labFolder({ "group_vars/guests.yml": 'f: 1.0\nbig: 123456789012345678901234567890\nr: "{{ f }}"\n' });
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
    const cwd = labFolder({
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
    const text = mermaid(loadLab("homeserver", { cwd: PROJECT }).lab!);
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
    const cwd = temporaryFolder();
    const printed = JSON.parse((await capture(["schema"], cwd)).out) as { [file: string]: unknown };
    expect(Object.keys(printed).some((file) => existsSync(join(cwd, file)))).toBe(false);
    await capture(["schema", "--write"], cwd);
    for (const [file, schema] of Object.entries(printed))
      expect(JSON.parse(readFileSync(join(cwd, file), "utf8"))).toEqual(schema);
  });
});
