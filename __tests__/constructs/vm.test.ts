import fc from "fast-check";
import { DockerCapability } from "../../constructs/capabilities/docker";
import { ServiceAgentsCapability } from "../../constructs/capabilities/service-agents";
import { ConstructError } from "../../constructs/construct-error";
import { Vm } from "../../constructs/vm";
import type { VmProps } from "../../constructs/vm-props";
import { addresses, decoded, NODE } from "../support/synth";
import { CLOUD, DISK, lifecycleOf, plainVm, stackWith, vmOf } from "../support/vm";

type Arguments = { readonly [argument: string]: unknown };
/** What was found, and what to do. */
const SAYS_ALL = /^[\w.[\]]+: .+, got .+; .+/;
const LOGIN = { host: "192.168.1.51", user: "debian" };

function problems(changes: Partial<VmProps>): readonly string[] {
  try {
    plainVm(changes);
    return [];
  } catch (error) {
    if (error instanceof ConstructError) return error.problems;
    throw error;
  }
}

describe("Vm", () => {
  it("network_device must carry all 11 keys in JSON", () => {
    const nics = [
      { bridge: "vmbr0" },
      { bridge: "vmbr1", vlan: 30, mac: "BC:24:11:00:00:01", mtu: 1400, firewall: true, rateLimitMBps: 5 },
    ];
    const [first, second] = vmOf(plainVm({ nics })).network_device as Arguments[];
    const keys = [
      "bridge",
      "disconnected",
      "enabled",
      "firewall",
      "mac_address",
      "model",
      "mtu",
      "queues",
      "rate_limit",
      "trunks",
      "vlan_id",
    ];
    expect(Object.keys(first ?? {}).sort()).toEqual(keys);
    expect(first).toMatchObject({ mac_address: null, vlan_id: null, model: "virtio" });
    expect(second).toMatchObject({
      mac_address: "BC:24:11:00:00:01",
      vlan_id: 30,
      mtu: 1400,
      firewall: true,
      rate_limit: 5,
    });
  });

  it("whatever cards there are, each has the same keys, and no key of another kind of guest", () => {
    const nic = fc.record(
      {
        bridge: fc.constantFrom("vmbr0", "vmbr1"),
        vlan: fc.integer({ min: 1, max: 4094 }),
        mtu: fc.integer({ min: 64, max: 65_535 }),
        mac: fc.constant("BC:24:11:00:00:01"),
        firewall: fc.boolean(),
        address: fc.constant("dhcp"),
      },
      { requiredKeys: ["bridge"] },
    );
    fc.assert(
      fc.property(fc.array(nic, { maxLength: 4 }), (nics) => {
        const made = vmOf(plainVm({ nics })).network_device as Arguments[];
        expect(made.map((each) => Object.keys(each).length)).toEqual(nics.map(() => 11));
        expect(made.map((each) => each.vlan_id)).toEqual(nics.map(({ vlan }) => vlan ?? null));
      }),
      { numRuns: 15 },
    );
  });

  it("no card is an empty list, which takes cards away; left out, they would stay", () => {
    expect(vmOf(plainVm()).network_device).toEqual([]);
  });

  it("disk shrink is refused at plan: each disk is compared with its volume", () => {
    const disks = [DISK, { ...DISK, interface: "scsi1", storage: "slow" }] as const;
    const terraform = plainVm({ disks });
    const conditions = lifecycleOf(vmOf(terraform)).postcondition.map(({ condition }) => condition);
    expect(conditions.filter((each) => each.includes("disk_volume_gib"))).toHaveLength(2);
    expect(terraform.data.proxmox_files).toMatchObject({
      "disks_pve1_local-lvm": { content_type: "images", datastore_id: "local-lvm" },
      disks_pve1_slow: { content_type: "images" },
    });
  });

  it.each<[string, Partial<VmProps>, string, RegExp]>([
    ["boot disk interface changes", {}, "disk[0].interface", /self\.disk\[0\]\.interface == "scsi0"/],
    ["bios changes", { bios: "ovmf" }, "bios", /self\.bios == "ovmf"/],
    [
      "efi keys changes",
      { bios: "ovmf", secureBoot: true },
      "efi_disk[0].pre_enrolled_keys",
      /pre_enrolled_keys, true\) == true/,
    ],
    [
      "win11 machine changes",
      { osType: "win11", machine: "q35" },
      "machine",
      /strcontains\(self\.machine, "q35"\) == true/,
    ],
  ])("%s are refused: ignored, and compared", (_, changes, ignored, condition) => {
    const { ignore_changes, postcondition } = lifecycleOf(vmOf(plainVm(changes)));
    expect(ignore_changes).toContain(ignored);
    expect(postcondition.map((each) => each.condition)).toContainEqual(expect.stringMatching(condition));
  });

  it("efi and tpm changes that replace are ignored", () => {
    const { ignore_changes } = lifecycleOf(vmOf(plainVm({ bios: "ovmf", tpm: true })));
    expect(ignore_changes).toEqual(expect.arrayContaining(["efi_disk[0].type", "tpm_state[0].version"]));
  });

  it("an error message holds no value that may be unknown or null in the plan of a new disk", () => {
    const { postcondition } = lifecycleOf(vmOf(plainVm({ bios: "ovmf" })));
    for (const { error_message } of postcondition) expect(error_message).not.toContain("path_in_datastore");
  });

  it("reboot_after_update is stated, and can be switched off", () => {
    expect(vmOf(plainVm()).reboot_after_update).toBe(true);
    expect(vmOf(plainVm({ rebootAfterUpdate: false })).reboot_after_update).toBe(false);
  });

  it("pool_id is not set: a membership joins the pool", () => {
    const terraform = plainVm({ pool: "lab" });
    expect(vmOf(terraform)).not.toHaveProperty("pool_id");
    expect(terraform.resource.proxmox_pool_membership).toMatchObject({ web: { pool_id: "lab" } });
  });

  it("carries the lab's tag, waits for the guard, is protected, adopted and rebuilt like a container", () => {
    const vm = vmOf(plainVm({ tags: ["z", "a"], protection: true }));
    expect(vm).toMatchObject({ tags: ["a", "lab-lab", "z"], protection: true });
    expect(vm.depends_on).toContain("terraform_data.vmid_guard");
    expect(lifecycleOf(vm).prevent_destroy).toBe(true);
    expect(lifecycleOf(vmOf(plainVm({ rebuild: "1" }))).replace_triggered_by).toEqual([
      'terraform_data.rebuilds.input["web"]',
    ]);
    expect(plainVm({ adopt: true }).import).toEqual([{ to: "proxmox_virtual_environment_vm.web", id: "pve1/100" }]);
    expect(decoded(plainVm().locals.guests_by_vmid)).toMatchObject({ "100": { kind: "vm" } });
  });

  it.each<[string, Partial<VmProps>]>([
    ["affinity", { cpuAffinity: "0-3" }],
    ["hugepages", { hugepages: "2", cpuNuma: true, balloonMiB: 0 }],
    ["args", { hideHypervisor: true, cpuType: "host" }],
  ])("%s is root's alone, and the root provider then manages the VM", (option, changes) => {
    const terraform = stackWith((stack, props) => {
      const vm = new Vm(stack, "web", { ...props, ...changes });
      expect(vm.rootOnly).toMatchObject([{ reason: `only root can set '${option}' config` }]);
    });
    expect(vmOf(terraform).provider).toBe("proxmox.root");
  });

  it("a primary card hides the hypervisor without root; another needs QEMU's arguments", () => {
    const card = { mapping: "gpu0", primary: true };
    const primary = plainVm({ machine: "q35", pciDevices: [card], hideHypervisor: true });
    expect(vmOf(primary)).not.toHaveProperty("kvm_arguments");
    expect(vmOf(primary).hostpci).toEqual([
      { device: "hostpci0", mapping: "gpu0", pcie: true, rombar: true, xvga: true },
    ]);
    const other = plainVm({ hideHypervisor: true, cpuType: "host", osType: "win11" });
    expect(vmOf(other).kvm_arguments).toMatch(/^-cpu host,kvm=off,hv_vendor_id=proxmox/);
  });

  it("is configured by SSH through its node, in order, with what capabilities bring but features of LXC", () => {
    const terraform = plainVm({
      login: LOGIN,
      capabilities: [new DockerCapability({ step: { role: "docker", after: ["base"] } })],
      steps: [{ role: "base", after: ["cloud-init"] }, { role: "cloud-init" }],
    });
    expect(addresses(terraform).filter((address) => address.startsWith("null_resource"))).toEqual([
      "null_resource.web_base",
      "null_resource.web_cloud-init",
      "null_resource.web_discs",
      "null_resource.web_docker",
    ]);
    expect(terraform.resource.null_resource?.web_docker).toMatchObject({
      depends_on: ["null_resource.web_base"],
      connection: { host: "192.168.1.51", user: "debian", bastion_host: NODE.address, bastion_user: "root" },
    });
    expect(terraform.resource.null_resource?.web_base).toMatchObject({ depends_on: ["null_resource.web_cloud-init"] });
    expect(vmOf(terraform).tags).toEqual(["docker", "lab-lab"]);
  });

  it("that is not started gets no steps", () => {
    const { resource } = plainVm({ started: false, login: LOGIN, steps: [{ role: "base" }] });
    expect(Object.keys(resource.null_resource ?? {})).toEqual(["web_discs"]);
  });

  it.each<[string, Partial<VmProps>, RegExp]>([
    ["a VMID", { vmid: 7 }, /vmid: expected a whole number from 100/],
    ["steps without a login", { steps: [{ role: "base" }] }, /login: expected with steps, got none/],
    [
      "a capability without what it requires",
      { login: LOGIN, capabilities: [new ServiceAgentsCapability()] },
      /service-agents requires docker/,
    ],
    ["secure boot without OVMF", { secureBoot: true }, /secureBoot: expected with OVMF alone/],
    ["huge pages without NUMA", { hugepages: "2", balloonMiB: 0 }, /cpuNuma: expected true/],
    ["huge pages with a balloon", { hugepages: "2", cpuNuma: true }, /balloonMiB: expected 0 with hugepages, got 4096/],
    ["a hidden model of QEMU's", { hideHypervisor: true }, /cpuType: expected host/],
    ["a card without PCI Express", { pciDevices: [{ mapping: "gpu0" }] }, /machine: expected q35/],
    [
      "two screens",
      {
        machine: "q35",
        pciDevices: [
          { mapping: "a", primary: true },
          { mapping: "b", primary: true },
        ],
      },
      /one primary card/,
    ],
    [
      "one card twice",
      { machine: "q35", pciDevices: [{ mapping: "a" }, { mapping: "a" }] },
      /pciDevices: expected each mapping once/,
    ],
    ["one drive twice", { disks: [DISK, DISK] }, /disks: expected each interface once, got "scsi0" twice/],
    ["a drive of another kind", { disks: [{ ...DISK, interface: "nvme0" }] }, /expected a drive such as scsi0/],
    [
      "an SSD on VirtIO",
      { disks: [{ ...DISK, interface: "virtio0", ssd: true }] },
      /ssd: expected on SCSI and SATA alone/,
    ],
    ["three CDs", { cdroms: ["a:iso/1.iso", "a:iso/2.iso", "a:iso/3.iso"] }, /cdroms: expected at most 2, got 3/],
    [
      "a gap between cards with addresses",
      { cloudInit: CLOUD, nics: [{ bridge: "a" }, { bridge: "b", address: "dhcp" }] },
      /without an address last/,
    ],
  ])("refuses %s", (_, changes, expected) => {
    const found = problems(changes);
    expect(found).toEqual([expect.stringMatching(expected)]);
    expect(found).toEqual([expect.stringMatching(SAYS_ALL)]);
  });
});
