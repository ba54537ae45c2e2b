import { type LabFiles, load, removeLabFolders, SOUND, told, withNode } from "../support/lab-folder";

afterAll(removeLabFolders);

const CARD = 'vendor: nvidia, pci_id: "04:00.0", device_id: "10de:1b38"';
const WHOLE = 'iommu_group: 32, subsystem_id: "10de:11d9"';
const cards = (...lines: string[]) => withNode(`  gpus:\n${lines.map((line) => `    ${line}\n`).join("")}`);
const of = (rule: string, files: LabFiles) => told(load(files), rule);

describe("cards of a node", () => {
  it("for VMs have no device files, and take no number from those for containers", () => {
    const { lab, problems } = load(
      cards(`card: { ${CARD}, use: vm, ${WHOLE} }`, 'cart: { vendor: nvidia, pci_id: "0000:81:00.0" }'),
    );
    expect(problems).toEqual([]);
    expect(lab?.nodes[0]?.gpus).toMatchObject([
      { name: "card", use: "vm", devices: [], pciId: "0000:04:00.0", iommuGroup: 32 },
      { name: "cart", use: "container", devices: expect.arrayContaining(["/dev/nvidia0"]) },
    ]);
  });

  it("for VMs need what their mapping asks for", () => {
    const { problems } = load(cards("card: { vendor: amd, use: vm, devices: [/dev/dri/card0] }"));
    expect(problems.map(({ message }) => message)).toEqual([
      "a card for a VM needs its PCI address",
      "a card for a VM needs its vendor and device",
      "a card for a VM has no device files",
    ]);
  });

  it.each<[string, string[]]>([
    ["repeated-pci-id", [`card: { ${CARD} }`, `cart: { ${CARD} }`]],
    [
      "gpu-driver-conflict",
      [`card: { ${CARD}, use: vm, ${WHOLE} }`, 'cart: { vendor: nvidia, pci_id: "05:00.0", device_id: "10de:1b38" }'],
    ],
    ["mapping-name", [`0card: { ${CARD}, use: vm, ${WHOLE} }`]],
    ["incomplete-mapping", [`card: { ${CARD}, use: vm, iommu_group: 32 }`]],
  ])("%s", (rule, lines) => {
    expect(of(rule, cards(...lines))).toHaveLength(1);
  });

  it("gpu-for-vms: no container takes a card that is kept for VMs", () => {
    const files = {
      ...cards(`card: { ${CARD}, use: vm, ${WHOLE} }`),
      "hosts.yml": SOUND["hosts.yml"]!.replace("guests: {", "gpu_access: { hosts: { web: } }\n    guests: {"),
      "host_vars/web.yml": `${SOUND["host_vars/web.yml"]}  gpus: [card]\nnvidia_cfg: { driver: none }\n`,
    };
    expect(of("gpu-for-vms", files)).toEqual([expect.stringContaining("card of pve1 is kept for a VM (use: vm)")]);
  });
});

describe("what a node is set to", () => {
  it("acme-account, unknown-acme-plugin", () => {
    const acme = "  acme: { domains: [{ domain: pve.example.org, plugin: cloudflair }] }\n";
    expect(of("acme-account", withNode(acme))).toHaveLength(1);
    const account = `
proxmox_acme:
  contact: me@example.org
  terms: https://ca.example/terms
  plugins: { cloudflare: { api: cf, data: { CF_Token: { secret: cf_token } } } }
`;
    const result = load({ ...withNode(acme), "group_vars/all.yml": SOUND["group_vars/all.yml"]! + account });
    expect(told(result, "unknown-acme-plugin")).toEqual([expect.stringContaining('did you mean "cloudflare"?')]);
    expect(result.lab).toBeUndefined();
    const right = load({
      ...withNode(acme.replace("cloudflair", "cloudflare")),
      "group_vars/all.yml": SOUND["group_vars/all.yml"]! + account,
    });
    expect(right.lab?.secrets).toMatchObject([{ name: "cf_token", usedBy: [{ line: 13 }] }]);
  });

  it("hosts-without-address", () => {
    const files = withNode("  hosts: { 10.0.0.9: [nas] }\n");
    expect(of("hosts-without-address", files)).toEqual([]);
    const named = { "host_vars/pve1.yml": files["host_vars/pve1.yml"]!.replace("192.168.1.10", "pve1.example.org") };
    expect(of("hosts-without-address", named)).toHaveLength(1);
  });

  it("a metric server speaks what its kind speaks", () => {
    const metrics = "proxmox_metrics: { graph: { type: graphite, server: 10.0.0.8, port: 2003, protocol: https } }\n";
    const { problems } = load({ "group_vars/all.yml": SOUND["group_vars/all.yml"]! + metrics });
    expect(problems.map(({ message, fix }) => [message, fix])).toEqual([
      ["graphite does not speak https", "write udp or tcp"],
    ]);
  });
});
