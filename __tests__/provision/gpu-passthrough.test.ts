import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingsFile } from "../../constructs/settings-file";
import { temporaryFolder } from "../support/run-step";

const SHELLS = ["dash", "busybox sh"].filter(
  (shell) => spawnSync("sh", ["-c", `${shell} -c true`], { stdio: "ignore" }).status === 0,
);
if (process.getuid?.() !== 0) process.stderr.write("skipped: files of root need root\n");

interface Device {
  readonly id: string;
  readonly subsystem?: string;
  readonly class?: string;
  readonly driver?: string;
  readonly group?: number;
  readonly bootVga?: boolean;
}

const CARD = {
  name: "gpu0",
  vendor: "nvidia",
  address: "0000:04:00.0",
  device_id: "10de:1b38",
  functions: [] as string[],
};
const P40: Device = { id: "10de:1b38", subsystem: "10de:11d9", class: "0x030200", driver: "nouveau" };
const READY: Device = { ...P40, driver: "vfio-pci", group: 32 };
const GRUB = "etc/default/grub.d/proxmox-lab-iommu.cfg";

/** A node's root of its own, on which the role's scripts run in a shell. */
class FakeNode {
  readonly root = temporaryFolder();
  readonly #scripts = temporaryFolder();

  constructor(
    private readonly shell: string,
    files: { readonly [path: string]: string } = {},
  ) {
    cpSync("provision/gpu-passthrough", this.#scripts, { recursive: true });
    cpSync("provision/lib", join(this.#scripts, "lib"), { recursive: true });
    const given = {
      "etc/default/grub": "GRUB_CMDLINE_LINUX_DEFAULT=quiet\n",
      "proc/cpuinfo": "vendor_id\t: GenuineIntel\n",
      "proc/sys/kernel/random/boot_id": "boot-1\n",
      ...files,
    };
    for (const [path, text] of Object.entries(given)) this.write(path, text);
    for (const command of ["update-initramfs", "update-grub"]) this.#command(command, "");
    this.#command(
      "proxmox-boot-tool",
      '[ "$1" != status ] || echo "1234-ABCD is configured with: uefi (versions: 6.14)"',
    );
  }

  #command(name: string, script: string): void {
    const path = join(this.#scripts, "bin", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >>'${this.root}/calls'\n${script}\n`, { mode: 0o755 });
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  device(address: string, device: Device): this {
    const folder = `sys/bus/pci/devices/${address}`;
    rmSync(join(this.root, folder), { recursive: true, force: true });
    const [vendor, id] = device.id.split(":");
    const [subVendor, subId] = device.subsystem?.split(":") ?? [];
    const files = {
      ...{ vendor: `0x${vendor}\n`, device: `0x${id}\n`, class: `${device.class ?? "0x030000"}\n` },
      ...(subVendor ? { subsystem_vendor: `0x${subVendor}\n`, subsystem_device: `0x${subId}\n` } : {}),
      ...(device.bootVga ? { boot_vga: "1\n" } : {}),
    };
    for (const [name, text] of Object.entries(files)) this.write(join(folder, name), text);
    if (device.driver) symlinkSync(`../../drivers/${device.driver}`, join(this.root, folder, "driver"));
    if (device.group !== undefined) {
      const group = join(this.root, "sys/kernel/iommu_groups", String(device.group), "devices");
      mkdirSync(group, { recursive: true });
      symlinkSync(`../../../kernel/iommu_groups/${device.group}`, join(this.root, folder, "iommu_group"));
      rmSync(join(group, address), { force: true });
      symlinkSync("../../../../bus", join(group, address));
    }
    return this;
  }

  run(cards: readonly object[], script: "apply" | "check" = "apply") {
    rmSync(join(this.root, "calls"), { force: true });
    rmSync(join(this.#scripts, "report"), { force: true });
    const settings = settingsFile({ gpu_cards: cards.map((card) => ({ ...card })) }).text;
    for (const left of ["gpu-owed"]) rmSync(join(this.#scripts, left), { force: true });
    writeFileSync(join(this.#scripts, "settings.sh"), settings);
    const done = spawnSync("sh", ["-c", `exec ${this.shell} -euc '. ./settings.sh; . ./${script}.sh'`], {
      cwd: this.#scripts,
      env: {
        PATH: `${join(this.#scripts, "bin")}:${process.env.PATH}`,
        GPU_ROOT: this.root,
        STEP_STATE: join(this.root, "state"),
      },
      encoding: "utf8",
    });
    const calls = join(this.root, "calls");
    return {
      status: done.status,
      output: done.stdout + done.stderr,
      calls: existsSync(calls)
        ? readFileSync(calls, "utf8")
            .trim()
            .split("\n")
            .filter((call) => !call.endsWith(" status"))
        : [],
    };
  }

  read = (path: string) => readFileSync(join(this.root, path), "utf8");
  has = (path: string) => existsSync(join(this.root, path));
}

(process.getuid?.() === 0 ? describe : describe.skip).each(SHELLS)("gpu-passthrough under %s", (shell) => {
  it("on GRUB and Intel: command line, modules, options, once; and asks for a restart, until there was one", () => {
    const node = new FakeNode(shell).device("0000:04:00.0", P40);
    expect(node.run([CARD], "check")).toMatchObject({ status: 2, calls: [] });
    const first = node.run([CARD]);
    expect(first).toMatchObject({ status: 0, calls: ["update-initramfs -u -k all", "update-grub"] });
    expect(node.read(GRUB)).toBe('GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=on iommu=pt"\n');
    expect(node.read("etc/modules-load.d/proxmox-lab-vfio.conf")).toBe("vfio\nvfio_iommu_type1\nvfio_pci\n");
    expect(node.read("etc/modprobe.d/proxmox-lab-vfio.conf")).toMatch(
      /^options vfio-pci ids=10de:1b38\nsoftdep nouveau pre: vfio-pci\n/,
    );
    expect(first.output).toContain("note: IOMMU: off; restart the node.");
    expect(first.output).toContain("0000:04:00.0 is bound to nouveau, not to vfio-pci");
    expect(first.output).toContain("a restart of the node is needed");
    const again = node.run([CARD]);
    expect(again).toMatchObject({ status: 0, calls: [] });
    expect(again.output).toContain("a restart of the node is needed");
    expect(node.run([CARD], "check").status).toBe(0);

    node.write("proc/sys/kernel/random/boot_id", "boot-2\n");
    node.device("0000:04:00.0", READY);
    const { output } = node.run([CARD]);
    expect(output).not.toContain("restart");
    expect(output).toContain("ok: IOMMU: on");
    expect(output).toContain("ok: gpu0 (0000:04:00.0): ready");
    expect(output).toContain('gpu0: in the inventory belong iommu_group: 32, subsystem_id: "10de:11d9"');
  });

  it("on systemd-boot and AMD: the kernel's command line keeps what it has", () => {
    const node = new FakeNode(shell, {
      "proc/cpuinfo": "vendor_id\t: AuthenticAMD\n",
      "sys/firmware/efi/x": "",
      "etc/kernel/proxmox-boot-uuids": "1234-ABCD\n",
      "etc/kernel/cmdline": "root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet\n",
    }).device("0000:04:00.0", P40);
    expect(node.run([CARD]).calls).toEqual(["update-initramfs -u -k all", "proxmox-boot-tool refresh"]);
    expect(node.read("etc/kernel/cmdline")).toBe("root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet iommu=pt\n");
    expect(node.has(GRUB)).toBe(false);
    expect(node.run([CARD]).calls).toEqual([]);
    expect(node.run([]).calls).toEqual(["update-initramfs -u -k all", "proxmox-boot-tool refresh"]);
    expect(node.read("etc/kernel/cmdline")).toBe("root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet\n");
    expect(node.has("etc/modprobe.d/proxmox-lab-vfio.conf")).toBe(false);
    expect(node.run([])).toMatchObject({ status: 0, calls: [] });
  });

  it("finishes what a run that was killed left undone", () => {
    const node = new FakeNode(shell).device("0000:04:00.0", P40);
    node.write("state/gpu-owed", "initramfs\n");
    node.run([CARD]);
    node.write("state/gpu-owed", "initramfs\n");
    expect(node.run([CARD]).calls).toEqual(["update-initramfs -u -k all"]);
  });

  it("says who shares a card's group, but for bridges and its own functions; and whose screen it is", () => {
    const node = new FakeNode(shell)
      .device("0000:04:00.0", { ...READY, bootVga: true })
      .device("0000:04:00.1", { id: "10de:10f0", class: "0x040300", driver: "vfio-pci", group: 32 })
      .device("0000:00:01.0", { id: "8086:1901", class: "0x060400", group: 32 })
      .device("0000:05:00.0", { id: "8086:1533", class: "0x020000", driver: "igb", group: 32 });
    const { output } = node.run([{ ...CARD, functions: ["0000:04:00.1"] }]);
    expect(output).toContain("missing: shares group 32 with 0000:05:00.0, which");
    expect(output).toContain("it is the node's own screen");
    expect(node.read("etc/modprobe.d/proxmox-lab-vfio.conf")).toContain("ids=10de:10f0,10de:1b38\n");
  });

  it.each<[string, RegExp, (node: FakeNode) => object]>([
    [
      "another card at the address",
      /gpu0: at 0000:04:00.0 is 10de:1b80, not 10de:1b38/,
      (node) => {
        node.device("0000:04:00.0", { id: "10de:1b80" });
        return CARD;
      },
    ],
    [
      "no card at the address",
      /there is no PCI device at 0000:04:00.0; display devices are at: 0000:81:00.0 \(10de:1b38\)/,
      (node) => {
        node.device("0000:81:00.0", P40);
        return CARD;
      },
    ],
    [
      "a second card of the kind",
      /0000:81:00.0: is 10de:1b38, too, and would be taken from the node/,
      (node) => {
        node.device("0000:04:00.0", P40).device("0000:81:00.0", P40);
        return CARD;
      },
    ],
    [
      "a function that is not there",
      /there is no function at 0000:04:00.1/,
      (node) => {
        node.device("0000:04:00.0", P40);
        return { ...CARD, functions: ["0000:04:00.1"] };
      },
    ],
    [
      "an IOMMU that was switched off",
      /etc\/default\/grub says intel_iommu=off/,
      (node) => {
        node.device("0000:04:00.0", P40).write("etc/default/grub", 'GRUB_CMDLINE_LINUX="intel_iommu=off"\n');
        return CARD;
      },
    ],
  ])("refuses %s", (_, message, prepare) => {
    const node = new FakeNode(shell);
    const run = node.run([prepare(node)]);
    expect(run.output).toMatch(message);
    expect(run).toMatchObject({ status: 1, calls: [] });
    expect(node.has(GRUB)).toBe(false);
  });
});
