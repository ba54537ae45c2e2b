import { GpuPassthrough } from "../../constructs/gpu-passthrough";
import { HardwareMapping } from "../../constructs/hardware-mapping";
import { MetricsServer } from "../../constructs/metrics-server";
import { ProxmoxNode, type ProxmoxNodeProps } from "../../constructs/proxmox-node";
import { addresses, NODE, TestStack } from "../support/synth";

function node(props: Partial<ProxmoxNodeProps>) {
  const stack = new TestStack();
  new ProxmoxNode(stack, "node", { node: NODE, ...props });
  return stack.synth();
}

describe("ProxmoxNode", () => {
  it("touches nothing that is not said", () => {
    expect(addresses(node({})).filter((address) => /dns|hosts|time|apt|acme/.test(address))).toEqual([]);
  });

  it("switches repositories on and off by what is known of them only then, one after the other", () => {
    const { resource } = node({ repositories: { enterprise: false, noSubscription: true, ceph: "no-subscription" } });
    expect(Object.entries(resource.proxmox_apt_repository ?? {}).map(([name, { enabled }]) => [name, enabled])).toEqual(
      [
        ["pve1_ceph-squid-enterprise", false],
        ["pve1_ceph-squid-no-subscription", true],
        ["pve1_enterprise", false],
        ["pve1_no-subscription", true],
      ],
    );
    expect(resource.proxmox_apt_repository?.pve1_enterprise).toMatchObject({
      file_path: "${proxmox_apt_standard_repository.pve1_enterprise.file_path}",
      index: "${proxmox_apt_standard_repository.pve1_enterprise.index}",
    });
    expect(resource.proxmox_apt_standard_repository?.["pve1_no-subscription"]?.depends_on).toEqual([
      "proxmox_apt_repository.pve1_enterprise",
    ]);
  });

  it("never writes /etc/hosts without localhost and the node itself", () => {
    const hosts = node({
      hosts: [{ address: "10.0.0.9", names: ["nas"] }],
      dns: { domain: "lab.test", servers: ["10.0.0.1"] },
    });
    expect(hosts.resource.proxmox_virtual_environment_hosts?.pve1?.entry).toEqual([
      { address: "127.0.0.1", hostnames: ["localhost.localdomain", "localhost"] },
      { address: "::1", hostnames: ["ip6-localhost", "ip6-loopback"] },
      { address: "192.168.1.10", hostnames: ["pve1.lab.test", "pve1"] },
      { address: "10.0.0.9", hostnames: ["nas"] },
    ]);
  });

  it.each<[Partial<ProxmoxNodeProps>, RegExp]>([
    [{ dns: { domain: "x", servers: [] } }, /dns.servers: expected one to three/],
    [{ hosts: [], node: { ...NODE, address: "pve1.example" } }, /hosts: expected the node's address/],
    [{ certificate: { account: "default", domains: [], after: [] } }, /certificate.domains/],
  ])("refuses %j", (props, message) => {
    expect(() => node(props)).toThrow(message);
  });
});

it("MetricsServer gives each kind its own options, and refuses what it does not speak", () => {
  const stack = new TestStack();
  const common = { server: "10.0.0.8", port: 1 };
  new MetricsServer(stack, "a", { ...common, name: "g", type: "graphite", protocol: "tcp", path: "lab" });
  new MetricsServer(stack, "b", { ...common, name: "o", type: "opentelemetry", protocol: "http", verifyTls: false });
  expect(stack.synth().resource.proxmox_metrics_server).toMatchObject({
    g: { graphite_proto: "tcp", graphite_path: "lab", type: "graphite" },
    o: { opentelemetry_proto: "http", opentelemetry_verify_ssl: false },
  });
  expect(() => new MetricsServer(stack, "c", { ...common, name: "x", type: "graphite", protocol: "https" })).toThrow(
    /protocol: expected udp or tcp for graphite, got "https"; write one of them/,
  );
});

describe("hardware for VMs", () => {
  it("HardwareMapping: one mapping with an entry for each node", () => {
    const stack = new TestStack();
    const card = { kind: "pci", path: "0000:04:00.0", deviceId: "10de:1b38" } as const;
    new HardwareMapping(stack, "m", {
      name: "gpu0",
      devices: [
        { ...card, nodeName: "pve1", iommuGroup: 3, subsystemId: "10de:11d9" },
        { ...card, nodeName: "pve2" },
      ],
    });
    expect(stack.synth().resource.proxmox_hardware_mapping_pci?.gpu0?.map).toEqual([
      { id: "10de:1b38", node: "pve1", path: "0000:04:00.0", iommu_group: 3, subsystem_id: "10de:11d9" },
      { id: "10de:1b38", node: "pve2", path: "0000:04:00.0" },
    ]);
  });

  it("HardwareMapping refuses names and ids that Proxmox VE refuses, all at once", () => {
    const device = { kind: "usb", nodeName: "pve1", deviceId: "ea60" } as const;
    expect(() => new HardwareMapping(new TestStack(), "m", { name: "0stick", devices: [device] })).toThrow(
      /name: expected two or more letters[\s\S]*deviceId: expected vendor and device such as 10de:1b38, got "ea60"; write it/,
    );
  });

  it("GpuPassthrough refuses what is no PCI address", () => {
    const stack = new TestStack();
    const card = { name: "gpu0", vendor: "nvidia", pciAddress: "04:00", deviceId: "10de:1b38" } as const;
    expect(() => new GpuPassthrough(stack, "g", { providers: stack.providers, node: NODE, cards: [card] })).toThrow(
      /gpu0: expected a PCI address such as 0000:04:00.0, got "04:00"; write/,
    );
  });
});
