import type { VmGuest } from "../../model/lab";
import { formatProblem } from "../../model/problem";
import { allRoles } from "../../provision/registry";
import { hosts, type LabFiles, load, removeLabFolders, told } from "../support/lab-folder";

afterEach(removeLabFolders);

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpWwdfnWc3rHIIkfOJYM2F4GZbMqZ3mBTLLVn1bU7iV operator";
const NODE = `
proxmox_node:
  address: 192.168.1.10
  cores: 16
  memory: 65536
  bridges: [vmbr0]
  storages:
    local: { type: dir, content: [vztmpl, iso, import] }
    local-lvm: { type: lvmthin, content: [rootdir, images], size: 900 }
    slow: { type: dir, content: [images] }
  gpus:
    gpu0: { vendor: nvidia, pci_id: "0000:01:00.0", device_id: "10de:2206", subsystem_id: "1043:8591", iommu_group: 1, use: vm }
    p40: { vendor: nvidia, memory: 24576 }
  usb: { zigbee: { id: "10c4:ea60" } }
`;
const HAOS = 'haos: { version: "16.3" }';
const CLOUD = `cloud_init: { image: debian-13, ssh_keys: ["${KEY}"] }`;
const WINDOWS = 'windows: { iso: "local:iso/Win11.iso", virtio_iso: "local:iso/virtio-win.iso" }';

/** A host_vars file of a VM; what it needs and `lines` do not say is added. */
function vm(...lines: readonly string[]): string {
  const given = new Set(lines.map((line) => line.split(":")[0]));
  const needed = ["vmid: 100", "cores: 2", "memory: 4096", "disk: 32", "networks: [{ ip: 192.168.1.51 }]"];
  const all = [...lines, ...needed.filter((line) => !given.has(line.split(":")[0]))];
  return ["proxmox_vm:", ...all.map((line) => `  ${line}`), ""].join("\n");
}

const loaded = (lines: readonly string[], files: LabFiles = {}) =>
  load({ "host_vars/web.yml": vm(...lines), "host_vars/pve1.yml": NODE, ...files }, allRoles());

function resolved(lines: readonly string[], files: LabFiles = {}): VmGuest {
  const result = loaded(lines, files);
  const found = result.lab?.guests.find(({ name }) => name === "web");
  if (found?.kind !== "vm") throw new Error(result.problems.map(formatProblem).join("\n"));
  return found;
}

const errors = (lines: readonly string[], files: LabFiles = {}) =>
  loaded(lines, files)
    .problems.filter(({ severity }) => severity === "error")
    .map(formatProblem);

/** Two hosts beside each other. */
const two = (a: readonly string[], b: readonly string[]): LabFiles => ({
  "hosts.yml": hosts({ guests: ["web", "other"] }),
  "host_vars/web.yml": vm(...a),
  "host_vars/other.yml": vm("vmid: 101", "networks: [{ ip: 192.168.1.52 }]", ...b),
  "host_vars/pve1.yml": NODE,
});

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

describe("VMs that want the same", () => {
  it("card: an error when both run, a warning when one is stopped", () => {
    expect(told(load(two(["gpus: [gpu0]"], ["gpus: [gpu0]"])), "gpu-claimed-twice")).toEqual([
      expect.stringMatching(/has the card gpu0 of pve1 for itself, and other claims it, too; both are to run/),
    ]);
    const stopped = load(two(["gpus: [gpu0]"], ["gpus: [gpu0]", "started: false"]));
    expect(told(stopped, "gpu-claimed-twice")).toEqual([expect.stringContaining("never start one")]);
    expect(stopped.lab).toBeDefined();
  });

  it("USB device: likewise", () => {
    expect(told(load(two(["usb: [zigbee]"], ["usb: [zigbee]"])), "usb-claimed-twice")).toEqual([
      expect.stringMatching(/both claim the USB device zigbee of pve1, and both are to run/),
    ]);
    const stopped = load(two(["usb: [zigbee]", "started: false"], ["usb: [zigbee]"]));
    expect(told(stopped, "usb-claimed-twice")).toEqual([expect.stringContaining("never start one")]);
    expect(told(load(two(["usb: [zigbee, zigbee]"], [])), "usb-claimed-twice")).toEqual([
      expect.stringContaining("names the USB device zigbee twice"),
    ]);
  });

  it("card of containers: it is the containers'", () => {
    const files = {
      "hosts.yml": hosts({ gpu_access: ["web"] }),
      "host_vars/web.yml": "proxmox_lxc: { vmid: 301, cores: 1, memory: 512, disk: 4, networks: [] }\n",
      "host_vars/pve1.yml": NODE,
    };
    const guest = load(files).lab?.guests[0];
    expect(guest?.capabilities).toMatchObject([{ kind: "gpu", gpus: [{ gpu: "p40" }] }]);
  });
});

