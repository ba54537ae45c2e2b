import { formatProblem } from "../../model/problem";
import { hosts, type LabFiles, removeLabFolders } from "../support/lab-folder";
import { CLOUD, HAOS, KEY, loaded, NODE, WINDOWS } from "../support/vm-lab";

afterEach(removeLabFolders);

const errors = (lines: readonly string[], files: LabFiles = {}) =>
  loaded(lines, files)
    .problems.filter(({ severity }) => severity === "error")
    .map(formatProblem);

describe("what a VM cannot be", () => {
  const sum = "a".repeat(64);
  it.each<[string, readonly string[], RegExp]>([
    ["two systems", [HAOS, CLOUD], /cloud_init: expected one system, got haos and cloud_init; delete one/],
    ["an unknown kind of key", ["hoas: {}"], /unknown key "hoas".*did you mean "haos"/],
    ["a number for a release", ["haos: { version: 16.3 }"], /write "16.3" in quotes/],
    [
      "a release without a known checksum",
      ['haos: { version: "17.9" }'],
      /checksum.*17\.9 is not known.*api\.github\.com.*"digest"/,
    ],
    ["Home Assistant OS without UEFI", [HAOS, "bios: seabios"], /Home Assistant OS starts from UEFI alone/],
    ["Home Assistant OS with Secure Boot", [HAOS, "secure_boot: true"], /not signed for Secure Boot/],
    ["Home Assistant OS on a small disk", [HAOS, "disk: 16"], /the image's disk has 32 GiB.*write 32/],
    ["Windows without a disc", ["windows: {}"], /installed from Microsoft's disc, got none/],
    ["Windows 11 without a TPM", [WINDOWS, "tpm: false"], /Windows 11 asks for a TPM 2.0/],
    ["Secure Boot without UEFI", ["secure_boot: true", "bios: seabios"], /only OVMF knows Secure Boot/],
    ["a balloon above the memory", ["balloon: 8192"], /expected at most the memory, 4096 MiB, got 8192; write 4096/],
    ["a balloon with huge pages", ["hugepages: 2", "balloon: 1024"], /huge pages cannot shrink/],
    ["huge pages without NUMA", ["hugepages: 2", "cpu: { numa: false }"], /huge pages need NUMA/],
    [
      "memory that is no whole huge page",
      ["hugepages: 1024", "memory: 4097"],
      /multiple of the page of 1024 MiB.*write 5120/,
    ],
    ["a cloud image without a key", ["cloud_init: { image: debian-13, ssh_keys: [] }"], /ssh_keys/],
    ["a private key", ['cloud_init: { image: debian-13, ssh_keys: ["-----BEGIN"] }'], /expected a public SSH key/],
    [
      "an unknown cloud image",
      [`cloud_init: { image: debian-31, ssh_keys: ["${KEY}"] }`],
      /no cloud image is called "debian-31".*did you mean "debian-13"/,
    ],
    ["an image without a checksum", ["image: { url: https://x.example/a.qcow2 }"], /needs its checksum/],
    [
      "an image of no known kind",
      [`image: { url: https://x.example/a.img, checksum: ${sum} }`],
      /by the end of their name.*add file_name: a\.qcow2/,
    ],
    [
      "several disks without drives",
      ["disks: [{ size: 1 }, { size: 2, interface: scsi2 }]"],
      /each must say where it is attached; add interface: scsi1/,
    ],
    ["two disks at one drive", ["disks: [{ size: 1, interface: scsi0 }]"], /two disks of web are attached at scsi0/],
    ["a drive that there is not", ["disk_interface: nvme0"], /expected a drive such as scsi0/],
    ["CPUs in words", ["cpu: { affinity: first four }"], /expected CPU numbers such as 0-3/],
    ["an unknown USB device", ["usb: [zigbe]"], /pve1 has no USB device called "zigbe"; did you mean "zigbee"/],
    ["an unknown card", ["gpus: [gpu1]"], /pve1 has no GPU called "gpu1"; did you mean "gpu0"/],
    ["a card of containers", ["gpus: [p40]"], /p40 of pve1 is the node's own, for containers.*write use: vm/],
    ["a device to start from that is not there", ["boot_order: [scsi0, ide2]"], /web has no device ide2 to start from/],
    ["more CPUs than the node", ["cores: 12", "cpu: { sockets: 2 }"], /24 CPUs.*more than the 16.*write 8 or less/],
    ["CPUs that the node has not", ["cpu: { affinity: 8-16 }"], /CPU 16; pve1 has 0 to 15/],
    [
      "a hidden CPU of Proxmox VE's own type",
      ["cpu: { hidden: true, type: x86-64-v3 }"],
      /only the CPU type host can be hidden/,
    ],
    ["a disc on a storage without discs", ["iso: local-lvm:iso/x.iso"], /local-lvm.*does not allow iso/],
    ["an image on a storage without imports", [HAOS], /does not allow import, which the disk image needs/],
    [
      "roles without an address",
      [CLOUD, "networks: [{ ip: dhcp }]"],
      /roles of web \(cloud-init, base\) log in by SSH, and it has no static address/,
    ],
    ["a login into Home Assistant OS", [HAOS, "ssh: {}"], /takes no roles/],
  ])("%s", (name, lines, expected) => {
    const files: LabFiles = name.includes("without imports")
      ? { "host_vars/pve1.yml": NODE.replace(", import]", "]") }
      : {};
    const found = errors(lines, files);
    expect(found).toEqual([expect.stringMatching(expected)]);
    expect(found[0]).toMatch(/^inventory\/lab\/(host_vars\/web|hosts)\.yml:\d+:\d+ /);
  });

  it("a member of a group that brings a role, where nobody can log in", () => {
    const files = { "hosts.yml": hosts({ docker_hosts: ["web"] }) };
    for (const [lines, why] of [
      [[HAOS], "Home Assistant OS takes no roles"],
      [[WINDOWS], "no role can configure Windows"],
      [[], "nothing says how to log in"],
    ] as const)
      expect(errors(lines, files)).toEqual([expect.stringContaining(`brings the role docker, but ${why}`)]);
  });
});
