import type { VmGuest } from "../../model/lab";
import { told } from "../support/lab-folder";
import { changed, labOf, removeFolders } from "./lab-of";

afterAll(removeFolders);

const { load, terraform } = labOf("homeserver");
const lab = load.lab!;
const vm = (name: string) => lab.guests.find((each) => each.name === name) as VmGuest;
const vms = terraform.resource.proxmox_virtual_environment_vm ?? {};
const bridges = terraform.resource.proxmox_network_linux_bridge ?? {};

describe("the lab homeserver", () => {
  it("has the guests' bridge made, and leaves the management bridge alone", () => {
    expect(Object.values(bridges)).toMatchObject([{ node_name: "pve", name: "vmbr1", address: "10.0.100.1/24" }]);
    expect(lab.nodes[0]).toMatchObject({ address: "10.0.200.1", bridges: ["vmbr0", "vmbr1"] });
    expect(lab.networks.find(({ name }) => name === "uplink")).toMatchObject({
      cidr: "192.168.1.0/24",
      gateway: "192.168.1.1",
    });
  });

  it("keeps the node in order: repositories, time, names, profile, security upgrades, logs, logins by key", () => {
    const { proxmox_apt_repository: entries, proxmox_virtual_environment_time: time } = terraform.resource;
    expect(entries).toMatchObject({ pve_enterprise: { enabled: false }, "pve_no-subscription": { enabled: true } });
    expect(time?.pve).toMatchObject({ time_zone: "Europe/Berlin" });
    expect(terraform.resource.proxmox_virtual_environment_dns?.pve).toMatchObject({ servers: ["192.168.1.1"] });
    const base = lab.nodes[0]?.steps.find(({ role }) => role === "node-base");
    expect(base?.settings).toMatchObject({ node_profile: "virtualization", node_journal_retention: "31day" });
    // Hardening and security upgrades are what the role does unless it is told otherwise.
    for (const off of ["node_ssh_hardening", "node_security_upgrades"]) expect(base?.settings[off]).toBeUndefined();
  });

  it("lets guests out by NAT under the node's address, and keeps them from management", () => {
    expect(lab.nodes[0]?.links).toContainEqual(
      expect.objectContaining({ name: "vmbr1", uplink: "eno1", isolatedFrom: ["vmbr0"] }),
    );
    expect(Object.keys(terraform.resource.null_resource ?? {})).toEqual(
      expect.arrayContaining(["pve_network-guard", "pve_node-network"]),
    );
  });

  it("drops what no rule names, on the node and in every guest", () => {
    const { resource } = terraform;
    expect(resource.proxmox_virtual_environment_cluster_firewall?.datacenter).toMatchObject({
      enabled: true,
      input_policy: "DROP",
    });
    const guests = resource.proxmox_virtual_environment_firewall_options ?? {};
    expect(Object.keys(guests).sort()).toEqual(["docker", "gaming", "haos"]);
    for (const options of Object.values(guests)) expect(options).toMatchObject({ enabled: true, input_policy: "DROP" });
  });

  it("binds the card by its PCI address, for a mapping that the VM names", () => {
    expect(terraform.resource.proxmox_hardware_mapping_pci?.gpu0).toMatchObject({
      map: [{ node: "pve", id: "10de:2484", path: "0000:01:00" }],
    });
    expect(Object.keys(terraform.resource.null_resource ?? {})).toContain("pve_gpu-passthrough");
  });

  it("backs every VM up at night", () => {
    expect(terraform.resource.proxmox_backup_job?.nightly).toMatchObject({
      schedule: "02:30",
      vmid: ["100", "101", "102"],
      prune_backups: { "keep-daily": "7" },
    });
  });

  it("refuses to write the management bridge unless told to in as many words", () => {
    const result = changed("homeserver", "host_vars/pve.yml", "vmbr0: { existing: true, ", "vmbr0: { ");
    expect(result.lab).toBeUndefined();
    expect(result.problems.some(({ severity, subject }) => severity === "error" && subject === "pve")).toBe(true);
  });

  it.each([
    ["haos", 100, "10.0.100.100"],
    ["docker", 101, "10.0.100.101"],
    ["gaming", 102, "10.0.100.102"],
  ])("has VM %s, %i, at %s on the guests' bridge", (name, vmid, address) => {
    expect(vm(name)).toMatchObject({ vmid, nics: [{ bridge: "vmbr1", address: `${address}/24` }] });
    expect(vms[name]).toMatchObject({ vm_id: vmid, node_name: "pve", network_device: [{ bridge: "vmbr1" }] });
  });

  it("starts Home Assistant OS from UEFI without Microsoft's keys, first of all, with its Zigbee stick", () => {
    expect(vms.haos).toMatchObject({
      bios: "ovmf",
      machine: "q35",
      efi_disk: { pre_enrolled_keys: false },
      agent: { enabled: true },
      on_boot: true,
      startup: { order: 1 },
      usb: [{ mapping: "zigbee" }],
    });
    expect(vms.haos?.lifecycle).toMatchObject({
      ignore_changes: expect.arrayContaining([expect.stringContaining("import_from")]),
    });
  });

  it("sets Docker up in its VM, and the monitoring on it", () => {
    const roles = [...vm("docker").steps, ...vm("docker").capabilities.flatMap(({ step }) => (step ? [step] : []))];
    expect(roles.map(({ role }) => role)).toEqual(expect.arrayContaining(["base", "docker", "compose-app"]));
    expect(Object.keys(terraform.resource.null_resource ?? {})).toContain("docker_compose-app");
  });

  it("hands the card to Windows as a whole, with TPM and Secure Boot", () => {
    expect(vms.gaming).toMatchObject({
      operating_system: { type: "win11" },
      tpm_state: { version: "v2.0" },
      efi_disk: { pre_enrolled_keys: true },
      hostpci: [{ mapping: "gpu0", pcie: true }],
    });
  });

  it("refuses a second running VM that wants the card", () => {
    const result = changed("homeserver", "host_vars/docker.yml", "  cores: 4", "  gpus: [gpu0]\n  cores: 4");
    expect(told(result, "gpu-claimed-twice")).toHaveLength(1);
  });

  it("lends the guests' addresses, those with a MAC address always the same", () => {
    const step = lab.nodes[0]?.steps.find(({ role }) => role === "dhcp");
    const lines = String(step?.settings.dhcp_config).split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "interface=vmbr1",
        "dhcp-host=bc:24:11:00:01:00,10.0.100.100,haos",
        "dhcp-host=bc:24:11:00:01:02,10.0.100.102,gaming",
        "dhcp-range=set:guests,10.0.100.200,10.0.100.250,255.255.255.0,12h",
      ]),
    );
  });

  it("warns of what whoever copies it has to replace, and of nothing else", () => {
    expect(load.problems.map(({ at, rule }) => [rule, at?.file])).toEqual([
      ["example-key", "inventory/homeserver/host_vars/docker.yml"],
      ["incomplete-mapping", "inventory/homeserver/host_vars/pve.yml"],
    ]);
  });

  it("needs no password of root", () => {
    expect(Object.keys(terraform.variable)).not.toContain("proxmox_root_password");
  });
});
