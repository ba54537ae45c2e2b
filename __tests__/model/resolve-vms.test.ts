import type { VmGuest } from "../../model/lab";
import { formatProblem } from "../../model/problem";
import { hosts, type LabFiles, removeLabFolders } from "../support/lab-folder";
import { CLOUD, HAOS, KEY, loaded, WINDOWS } from "../support/vm-lab";

afterEach(removeLabFolders);

function resolved(lines: readonly string[], files: LabFiles = {}): VmGuest {
  const result = loaded(lines, files);
  const found = result.lab?.guests.find(({ name }) => name === "web");
  if (found?.kind !== "vm") throw new Error(result.problems.map(formatProblem).join("\n"));
  return found;
}

describe("what a VM is resolved to", () => {
  it("Home Assistant OS starts by UEFI without Microsoft's keys, and comes with its agent", () => {
    expect(resolved([HAOS, "usb: [zigbee]"])).toMatchObject({
      system: "haos",
      bios: "ovmf",
      secureBoot: false,
      tpm: false,
      machine: "q35",
      agent: true,
      osType: "l26",
      balloonMiB: 4096,
      usb: [{ name: "zigbee", usb3: false }],
      bootOrder: ["scsi0"],
      steps: [],
      image: {
        kind: "download",
        url: "https://github.com/home-assistant/operating-system/releases/download/16.3/haos_ova-16.3.qcow2.xz",
        checksum: "f3f56cae72cdc1732c35b1b2a7547a11397eaaac8c4de2ff63bb10f45721c8ce",
        checksumAlgorithm: "sha256",
        fileName: "haos_ova-16.3.qcow2",
        storage: "local",
      },
    });
  });

  it("a cloud VM is logged in to by SSH, and gets roles, Docker among them, without features of LXC", () => {
    const files = { "hosts.yml": hosts({ docker_hosts: ["web"] }) };
    const guest = resolved([CLOUD], files);
    expect(guest).toMatchObject({
      system: "cloud",
      bios: "seabios",
      agent: true,
      login: { host: "192.168.1.51", port: 22, user: "debian" },
      cloudInit: { user: "debian", sshKeys: [KEY], interface: "scsi30" },
      capabilities: [{ kind: "docker", features: {}, step: { role: "docker" } }],
    });
    expect(guest.steps.map(({ role }) => role)).toEqual(["cloud-init", "base"]);
    expect(guest.steps[1]?.after).toEqual(["cloud-init"]);
  });

  it.each([
    ["debian-12", "sha512", "debian"],
    ["debian-13", "sha512", "debian"],
    ["ubuntu-24.04", "sha256", "ubuntu"],
  ])("the cloud image %s has a dated URL, a checksum and a name that can be imported", (name, algorithm, user) => {
    const { cloudInit, image } = resolved([`cloud_init: { image: ${name}, ssh_keys: ["${KEY}"] }`]);
    expect(cloudInit?.user).toBe(user);
    expect(image).toMatchObject({
      checksumAlgorithm: algorithm,
      url: expect.stringMatching(/^https:.*20\d{6}/),
      fileName: expect.stringMatching(/\.qcow2$/),
    });
  });

  it("without the agent its role goes, too", () => {
    expect(resolved([CLOUD, "agent: false"]).steps.map(({ role }) => role)).toEqual(["base"]);
  });

  it("Windows 11 has UEFI with keys, a TPM, its discs, and a primary card with the node's CPU and all its memory", () => {
    expect(resolved([WINDOWS, "gpus: [gpu0]"])).toMatchObject({
      system: "windows",
      osType: "win11",
      bios: "ovmf",
      secureBoot: true,
      tpm: true,
      cpu: { type: "host" },
      balloonMiB: 0,
      discs: ["local:iso/Win11.iso", "local:iso/virtio-win.iso"],
      bootOrder: ["scsi0", "ide2", "ide0"],
      cards: [{ name: "gpu0", primary: true, romBar: true }],
      capabilities: [{ kind: "gpu", gpus: [{ gpu: "gpu0", exclusive: true }], devices: [] }],
      steps: [],
    });
  });

  it("huge pages bring NUMA and take ballooning", () => {
    expect(resolved(["hugepages: 2"])).toMatchObject({
      hugepages: { size: "2", keep: false },
      cpu: { numa: true },
      balloonMiB: 0,
    });
  });

  it("a plain VM is what Proxmox VE would make, with a login where one is said", () => {
    const guest = resolved(["ssh: { user: admin, os: debian }", "disks: [{ size: 10, storage: slow }]"]);
    expect(guest).toMatchObject({ system: "plain", agent: false, login: { user: "admin", host: "192.168.1.51" } });
    expect(guest.machine).toBeUndefined();
    expect(guest.disks.map(({ interface: drive, storage, sizeGiB }) => [drive, storage, sizeGiB])).toEqual([
      ["scsi0", "local-lvm", 32],
      ["scsi1", "slow", 10],
    ]);
  });

  it("an image of one's own is fetched unpacked, or taken where it is", () => {
    const sum = "a".repeat(64);
    const url = "https://images.example/appliance.raw.zst";
    expect(resolved([`image: { url: ${url}, checksum: ${sum} }`]).image).toMatchObject({ fileName: "appliance.raw" });
    expect(resolved(["image: { volume: local:import/x.qcow2 }"]).image).toEqual({
      kind: "volume",
      volume: "local:import/x.qcow2",
    });
  });
});
