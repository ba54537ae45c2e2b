import { CloudVm, type CloudVmProps } from "../../constructs/cloud-vm";
import { HaosVm } from "../../constructs/haos-vm";
import { VmImage } from "../../constructs/vm-image";
import { WindowsVm } from "../../constructs/windows-vm";
import { CLOUD, lifecycleOf, stackWith, vmOf } from "../support/vm";

describe("HaosVm, CloudVm and WindowsVm have the address of a Vm, and its hardware with their own", () => {
  it("HaosVm: the unpacked image, UEFI without keys, the agent; no waiting for addresses", () => {
    const terraform = stackWith((stack, props) => {
      const { node, providers } = props;
      const image = new VmImage(stack, "image", {
        ...{
          providers,
          node,
          storage: "local",
          fileName: "haos_ova-16.3.qcow2",
          checksum: "a".repeat(64),
          checksumAlgorithm: "sha256",
        },
        url: "https://github.com/home-assistant/operating-system/releases/download/16.3/haos_ova-16.3.qcow2.xz",
      });
      new HaosVm(stack, "web", { ...props, image, usb: [{ mapping: "zigbee" }] });
    });
    const vm = vmOf(terraform);
    expect(vm).toMatchObject({
      bios: "ovmf",
      machine: "q35",
      agent: { enabled: true, wait_for_ip: { disabled: true } },
      efi_disk: { type: "4m", pre_enrolled_keys: false, datastore_id: "local-lvm" },
      disk: [{ import_from: "local:import/haos_ova-16.3.qcow2", size: 32 }],
      usb: [{ mapping: "zigbee", usb3: false }],
      boot_order: ["scsi0"],
    });
    expect(vm.depends_on).toContain("null_resource.image");
    expect(lifecycleOf(vm).ignore_changes).toContain("disk[0].import_from");
    expect(terraform.resource).not.toHaveProperty("proxmox_download_file");
  });

  it("CloudVm: a downloaded image, cloud-init with public keys alone, a serial console", () => {
    const terraform = stackWith((stack, props) => {
      const { node, providers } = props;
      const image = new VmImage(stack, "image", {
        ...{
          providers,
          node,
          storage: "local",
          fileName: "debian.qcow2",
          checksum: "a".repeat(128),
          checksumAlgorithm: "sha512",
        },
        url: "https://cloud.example/debian.qcow2",
      });
      const nics = [{ bridge: "vmbr0", address: "192.168.1.51/24", gateway: "192.168.1.1", address6: "auto" }];
      const cloud: CloudVmProps = {
        ...props,
        image,
        nics,
        cloudInit: CLOUD,
        dnsServers: ["192.168.1.1"],
        dnsDomain: "lab.example",
      };
      new CloudVm(stack, "web", cloud);
    });
    expect(terraform.resource.proxmox_download_file?.image).toMatchObject({
      content_type: "import",
      overwrite: false,
      checksum_algorithm: "sha512",
    });
    const vm = vmOf(terraform);
    expect(vm).toMatchObject({
      disk: [{ import_from: "${proxmox_download_file.image.id}" }],
      serial_device: [{ device: "socket" }],
      initialization: {
        interface: "scsi30",
        datastore_id: "local-lvm",
        user_account: { username: "debian", keys: ["ssh-ed25519 AAAA me"] },
        ip_config: [{ ipv4: { address: "192.168.1.51/24", gateway: "192.168.1.1" }, ipv6: { address: "auto" } }],
        dns: { domain: "lab.example", servers: ["192.168.1.1"] },
      },
    });
    expect(vm.initialization).not.toHaveProperty("user_data_file_id");
    expect(lifecycleOf(vm).ignore_changes).toContain("initialization[0].user_account");
  });

  it("WindowsVm: UEFI with keys, TPM 2.0, the first disc by the provider, all of them by the node", () => {
    const terraform = stackWith(
      (stack, props) =>
        new WindowsVm(stack, "web", { ...props, iso: "local:iso/Win11.iso", virtioIso: "local:iso/virtio-win.iso" }),
    );
    const vm = vmOf(terraform);
    expect(vm).toMatchObject({
      efi_disk: { pre_enrolled_keys: true },
      tpm_state: { version: "v2.0", datastore_id: "local-lvm" },
      operating_system: { type: "win11" },
      scsi_hardware: "virtio-scsi-single",
      cdrom: { file_id: "local:iso/Win11.iso", interface: "ide2" },
      boot_order: ["scsi0", "ide2", "ide0"],
    });
    expect(lifecycleOf(vm).ignore_changes).toEqual(expect.arrayContaining(["cdrom", "machine"]));
    const sent = Buffer.from("ide0='local:iso/virtio-win.iso'\nide2='local:iso/Win11.iso'\nvmid='100'\n").toString(
      "base64",
    );
    expect(JSON.stringify(terraform.locals["step_role_vm-discs"])).toContain(sent);
  });

  it("and no image is looked for to adopt one", () => {
    const terraform = stackWith((stack, props) => new HaosVm(stack, "web", { ...props, adopt: true }));
    expect(vmOf(terraform).disk).toEqual([expect.not.objectContaining({ import_from: expect.anything() })]);
  });
});