describe("what is allowed, and told", () => {
  it.each<[string, readonly string[], LabFiles]>([
    ["balloon-with-passthrough", ["gpus: [gpu0]", "balloon: 1024"], {}],
    ["windows-without-drivers", ['windows: { iso: "local:iso/Win11.iso" }'], {}],
    ["gpu-access-of-vm", [], { "hosts.yml": hosts({ gpu_access: ["web"] }) }],
  ])("%s", (rule, lines, files) => {
    const result = loaded(lines, files);
    expect(told(result, rule)).toHaveLength(1);
    expect(result.lab).toBeDefined();
  });

  it("nothing of a sound VM", () => {
    expect(loaded([HAOS]).problems).toEqual([]);
  });
});

describe("two guests that are made from downloads", () => {
  const URL = "https://images.example/system.qcow2";
  const image = (url: string, digit: string, name = "system.qcow2") =>
    `image: { url: "${url}", checksum: "${digit.repeat(64)}", file_name: ${name} }`;
  const refused = (a: string, b: string) => told(load(two([a], [b]), allRoles()), "file-name-twice");

  it("share one file of a name", () => {
    expect(refused(image(URL, "a"), image(URL, "a"))).toEqual([]);
    expect(refused(image(URL, "a"), image(URL, "b", "other.qcow2"))).toEqual([]);
    expect(refused(CLOUD, CLOUD)).toEqual([]);
  });

  it("are refused two files of one name, with both places", () => {
    for (const other of [image(URL, "b"), image("https://elsewhere.example/system.qcow2", "a")]) {
      const [line = "", ...more] = refused(image(URL, "a"), other);
      expect(more).toEqual([]);
      expect(line).toMatch(/other\.yml:\d+.*system\.qcow2 on the storage local of pve1.*other wants.*than web/s);
      expect(line).toMatch(/web\.yml:\d+/);
    }
  });
});

describe("a VM that nobody could use", () => {
  const warned = (rule: string, ...lines: readonly string[]) => told(loaded(lines), rule);
  const withKey = (key: string) => `cloud_init: { image: debian-13, ssh_keys: ["${KEY}", "${key}"] }`;

  it("boots-nothing: warns of an empty disk", () => {
    expect(warned("boots-nothing", "vmid: 100")).toEqual([
      expect.stringMatching(
        /web\.yml:\d+:\d+ proxmox_vm: web has an empty disk, so it boots nothing; add haos, cloud_init/,
      ),
    ]);
    for (const line of [HAOS, CLOUD, WINDOWS, 'iso: "local:iso/x.iso"', "image: { volume: 'local:import/x.qcow2' }"])
      expect(warned("boots-nothing", line)).toEqual([]);
    for (const line of ["boot_order: [net0]", "started: false", "adopt: true"])
      expect(warned("boots-nothing", line)).toEqual([]);
  });

  it("example-key: warns of a key that nobody has, under any comment", () => {
    const body = Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0 jBRs9lab-example-key-0000000....").toString("base64");
    expect(warned("example-key", withKey(KEY.replace("operator", "replace-me")))).toEqual([
      expect.stringMatching(
        /web\.yml:2:\d+ proxmox_vm\.cloud_init\.ssh_keys\.1: an example key: nobody can log in to web/,
      ),
    ]);
    expect(warned("example-key", withKey(`ssh-ed25519 ${body} me@home`))).toHaveLength(1);
    expect(warned("example-key", CLOUD)).toEqual([]);
  });
});
