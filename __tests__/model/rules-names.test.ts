import { formatProblem } from "../../model/problem";
import { container, hosts, load, removeLabFolders, told, withNode } from "../support/lab-folder";

afterAll(removeLabFolders);

describe("names", () => {
  const web = (...lines: string[]) => ({ "host_vars/web.yml": container("vmid: 301", ...lines) });

  it("unknown-node: proposes the nearest", () => {
    expect(told(load(web("node: pve11")), "unknown-node")).toEqual([expect.stringContaining('did you mean "pve1"?')]);
  });

  it("unknown-node: says nothing more of a node whose description is wrong", () => {
    const result = load({ "host_vars/pve1.yml": "proxmox_node: { cores: many }\n" });
    expect(told(result, "unknown-node")).toEqual([]);
  });

  it("inactive-node", () => {
    expect(told(load(withNode("  active: false\n")), "inactive-node")).toHaveLength(1);
  });

  it("unknown-bridge: proposes the nearest", () => {
    expect(told(load(web("networks: [{ bridge: vmbr1 }]")), "unknown-bridge")).toEqual([
      expect.stringMatching(
        /web\.yml:3:24 proxmox_lxc\.networks\.0\.bridge: pve1 has no bridge "vmbr1".*did you mean "vmbr0"/,
      ),
    ]);
  });

  it("unknown-storage, storage-content: of disk, mounts and template", () => {
    expect(told(load(web("storage: local-lvn")), "unknown-storage")).toEqual([
      expect.stringContaining('did you mean "local-lvm"?'),
    ]);
    expect(told(load(web("storage: local")), "storage-content")).toEqual([
      expect.stringMatching(/does not allow rootdir.*use local-lvm/),
    ]);
    expect(told(load(web("mounts: [{ path: /data, storage: local, size: 5 }]")), "storage-content")).toHaveLength(1);
    const elsewhere = { "host_vars/web.yml": `proxmox_template_storage: local-lvm\n${container("vmid: 301")}` };
    expect(told(load(elsewhere), "storage-content")).toEqual([expect.stringContaining("does not allow vztmpl")]);
  });

  it("unknown-gpu, node-without-gpu", () => {
    const groups = { "hosts.yml": hosts({ gpu_access: ["web"] }) };
    expect(told(load(groups), "node-without-gpu")).toHaveLength(1);
    const gpus = withNode("  gpus: { p40: { vendor: nvidia } }\n");
    expect(told(load({ ...groups, ...gpus, ...web("gpus: [p41]") }), "unknown-gpu")).toEqual([
      expect.stringContaining('did you mean "p40"?'),
    ]);
  });

  it("unknown-template: shows the entry to write", () => {
    const [line] = told(load(web("template: debian-99")), "unknown-template");
    expect(line).toMatch(/no template is called "debian-99"/);
    expect(line).toMatch(/proxmox_templates:\n\s+debian-99:\n\s+url: .*\n\s+checksum: .*\n\s+os_type: debian/);
    expect(line).toMatch(/pveam available/);
  });

  it("unknown-variable: errors for our prefixes, warns of near misses, leaves others alone", () => {
    const result = load({
      "host_vars/web.yml": `${container("vmid: 301")}lxc_memori: 5\nenable_gpus: true\nmy_colour: red\n`,
    });
    expect(result.problems.map((p) => [p.severity, p.path, p.fix])).toEqual([
      ["error", "lxc_memori", 'did you mean "lxc_memory"?'],
      ["warning", "enable_gpus", 'did you mean "enable_gpu"?'],
    ]);
  });

  it("flat-host-vars: shows the nested form with the values", () => {
    const result = load({
      "host_vars/web.yml": 'vmid: 301\nhostname: web\ncores: 2\nmemory: "{{ lxc_memory }}"\nlxc_memory: 512\n',
    });
    const [line] = told(result, "flat-host-vars");
    expect(line).toMatch(/^inventory\/lab\/host_vars\/web\.yml:1:1 /);
    expect(line).toMatch(/proxmox_lxc:\n +vmid: 301\n +hostname: web\n +cores: 2\n +memory: "\{\{ lxc_memory \}\}"$/);
  });

  it("lab-wide-variable: is one for all hosts", () => {
    const result = load({ "host_vars/web.yml": `proxmox_api_host: other\n${container("vmid: 301")}` });
    expect(told(result, "lab-wide-variable")).toEqual([
      expect.stringMatching(/^inventory\/lab\/(host_vars\/web|group_vars\/all)\.yml/),
    ]);
  });

  it("two-kinds-of-guest", () => {
    expect(
      told(load({ "host_vars/web.yml": `${container("vmid: 301")}proxmox_vm: { vmid: 301 }\n` }), "two-kinds-of-guest"),
    ).toHaveLength(1);
  });

  it("node-and-guest: a node is no guest, whatever a group gives it", () => {
    const result = load({ "group_vars/proxmox_nodes.yml": container("vmid: 500") });
    expect(result.problems.map(formatProblem)).toEqual([
      expect.stringMatching(
        /proxmox_nodes\.yml:2:3 proxmox_lxc: pve1 has both proxmox_node and proxmox_lxc: .*pve1\.yml:3:3/s,
      ),
    ]);
  });

  it("invalid-value: of a template names the host, and the line where the value was written", () => {
    const result = load({
      "hosts.yml": hosts({ guests: ["web", "db"] }),
      "group_vars/guests.yml": 'base_timezone: "{{ zone }}"\nbase_packages: ["x {{ 1 + 1 }}"]\n',
      "host_vars/web.yml": `zone: 5\n${container("vmid: 301")}`,
      "host_vars/db.yml": `zone: Etc/UTC\n${container("vmid: 302")}`,
    });
    expect(told(result, "invalid-value")).toEqual([
      expect.stringMatching(/guests\.yml:2:17 base_packages\.0: .*\(for web, db\)/),
      expect.stringMatching(/host_vars\/web\.yml:1:7 base_timezone: .* got 5 \(for web\).*guests\.yml:1:16 takes it/s),
    ]);
  });

  it("invalid-value, unknown-key, missing-key: below a template name the host, and the line that takes it", () => {
    const result = load({
      ...withNode('  hosts: "{{ names }}"\n  interfaces: "{{ nics }}"\n  usb: "{{ sticks }}"\n'),
      "group_vars/proxmox_nodes.yml":
        "names:\n  192.168.1.9: [ok, -a-]\nnics:\n  eno1: { addres: 10.0.0.1/24 }\nsticks:\n  key: {}\n",
    });
    const places = result.problems.map(formatProblem);
    expect(places).toEqual([
      expect.stringMatching(/nodes\.yml:2:21 \S+hosts\.192\.168\.1\.9\.1: .* \(for pve1\).*pve1\.yml:10:10 takes it$/s),
      expect.stringMatching(/nodes\.yml:4:11 .* unknown key "addres" \(for pve1\).*pve1\.yml:11:15 takes it$/s),
      expect.stringMatching(/nodes\.yml:6:3 .* \(for pve1\).*pve1\.yml:12:8 takes it$/s),
    ]);
  });

  it("missing-value, missing-variable: say what to set", () => {
    const bare = load({ "host_vars/web.yml": "proxmox_lxc: { vmid: 301 }\n" });
    expect(told(bare, "missing-value")).toHaveLength(3);
    expect(told(bare, "missing-value")[0]).toContain("neither proxmox_lxc.cores nor lxc_cores is set");
    expect(told(load({ "group_vars/all.yml": "{}\n" }), "missing-variable")).toHaveLength(1);
  });

  it("repeated-path: of mounts and devices", () => {
    const mounts = "mounts: [{ path: /d, source: /a }, { path: /d/, source: /b }]";
    expect(told(load(web(mounts)), "repeated-path")).toHaveLength(1);
    expect(told(load(web("devices: [{ path: /dev/a }, { path: /dev/a }]")), "repeated-path")).toHaveLength(1);
  });
});
