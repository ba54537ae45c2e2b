import { allRoles } from "../../provision/registry";
import { DEFAULT_TEMPLATE } from "../../testbed/api/index";
import { type LabFiles, removeLabFolders } from "../support/lab-folder";
import { describeOnTestbed, LabRun } from "./harness/lab-run";
import { errorsOf } from "./harness/stack";

jest.setTimeout(240_000);

const VM = "proxmox_virtual_environment_vm";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpWwdfnWc3rHIIkfOJYM2F4GZbMqZ3mBTLLVn1bU7iV operator";
const ROLES = allRoles()
  .filter(({ name }) => name === "base" || name === "cloud-init")
  .map((role) => ({ ...role, ...(role.name === "base" ? { group: "configured" } : {}) }));
const VOLUMES = [
  "local:import/haos_ova-16.3.qcow2",
  "local:import/debian.qcow2",
  "local:iso/Win11.iso",
  "local:iso/virtio-win.iso",
];

const CARDS =
  "networks: [{ ip: 10.20.5.2, mac: BC:24:11:00:00:01 }, { network: other, ip: 10.30.5.3, ip6: auto, vlan: 31 }, { bridge: vmbr0 }]";

/** Lines of `proxmox_vm`, by host. */
type Lines = Readonly<Record<string, readonly string[]>>;

const SYSTEMS: Lines = {
  haos: [
    "vmid: 100",
    "memory: 4096",
    "disk: 32",
    "networks: [{ ip: 10.20.5.1 }]",
    'haos: { version: "16.3" }',
    "usb: [zigbee]",
    "startup: { order: 1 }",
  ],
  docker: [
    ...[
      "vmid: 101",
      "disk: 16",
      "networks: [{ ip: 10.20.5.2 }, { network: other, ip: 10.30.5.2, ip6: auto, vlan: 30, firewall: true }]",
    ],
    `cloud_init: { image: { volume: "local:import/debian.qcow2", os: debian }, ssh_keys: ["${KEY}"] }`,
    "disks: [{ size: 20, ssd: true }]",
    "pool: lab",
  ],
  gaming: [
    ...["vmid: 102", "memory: 8192", "disk: 64", "started: false", "networks: [{ ip: 10.20.5.3 }]"],
    'windows: { iso: "local:iso/Win11.iso", virtio_iso: "local:iso/virtio-win.iso" }',
    ...["gpus: [gpu0]", "usb: [{ name: gamepad, usb3: true }]", "cpu: { affinity: 0-3 }", "hugepages: 2"],
  ],
  empty: ["vmid: 103", "disk: 4", "networks: []", "started: false"],
};

