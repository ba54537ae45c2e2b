import { describeOnTestbed, LabRun, type LabText } from "./harness/lab-run";
import { grantPrinted } from "./harness/roles";

jest.setTimeout(180_000);

const node = (port: number, lines: string) => `
proxmox_node:
  address: 127.0.0.1
  ssh_port: ${port}
  cores: 256
  storages:
    local: { type: dir, content: [vztmpl, rootdir, snippets] }
    local-lvm: { type: lvmthin, content: [rootdir, images] }
${lines}`;

const VMBR1 = (address: string, more = "") =>
  `  bridges:\n    vmbr0: {}\n    vmbr1: { address: ${address}, ports: [eno2], comment: guests, nat: { uplink: vmbr0 }${more} }\n`;

describeOnTestbed("a node's network and settings", () => {
  let run: LabRun;
  const network = () => run.testbed.state.nodes.pve1?.network ?? {};
  const files = (lines: string, shared = "", bridge = "vmbr0"): LabText => ({
    guests: { web: ["vmid: 301", `networks: [{ bridge: ${bridge}, ip: 10.30.0.7/16 }]`] },
    files: {
      "host_vars/pve1.yml": node(run.shell.port, lines),
      ...(shared === "" ? {} : { "group_vars/proxmox_nodes.yml": shared }),
    },
  });
  const write = (lines: string, shared?: string, bridge?: string) => run.write(files(lines, shared, bridge));

  beforeEach(async () => {
    run = await LabRun.start({ nodes: [{ name: "pve1" }, { name: "pve2" }] });
  });
  afterEach(() => run.close());

  it("makes a bridge under the guard, before the guest; changes it; and leaves nothing to do", async () => {
    await write(VMBR1("10.30.0.1/16"), "", "vmbr1");
    await run.deploy();
    expect(network().vmbr1).toMatchObject({ cidr: "10.30.0.1/16", bridge_ports: "eno2", autostart: 1 });
    expect(run.shell.taken().filter((name) => name.includes("network"))).toEqual([
      "pve1 network-guard",
      "pve1 node-network",
      "pve1 node-network",
    ]);
    expect((await run.plan()).changes).toEqual({});

    await write(VMBR1("10.30.0.1/16", ", mtu: 1400"), "", "vmbr1");
    expect((await run.plan()).changes).toMatchObject({
      "proxmox_network_linux_bridge.pve1_vmbr1": "update",
      "null_resource.pve1_network-guard": "replace",
      "null_resource.pve1_node-network": "replace",
    });
    await run.deploy();
    expect(network().vmbr1).toMatchObject({ cidr: "10.30.0.1/16", mtu: "1400" });
    expect((await run.plan()).changes).toEqual({});
  });

  it("never touches a bridge that is there", async () => {
    const before = structuredClone(network().vmbr0);
    await write(VMBR1("10.30.0.1/16"), "", "vmbr1");
    await run.deploy();
    expect(network().vmbr0).toEqual(before);
    await run.destroy();
    expect(network().vmbr0).toEqual(before);
    expect(network().vmbr1).toBeUndefined();
  });

  it("sets what Proxmox VE's API sets, changes it, and leaves nothing to do", async () => {
    const system = (zone: string, more = "") => `
  bridges: [vmbr0, vmbr1]
  repositories: { enterprise: false, no_subscription: true, ceph: none }
  time_zone: ${zone}
  dns: { domain: lab.test, servers: [10.0.0.53] }
  hosts: { 10.0.0.9: [nas.lab.test, nas] }
  gpus:
    gpu1: { vendor: nvidia, pci_id: "04:00.0", device_id: "10de:1b38", use: vm, iommu_group: 32, subsystem_id: "10de:11d9", functions: ["04:00.1"] }
  usb:
    zigbee: { id: "10c4:ea60", path: "1-2", comment: stick }
${more}`;
    const shared = `
proxmox_metrics:
  influx: { type: influxdb, server: 10.0.0.8, port: 8089, protocol: udp }
`;
    await write(system("Europe/Berlin"), shared);
    await run.deploy();
    const node = run.testbed.state.nodes.pve1;
    expect(node).toMatchObject({ timezone: "Europe/Berlin", dns: { search: "lab.test", dns1: "10.0.0.53" } });
    expect(node?.hosts.split("\n").slice(2, 4)).toEqual(["127.0.0.1 pve1.lab.test pve1", "10.0.0.9 nas.lab.test nas"]);
    const entries = node?.repositories.flatMap(({ entries: each }) => each) ?? [];
    expect(entries.map(({ components, enabled }) => [components[0], enabled])).toEqual(
      expect.arrayContaining([
        ["pve-enterprise", false],
        ["pve-no-subscription", true],
        ["enterprise", false],
      ]),
    );
    expect((await run.plan()).changes).toEqual({});
    await write(system("UTC"), shared);
    expect((await run.plan()).changes).toEqual({ "proxmox_virtual_environment_time.pve1": "update" });
  });

  it("orders a certificate by the account of the cluster, which only root makes", async () => {
    await write(
      "  bridges: [vmbr0, vmbr1]\n  acme: { domains: [{ domain: pve.example.org, plugin: cloudflare }] }\n",
      `
proxmox_acme:
  contact: me@example.org
  terms: https://letsencrypt.org/documents/LE-SA-v1.5-February-24-2025.pdf
  plugins: { cloudflare: { api: cf, data: { CF_Token: { secret: cf_token } } } }
`,
    );
    const environment = { TF_VAR_cf_token: "canary" };
    const applied = await run.terraform(["apply", "-no-color", "-auto-approve"], environment);
    expect(applied.output).not.toContain("canary");
    expect(applied.output).toContain("proxmox_acme_account.default: Creation complete");
    expect(applied.ok).toBe(true);
    expect((await run.plan(environment)).changes).toEqual({});
  });

  it("needs no more of the token than `lab credentials` prints, and no less", async () => {
    const lines = `
  bridges: { vmbr0: {}, vmbr1: { address: 10.30.0.1/16, ports: [eno2] } }
  repositories: { no_subscription: true }
  time_zone: UTC
  dns: { domain: lab.test, servers: [10.0.0.53] }
  hosts: { 10.0.0.9: [nas] }
  gpus: { gpu1: { vendor: nvidia, pci_id: "04:00.0", device_id: "10de:1b38", use: vm } }
  usb: { zigbee: { id: "10c4:ea60" } }
`;
    const text = files(
      lines,
      "proxmox_metrics: { graphite: { type: graphite, server: 10.0.0.8, port: 2003 } }\n",
      "vmbr1",
    );
    const lab = run.lab(text);
    await run.write(lab);
    for (const without of ["Sys.Modify", undefined]) {
      const environment = { TF_VAR_proxmox_api_token: grantPrinted(run.testbed, lab, without) };
      const applied = await run.terraform(["apply", "-no-color", "-auto-approve"], environment);
      expect({ without, ok: applied.ok }).toEqual({ without, ok: without === undefined });
      if (applied.ok) expect((await run.plan(environment)).changes).toEqual({});
    }
  });
});
