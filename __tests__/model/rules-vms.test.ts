import { allRoles } from "../../provision/registry";
import { hosts, type LabFiles, load, removeLabFolders, told } from "../support/lab-folder";
import { CLOUD, HAOS, KEY, loaded, NODE, two, WINDOWS } from "../support/vm-lab";

afterEach(removeLabFolders);

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