describeOnTestbed("VMs on the testbed", () => {
  let run: LabRun;

  beforeAll(async () => {
    run = await LabRun.start({
      nodes: [
        { name: "pve1", bridges: ["vmbr1"], pciDevices: [{ id: "0000:01:00.0", vendor: "0x10de", device: "0x2206" }] },
        { name: "pve2", address: "127.0.0.2", bridges: ["vmbr1"] },
      ],
      volumes: [DEFAULT_TEMPLATE, ...VOLUMES],
    });
    run.testbed.state.pools.lab = { guests: [], storages: [] };
  });

  afterAll(async () => {
    await run.close();
    removeLabFolders();
  });

  const configOf = (vmid: number) => run.testbed.state.guests[vmid]?.config ?? {};
  const write = (changes: Lines = {}) =>
    run.write(
      { guests: {}, groups: { vms: Object.keys(SYSTEMS), configured: ["docker"] }, files: files(changes) },
      ROLES,
    );

  /** What a plan that works would change. */
  async function planned() {
    const plan = await run.plan();
    if (!plan.ok) throw new Error(errorsOf(plan.output));
    return plan;
  }

  function files(changes: Lines): LabFiles {
    const ssh = `ssh: { host: 127.0.0.1, port: ${run.shell.port}, user: ${run.shell.user} }`;
    const hosts = Object.entries(SYSTEMS).map(([name, lines]) => {
      const given = [
        ...(changes[name] ?? []),
        ...lines,
        ...(name === "docker" ? [ssh] : []),
        "cores: 2",
        "memory: 1024",
      ];
      const seen = new Set<string>();
      const own = given.filter((line) => {
        const key = line.split(":")[0] ?? "";
        const isNew = !seen.has(key);
        seen.add(key);
        return isNew && !line.endsWith(": -");
      });
      return [`host_vars/${name}.yml`, `proxmox_vm:\n${own.map((line) => `  ${line}\n`).join("")}`];
    });
    return { ...Object.fromEntries(hosts), "host_vars/pve1.yml": NODE.replace("PORT", String(run.shell.port)) };
  }

  it("are created as wanted, and the second plan is empty", async () => {
    await write();
    const output = await run.deploy();
    expect(output).not.toContain("Warning: Argument is deprecated");
    expect(configOf(100)).toMatchObject({
      bios: "ovmf",
      machine: "q35",
      agent: expect.stringContaining("enabled=1"),
      efidisk0: expect.stringMatching(/efitype=4m.*pre-enrolled-keys=0/),
      scsi0: expect.stringContaining("size=32G"),
      usb0: expect.stringContaining("mapping=zigbee"),
      boot: "order=scsi0",
      startup: expect.stringContaining("order=1"),
    });
    expect(configOf(101)).toMatchObject({
      scsi30: expect.stringContaining("cloudinit"),
      scsi1: expect.stringMatching(/size=20G.*ssd=1|ssd=1.*size=20G/),
      ciuser: "debian",
      ipconfig0: "gw=10.20.0.1,ip=10.20.5.2/16",
      ipconfig1: "ip=10.30.5.2/16,ip6=auto",
      net1: expect.stringMatching(/bridge=vmbr1.*firewall=1.*tag=30/),
      serial0: "socket",
    });
    expect(configOf(102)).toMatchObject({
      ostype: "win11",
      tpmstate0: expect.stringContaining("version=v2.0"),
      efidisk0: expect.stringContaining("pre-enrolled-keys=1"),
      hostpci0: expect.stringMatching(/mapping=gpu0.*x-vga=1/),
      ide2: expect.stringContaining("Win11.iso,media=cdrom"),
      affinity: "0-3",
      hugepages: "2",
      boot: "order=scsi0;ide2;ide0",
    });
    expect(run.shell.taken()).toEqual(
      expect.arrayContaining(["docker cloud-init", "docker base", "gaming vm-discs", "pve1 vm-image"]),
    );
    expect((await planned()).changes).toEqual({});
  });

  it("network_device carries all its keys: another card, VLAN and MAC address are changes of the VM alone", async () => {
    await write({
      docker: [CARDS],
    });
    expect((await planned()).changes).toEqual({ [`${VM}.docker`]: "update" });
    await run.deploy(true);
    expect(configOf(101)).toMatchObject({
      net0: expect.stringContaining("virtio=BC:24:11:00:00:01"),
      net1: expect.stringContaining("tag=31"),
      net2: expect.stringContaining("bridge=vmbr0"),
    });
    expect((await planned()).changes).toEqual({});
  });

  it("a new release, image or key touches no VM that exists", async () => {
    await write({
      haos: ['haos: { version: "18.3" }'],
      docker: [
        CARDS,
        `cloud_init: { image: { volume: "local:import/newer.qcow2", os: debian }, ssh_keys: ["${KEY}2"], upgrade: false }`,
      ],
    });
    expect((await planned()).changes).toEqual({
      "null_resource.pve1_image-local-haos-ova-16-3-qcow2": "delete",
      "null_resource.pve1_image-local-haos-ova-18-3-qcow2": "create",
    });
  });

  it("what the provider would call an update, and fail at, is refused at the plan", async () => {
    await write({
      docker: ["disk: 8"],
      haos: ["disk_interface: virtio0"],
      gaming: ["secure_boot: false", "machine: pc", "gpus: []", "cpu: {}"],
      empty: ["bios: ovmf"],
    });
    run.testbed.state.guests[102]!.config.machine = "pc-q35-9.2+pve1";
    const { ok, output } = await run.plan();
    expect(ok).toBe(false);
    const said = output.replaceAll(/[│\s]+/g, " ");
    expect(said).toContain("VMID 101: the disk at scsi0 cannot be made smaller than it is; 8 GiB is less than it has");
    expect(said).toContain("VMID 100: the root disk is at scsi0, and Proxmox VE cannot attach it at virtio0 instead");
    expect(said).toContain("VMID 102: Microsoft's keys are put into the EFI disk, or left out, when it is made");
    expect(said).toContain("VMID 102: Windows was installed on the machine type pc-q35-9.2+pve1");
    expect(said).toContain("VMID 103: the system was installed with seabios, and would not start with ovmf");
  });

  it("win11 with the version of its machine type fixed by Proxmox VE is no difference", async () => {
    await write();
    run.testbed.state.guests[102]!.config.machine = "pc-q35-9.2+pve1";
    const { changes } = await planned();
    expect(changes[`${VM}.gaming`]).toBeUndefined();
  });

  it("discs are taken out by the node, not by the provider, which would attach the node's own drive", async () => {
    await write({ gaming: ["windows: { installed: true }"] });
    const { changes } = await planned();
    expect(changes["null_resource.gaming_discs"]).toBe("replace");
    expect(changes[`${VM}.gaming`]).toBe("update");
  });

  it("updates in place what can be: sizes, options, another disk, a larger one, a cloud-init address", async () => {
    await write({
      haos: ["memory: 2048", "disk: 40", "tags: [home]", "description: 'the ${house}'", "usb: []"],
      docker: [
        CARDS.replace("10.20.5.2", "10.20.5.9"),
        "disks: [{ size: 24, ssd: true, interface: scsi1 }, { size: 2, discard: false, interface: scsi2 }]",
      ],
      gaming: ["cores: 4", "balloon: 0", "gpus: []", "tpm: true"],
    });
    const { changes } = await planned();
    expect(changes).toMatchObject({ [`${VM}.haos`]: "update", [`${VM}.docker`]: "update", [`${VM}.gaming`]: "update" });
    await run.deploy();
    expect(configOf(100)).toMatchObject({
      memory: "2048",
      tags: "home;lab-lab",
      scsi0: expect.stringContaining("size=40G"),
    });
    expect(configOf(100).usb0).toBeUndefined();
    expect(configOf(101)).toMatchObject({
      scsi1: expect.stringContaining("size=24G"),
      scsi2: expect.stringContaining("size=2G"),
      ipconfig0: expect.stringContaining("10.20.5.9/16"),
    });
    expect((await planned()).changes).toEqual({});
  });

  it("rebuilds a VM when that is asked for, and adopts one without touching it", async () => {
    const same = {
      haos: ["memory: 2048", "disk: 40", "tags: [home]", "description: 'the ${house}'", "usb: []"],
      docker: [
        CARDS.replace("10.20.5.2", "10.20.5.9"),
        "disks: [{ size: 24, ssd: true, interface: scsi1 }, { size: 2, discard: false, interface: scsi2 }]",
      ],
    };
    await write({ ...same, gaming: ["cores: 4", "gpus: []", "rebuild: anew"] });
    expect((await planned()).changes[`${VM}.gaming`]).toBe("replace");
    const before = { ...configOf(100) };
    expect(await run.terraform(["state", "rm", `${VM}.haos`])).toMatchObject({ ok: true });
    await write({ haos: [...same.haos, "adopt: true"], docker: same.docker, gaming: ["cores: 4", "gpus: []"] });
    const plan = await planned();
    expect(plan.output).toContain("1 to import");
    expect(plan.changes[`${VM}.haos`] ?? "update").toBe("update");
    await run.deploy(true);
    expect(configOf(100)).toEqual(before);
    expect((await planned()).changes).toEqual({});
  });
});

const NODE = `
proxmox_node:
  address: 127.0.0.1
  ssh_port: PORT
  bridges: [vmbr0, vmbr1]
  storages:
    local: { type: dir, content: [vztmpl, iso, import, images, rootdir] }
    local-lvm: { type: lvmthin, content: [rootdir, images] }
  gpus:
    gpu0: { vendor: nvidia, pci_id: "0000:01:00.0", device_id: "10de:2206", iommu_group: 1, use: vm }
  usb:
    zigbee: { id: "10c4:ea60" }
    gamepad: { id: "045e:028e" }
`;
