import { Testing } from "cdktf";
import { LabStack } from "../../stacks/lab-stack";
import { load, removeLabFolders, SOUND } from "../support/lab-folder";
import { addresses, container, type Terraform } from "../support/synth";

afterAll(removeLabFolders);

const NODE = (lines = "") => `
proxmox_node:
  address: 192.168.1.10
  interfaces: { eno1: { address: 172.16.0.10/24 } }
  bridges:
    vmbr0: {}
    vmbr1: { address: 10.0.100.1/24, comment: "guests of ${"${"}x}", nat: { uplink: eno1 }, isolated_from: [vmbr0, eno1] }
  storages:
    local: { type: dir, content: [vztmpl, iso] }
    local-lvm: { type: lvmthin, content: [rootdir, images], size: 500 }
  gpus:
    gaming: { vendor: nvidia, use: vm, pci_id: "01:00.0", device_id: "10de:2484", functions: ["01:00.1"] }
  usb: { zigbee: { id: "10c4:ea60" } }
  repositories: { no_subscription: true }
  time_zone: Europe/Berlin
  dns: { domain: lab.test, servers: [192.168.1.1] }
  hosts: { 192.168.1.9: [nas] }
  acme: { domains: [{ domain: pve.example.org }] }
${lines}`;
const SHARED = `
proxmox_acme: { contact: me@example.org, terms: "https://ca.example/terms", plugins: { dns: { api: cf, data: { CF_Token: { secret: cf } } } } }
proxmox_metrics: { influx: { type: influxdb, server: 10.0.0.8, port: 8086, protocol: http, token: { secret: influx } } }
`;

function synth(host: string): Terraform {
  const { lab, problems } = load({
    "host_vars/pve1.yml": host,
    "group_vars/all.yml": SOUND["group_vars/all.yml"]! + SHARED,
    "hosts.yml": SOUND["hosts.yml"]!.replace("pve1: }", "pve1: , pve2: }"),
    "host_vars/pve2.yml": NODE("  active: false\n")
      .replace("192.168.1.10", "192.168.1.11")
      .replace("172.16.0.10", "172.16.0.11")
      .replace("10.0.100.1/", "10.0.100.2/"),
  });
  if (!lab) throw new Error(JSON.stringify(problems, undefined, 1));
  return JSON.parse(Testing.synth(new LabStack(Testing.app(), lab), true));
}

describe("a lab's nodes", () => {
  const terraform = synth(NODE());

  it("have these addresses, and inactive ones have none", () => {
    const own = addresses(terraform).filter(
      (address) => !/guard$|vmids|rebuilds|data\.|container|web_|download|hardware$/.test(address),
    );
    expect(own).toEqual([
      "null_resource.pve1_gpu-passthrough",
      "null_resource.pve1_node-network",
      "proxmox_acme_account.default",
      "proxmox_acme_certificate.pve1",
      "proxmox_acme_dns_plugin.dns",
      "proxmox_apt_repository.pve1_no-subscription",
      "proxmox_apt_standard_repository.pve1_no-subscription",
      "proxmox_hardware_mapping_pci.gaming",
      "proxmox_hardware_mapping_usb.zigbee",
      "proxmox_metrics_server.influx",
      "proxmox_network_linux_bridge.pve1_vmbr1",
      "proxmox_virtual_environment_dns.pve1",
      "proxmox_virtual_environment_hosts.pve1",
      "proxmox_virtual_environment_time.pve1",
    ]);
    expect(addresses(terraform)).toContain("null_resource.pve1_network-guard");
    expect(JSON.stringify(terraform)).not.toContain("192.168.1.11");
  });

  it("are ready before their guests: network, then cards, then mappings", () => {
    expect(container(terraform).depends_on).toContain("proxmox_hardware_mapping_usb.zigbee");
    const waitsFor = (type: string, name: string) => terraform.resource[type]?.[name]?.depends_on;
    expect(waitsFor("proxmox_hardware_mapping_usb", "zigbee")).toEqual(["proxmox_hardware_mapping_pci.gaming"]);
    expect(waitsFor("proxmox_hardware_mapping_pci", "gaming")).toEqual(["null_resource.pve1_gpu-passthrough"]);
    expect(waitsFor("null_resource", "pve1_gpu-passthrough")).toEqual(["null_resource.pve1_node-network"]);
  });

  it("keep text and secrets as they were written", () => {
    expect(terraform.resource.proxmox_network_linux_bridge?.pve1_vmbr1).toMatchObject({ comment: "guests of $${x}" });
    expect(terraform.resource.proxmox_metrics_server?.influx).toMatchObject({ influx_token: "${var.influx}" });
    expect(terraform.resource.proxmox_acme_dns_plugin?.dns).toMatchObject({ data: { CF_Token: "${var.cf}" } });
    expect(terraform.resource.proxmox_acme_account?.default?.provider).toBe("proxmox.root");
  });

  it("with a whole card are mapped as a device, without its function", () => {
    expect(terraform.resource.proxmox_hardware_mapping_pci?.gaming?.map).toEqual([
      { id: "10de:2484", node: "pve1", path: "0000:01:00" },
    ]);
  });

  it("without any of it are left alone", () => {
    const bare = synth(SOUND["host_vars/pve1.yml"]!);
    expect(addresses(bare).filter((address) => /pve1_(node|network|gpu)|mapping|acme|apt/.test(address))).toEqual([]);
  });
});
