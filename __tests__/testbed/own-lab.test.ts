import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseDocument, parse as parseYaml } from "yaml";
import { type LoadResult, loadLab } from "../../model";
import type { Lab } from "../../model/lab";
import { formatProblem } from "../../model/problem";
import { equipmentFor } from "../../testbed/equipment";
import { probeGuests } from "../../testbed/guests/lxc-backend";
import { pointing } from "../../testbed/pointing";
import { filesOf, type RunInfo } from "../../testbed/run-files";
import { bringUp, type Running } from "../../testbed/serve";
import { container } from "../support/lab-folder";
import { describeWithTerraform, Workspace } from "../support/terraform";

const ROOT = resolve(__dirname, "../..");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lab-own-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The lab `target` of the test's folder. */
function loaded(target: string): { result: LoadResult; lab: Lab } {
  const result = loadLab(target, { cwd: folder });
  const errors = result.problems.filter(({ severity }) => severity === "error");
  if (!result.lab || errors.length > 0) throw new Error(errors.map((each) => formatProblem(each)).join("\n"));
  return { result, lab: result.lab };
}

/** Does what the printed lines say. @returns what they export */
function follow(lines: readonly string[]): Record<string, string> {
  const text = lines.join("\n");
  const blocks = text.split(/^# (inventory\/\S+)$/m).slice(1);
  for (let index = 0; index < blocks.length; index += 2) {
    const file = join(folder, blocks[index] ?? "");
    const document = parseDocument(readFileSync(file, "utf8"));
    const values = parseYaml(blocks[index + 1]?.split("\n\n")[0] ?? "") as Record<string, unknown>;
    for (const [key, value] of Object.entries(values)) {
      const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
      if (inner.length === 0) document.setIn([key], value);
      for (const [name, each] of inner) document.setIn([key, name], each);
    }
    writeFileSync(file, document.toString({ lineWidth: 0 }));
  }
  const script = [...lines.filter((line) => line.startsWith("export ")), "env -0"].join("\n");
  const environment = execFileSync("sh", ["-c", script], { encoding: "utf8", env: { PATH: process.env.PATH } });
  const pairs = environment.split("\0").filter((line) => line.startsWith("TF_VAR_"));
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** A testbed as `status` finds it, with these nodes. */
const testbedWith = (...names: string[]): RunInfo => ({
  ...{ pid: 1, url: "https://127.0.0.1:18006", backend: "lxc", notes: [] },
  credentials: { rootUser: "root@pam", rootPassword: "it's", rootToken: "", labToken: "terraform@pve!tf=1" },
  nodes: names.map((name, index) => ({
    ...{ name, address: `127.0.0.${index + 1}`, sshPort: 2200 + index },
    ...{ privateKeyFile: join(folder, "key"), hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}` },
  })),
});

describe("a copy of a lab, written as the testbed says", () => {
  it.each(["tiers", "ai", "homeserver"])("leads to it: %s", (name) => {
    cpSync(join(ROOT, "inventory", name), join(folder, "inventory", name), { recursive: true });
    writeFileSync(join(folder, "key"), "a key\n");
    const before = loaded(name);
    const run = testbedWith(...before.lab.nodes.map((node) => node.name));
    const lines = pointing(before.result, before.lab, run);
    const given = follow(lines);
    const { connection, guests, nodes } = loaded(name).lab;
    expect(connection).toMatchObject({ endpoint: "https://127.0.0.1:18006/", verifyTls: false, sshUser: "root" });
    for (const node of nodes.filter(({ active }) => active)) {
      const { address, hostKey, sshPort } = run.nodes.find((each) => each.name === node.name) ?? {};
      expect(node).toMatchObject({ address, sshPort, sshHostKey: hostKey });
      expect(JSON.stringify(node.steps)).not.toContain("virtualization");
    }
    const identities = (each: Lab["guests"]) => each.map(({ name, nics, vmid }) => ({ name, nics, vmid }));
    expect(identities(guests)).toEqual(identities(before.lab.guests));
    expect(given).toMatchObject({
      TF_VAR_proxmox_api_token: "terraform@pve!tf=1",
      TF_VAR_proxmox_ssh_private_key: "a key",
    });
    expect(given.TF_VAR_proxmox_root_password).toBe(name === "homeserver" ? undefined : "it's");
  });

  it("is refused a testbed that lacks its node, and told how to bring one up", () => {
    cpSync(join(ROOT, "inventory/ai"), join(folder, "inventory/ai"), { recursive: true });
    const { lab, result } = loaded("ai");
    expect(() => pointing(result, lab, testbedWith("pve1"))).toThrow(/no node socrates, rawls; .*up --for ai/);
  });

  it("is told which steps cannot run there", () => {
    cpSync(join(ROOT, "inventory/homeserver"), join(folder, "inventory/homeserver"), { recursive: true });
    const { lab, result } = loaded("homeserver");
    const text = pointing(result, lab, testbedWith("pve")).join("\n");
    for (const what of ["the image of haos", "gpu-passthrough of pve", "steps of docker"]) {
      expect(text).toContain(`# Will fail: ${what}: `);
    }
  });
});

describe("what a testbed has for a lab", () => {
  it("are its nodes, bridges, storages and cards, but for what the lab makes itself", () => {
    const lab = (name: string) => loadLab(name, { cwd: ROOT }).lab as Lab;
    const { nodes, storages } = equipmentFor(lab("homeserver"));
    const described = lab("homeserver").nodes[0];
    const made = described?.links.filter(({ write }) => write === "create").map((link) => link.name) ?? [];
    expect(made.length).toBeGreaterThan(0);
    expect(nodes).toMatchObject([{ name: "pve" }]);
    for (const bridge of described?.bridges ?? [])
      expect(nodes[0]?.bridges?.includes(bridge)).toBe(!made.includes(bridge));
    for (const { name } of lab("homeserver").storages ?? []) expect(storages).not.toHaveProperty(name);
    expect(equipmentFor(lab("ai")).nodes.map(({ name }) => name)).toEqual(["socrates", "rawls"]);
  });
});

describe("the documentation", () => {
  it("names commands that there are", () => {
    const text = readFileSync(join(ROOT, "docs/testbed.md"), "utf8");
    const section = /^## A lab of your own$(.*?)^## /ms.exec(text)?.[1] ?? "";
    const words = [...section.matchAll(/^npm run testbed -- (\w+) ?([^#\n]*)/gm)];
    expect(words.map(([, command]) => command)).toEqual(["up", "status", "down"]);
    const program = ["--require", join(ROOT, "scripts/typescript.cjs"), join(ROOT, "testbed/cli.ts")];
    for (const [, command = "", options = ""] of words) {
      const help = execFileSync(process.execPath, [...program, command, "--help"], { encoding: "utf8" });
      for (const [option] of options.matchAll(/--\w+/g)) expect(help).toContain(`${option} <`);
    }
  });
});

const ID = `own-${process.pid}`;

describeWithTerraform("a lab of one's own", () => {
  let running: Running | undefined;
  let workspace: Workspace | undefined;

  afterAll(async () => {
    workspace?.remove();
    await running?.testbed.close();
    rmSync(filesOf(ID).folder, { recursive: true, force: true });
  });

  it("is deployed, with its steps where guests are real", async () => {
    const inert = !(await probeGuests()).ok;
    if (inert) process.stderr.write('"is deployed": without steps, for guests are inert here\n');
    const files = {
      "hosts.yml": "all: { children: { proxmox_nodes: { hosts: { kant: } }, guests: { hosts: { web: } } } }\n",
      "group_vars/all.yml": [
        "proxmox_api_host: kant.example.internal",
        "proxmox_default_node: kant",
        "proxmox_default_storage: tank",
        "proxmox_default_network: lan",
        "proxmox_default_template: debian",
        'proxmox_templates: { debian: { volume: "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst", os_type: debian } }',
        "proxmox_networks: { lan: { bridge: vmbr5, cidr: 192.168.5.0/24, gateway: 192.168.5.1 } }",
        "script_snippets: [{ name: mine, unless: test -e /mine, apply: echo yes >/mine }]",
        "",
      ].join("\n"),
      "host_vars/kant.yml": [
        "proxmox_node:",
        "  address: 192.168.5.2",
        "  bridges: [vmbr5]",
        "  storages:",
        "    local: { type: dir, content: [vztmpl] }",
        "    tank: { type: zfspool, content: [rootdir, images], size: 100 }",
        "",
      ].join("\n"),
      "host_vars/web.yml": container("vmid: 301", "networks: [{ ip: 192.168.5.9 }]"),
    };
    for (const [file, text] of Object.entries(files)) {
      const path = join(folder, "inventory/mine", file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    const before = loaded("mine");
    const log = (): void => undefined;
    running = await bringUp({ id: ID, port: 0, nodes: [], equipment: equipmentFor(before.lab), inert, log });
    const given = follow(pointing(before.result, before.lab, running.info));
    const { lab } = loaded("mine");
    const guests = inert ? lab.guests.map((guest) => ({ ...guest, steps: [] })) : lab.guests;
    const nodes = lab.nodes.map((node) => ({ ...node, steps: [] }));
    workspace = await new Workspace({ lab: { ...lab, guests, nodes } }).init();
    const { ok, output } = await workspace.run(["apply", "-auto-approve", "-no-color"], given);
    expect(ok ? "" : output).toBe("");
    expect(running.testbed.state.guests[301]).toMatchObject({ node: "kant", running: true });
    expect(inert || output.includes("web script")).toBe(true);
  }, 300_000);
});
