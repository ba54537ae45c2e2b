import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { container, type LabFiles, SOUND } from "../support/lab-folder";
import { capture } from "./capture";

const project = resolve(__dirname, "../..");
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

async function explain(host: string, key: string, files?: LabFiles) {
  if (!files) return capture(["explain", `tiers/${host}`, key], project);
  const cwd = mkdtempSync(join(tmpdir(), "explain-"));
  folders.push(cwd);
  for (const [file, text] of Object.entries({ ...SOUND, ...files })) {
    const path = join(cwd, "inventory/lab", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return capture(["explain", `lab/${host}`, key], cwd);
}

describe("explain of a key that is not set", () => {
  it("promises no API token for a key that only root may set", async () => {
    const { out } = await capture(["explain", "homeserver/gaming", "proxmox_vm.cpu.affinity"], project);
    expect(out).toContain("Needs root@pam's password.");
    expect(out).not.toContain("API token");
    expect((await capture(["explain", "homeserver/gaming", "proxmox_vm.cpu"], project)).out).toContain("API token");
  });

  it("says that a card is filtered because its guest has a firewall", async () => {
    const web = container("vmid: 301", "networks: [{ ip: 192.168.1.51 }]");
    const files = { "host_vars/web.yml": `${web}proxmox_guest_firewall: { rules: [] }\n` };
    const { out } = await explain("web", "proxmox_lxc.networks.0.firewall", files);
    expect(out).toContain("proxmox_lxc.networks.0.firewall = true\n");
    expect(out).toContain("from proxmox_guest_firewall at inventory/lab/host_vars/web.yml:");
  });

  it.each([
    ["storage", '"local-lvm"', "from proxmox_default_storage at inventory/tiers/group_vars/all/proxmox.yml:4:26"],
    ["template", '"debian-13"', "from proxmox_default_template at inventory/tiers/group_vars/all/proxmox.yml:5:27"],
    ["swap", "512", "nothing sets it; default: 512, as in the web interface"],
    ["unprivileged", "true", "nothing sets it; default: true"],
    ["features.nesting", "true", "from lxc_features.nesting at inventory/tiers/group_vars/docker_hosts.yml:5:12"],
    ["features.fuse", "false", "nothing sets it; default: false"],
    ["networks.0.network", '"lan"', "from proxmox_default_network at inventory/tiers/group_vars/all/proxmox.yml:6:26"],
    ["networks.0.gateway", '"192.168.1.1"', "from proxmox_networks.lan at "],
    ["networks.0.firewall", "false", "nothing sets it; default: false"],
    ["dns.servers", '["192.168.1.1"]', "from proxmox_networks.lan at "],
  ])("proxmox_lxc.%s is %s, %s", async (key, value, source) => {
    const { code, err, out } = await explain("media", `proxmox_lxc.${key}`);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`proxmox_lxc.${key} = ${value}\n`);
    expect(out).toContain(`\n  ${source}`);
  });

  it.each([
    ["media", "proxmox_lxc.pool", "nothing sets it\n  Resource pool."],
    ["media", "proxmox_api_port", "default: 8006"],
    ["media", "base_timezone", "default: as the template has it"],
  ])("%s %s is not set: %s", async (host, key, text) => {
    const { code, out } = await explain(host, key);
    expect(code).toBe(0);
    expect(out).toContain(`${key} is not set\n`);
    expect(out).toContain(text);
  });

  it("knows nodes", async () => {
    expect((await explain("pve1", "proxmox_node.ssh_port")).out).toContain("proxmox_node.ssh_port = 22\n");
    const { out } = await explain("pve1", "proxmox_node.gpus.gpu0.devices");
    expect(out).toContain("/dev/nvidiactl");
    expect(out).toContain("nothing sets it; default for NVIDIA: ");
  });

  it("finds a guest's own mount behind the lab's", async () => {
    const lines = ["vmid: 301", "mounts: [{ path: /data, storage: local-lvm, size: 4 }]"];
    const files = {
      "host_vars/web.yml": `${container(...lines)}proxmox_default_mounts: [{ path: /a, source: /b, shared: true }]\n`,
    };
    const { out } = await explain("web", "proxmox_lxc.mounts.0.backup", files);
    expect(out).toContain("proxmox_lxc.mounts.0.backup = true\n");
    expect(out).not.toContain("from proxmox_default_mounts");
  });

  it("tells the default of a lab with errors, too", async () => {
    const files = { "host_vars/web.yml": container("vmid: 301", "memory: 8 GB") };
    const { out } = await explain("web", "proxmox_lxc.swap", files);
    expect(out).toContain("default: 512");
  });
});

describe("explain of a key that cannot be set", () => {
  it.each([
    ["media", "vmid", 'did you mean "proxmox_lxc.vmid"?'],
    ["media", "memry", 'did you mean "proxmox_lxc.memory"?'],
    ["media", "proxmox_lxc.memry", 'did you mean "proxmox_lxc.memory"?'],
    ["media", "proxmox_lxc.swpa", 'did you mean "proxmox_lxc.swap"?'],
    ["media", "proxmox_lxc.networks.0.gatway", 'did you mean "proxmox_lxc.networks.0.gateway"?'],
    ["media", "proxmox_lxc.networks.7.ip", "proxmox_lxc.networks has 1 entry, 0 to 0"],
    ["media", "proxmox_lxc.networks.1", "proxmox_lxc.networks has 1 entry, 0 to 0"],
    ["media", "proxmox_lxc.memory.x", "proxmox_lxc.memory is no mapping"],
    ["media", "proxmox_apihost", 'did you mean "proxmox_api_host"?'],
    ["pve1", "proxmox_lxc.swap", 'pve1 has no variable "proxmox_lxc"'],
  ])("%s %s: %s", async (host, key, answer) => {
    const { code, err } = await explain(host, key);
    expect(code).toBe(2);
    expect(err).toContain(answer);
  });

  it("proposes nothing that is not near", async () => {
    for (const key of ["proxmox_lxc.colour", "zzzzzz"]) {
      expect((await explain("media", key)).err).not.toContain("did you mean");
    }
  });
});
