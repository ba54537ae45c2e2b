import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeInSandbox, Sandbox } from "../support/sandbox";

const IMAGE = "QFI\u0001 the disk of Home Assistant OS\n".repeat(200);
const PACKED = execFileSync("xz", ["-c"], { input: IMAGE });
const SUM = createHash("sha256").update(PACKED).digest("hex");
const URL = "https://downloads.example/haos_ova-16.3.qcow2.xz";
const HAOS = { storage: "local", file: "haos.qcow2", url: URL, checksum: SUM, algorithm: "sha256" };
const AT = "var/lib/vz/import/haos.qcow2";

/** A node whose storage `local` holds imports, and whose curl answers with a file. */
function node(commands: { readonly [name: string]: string } = {}): Sandbox {
  const sandbox = new Sandbox({
    commands: {
      pvesm: `[ "$2" = local:import/haos.qcow2 ] || { echo "storage 'slow' does not exist" >&2; exit 2; }; echo /var/lib/vz/import/haos.qcow2`,
      curl: `echo "$*" >>/var/calls; while [ "$1" != -o ]; do shift; done; cat /var/remote >"$2"`,
      sleep: ":",
      ...commands,
    },
    files: { "var/calls": "" },
  });
  writeFileSync(join(sandbox.root, "var/remote"), PACKED);
  return sandbox;
}

describeInSandbox("the step vm-image", () => {
  it("fetches, checks and unpacks an image, and leaves nothing else behind", () => {
    const sandbox = node();
    expect(sandbox.check("vm-image", HAOS).status).toBe(2);
    expect(existsSync(join(sandbox.root, AT))).toBe(false);
    expect(sandbox.apply("vm-image", HAOS)).toMatchObject({ status: 0 });
    expect(sandbox.read(AT)).toBe(IMAGE);
    expect(execFileSync("ls", ["-A", join(sandbox.root, "var/lib/vz/import")], { encoding: "utf8" })).toBe(
      "haos.qcow2\n",
    );
  });

  it("run again, it downloads and changes nothing", () => {
    const sandbox = node();
    sandbox.apply("vm-image", HAOS);
    const before = sandbox.digest();
    expect(sandbox.apply("vm-image", HAOS).output).toContain("done: 0 changed");
    expect(sandbox.check("vm-image", HAOS).status).toBe(0);
    expect(sandbox.digest()).toBe(before);
    expect(sandbox.read("var/calls").trim().split("\n")).toHaveLength(1);
  });

  it("takes a file of that name, but of another origin or size, for none", () => {
    const sandbox = node();
    sandbox.apply("vm-image", HAOS);
    writeFileSync(join(sandbox.root, AT), "cut off");
    expect(sandbox.apply("vm-image", HAOS).status).toBe(0);
    expect(sandbox.read(AT)).toBe(IMAGE);
  });

  it("refuses another file than the checksum's, says both sums, and keeps what was there", () => {
    const sandbox = node();
    sandbox.apply("vm-image", HAOS);
    const { output, status } = sandbox.apply("vm-image", { ...HAOS, checksum: "0".repeat(64) });
    expect(status).not.toBe(0);
    expect(output).toContain(`expected sha256 ${"0".repeat(64)}, got ${SUM}`);
    expect(sandbox.read(AT)).toBe(IMAGE);
    expect(readdirSync(join(sandbox.root, "var/lib/vz/import"))).toEqual(["haos.qcow2"]);
  });

  it("goes on with a download that broke", () => {
    const sandbox = node({
      curl: `[ -e /var/once ] || { touch /var/once; exit 18; }; while [ "$1" != -o ]; do shift; done; cat /var/remote >"$2"`,
    });
    expect(sandbox.apply("vm-image", HAOS)).toMatchObject({ status: 0 });
    expect(sandbox.read(AT)).toBe(IMAGE);
  });

  it("begins anew when what a killed run left cannot be gone on with, and leaves no rest of another release", () => {
    const sandbox = node({
      curl: `while [ "$1" != -o ]; do shift; done; [ ! -e "$2" ] || exit 22; cat /var/remote >"$2"`,
    });
    sandbox.apply("vm-image", HAOS);
    const folder = join(sandbox.root, "var/lib/vz/import");
    writeFileSync(join(folder, "haos.qcow2"), "cut off");
    writeFileSync(join(folder, `.proxmox-lab-haos.qcow2.${SUM.slice(0, 16)}.packed`), "of another file");
    writeFileSync(join(folder, `.proxmox-lab-haos.qcow2.${"0".repeat(16)}.packed`), "of another release");
    expect(sandbox.apply("vm-image", HAOS)).toMatchObject({ status: 0 });
    expect(sandbox.read(AT)).toBe(IMAGE);
    expect(readdirSync(folder)).toEqual(["haos.qcow2"]);
  });

  it("says what a storage without imports lacks", () => {
    const { output, status } = node().apply("vm-image", { ...HAOS, storage: "slow" });
    expect(status).not.toBe(0);
    expect(output).toMatch(/storage slow holds no files of content import.*pvesm set slow/s);
  });
});

const CONFIG = "etc/pve/qemu-server/102.conf";
const DISCS = { vmid: 102, ide2: "local:iso/Win11.iso", ide0: "local:iso/virtio-win.iso" };

/** A node with a VM; its qm writes what is set into the configuration, as pending where the VM has no such drive yet. */
function machine(config: string, status = "status: running\nuptime: 60\ndiskwrite: 540672"): Sandbox {
  return new Sandbox({
    commands: {
      qm: `
        echo "$*" >>/var/calls
        case $1 in
          status) printf '%s\\n' "${status}" ;;
          set)
            key=\${3#--}; file=/etc/pve/qemu-server/$2.conf
            if grep -q "^$key:" "$file"; then sed -i "s#^$key:.*#$key: $4#" "$file"
            else printf '\\n[PENDING]\\n%s: %s\\n' "$key" "$4" >>"$file"; fi ;;
          start) sed -i '/^\\[PENDING\\]/d' /etc/pve/qemu-server/$2.conf ;;
        esac`,
    },
    files: { [CONFIG]: config, "var/calls": "" },
  });
}

describeInSandbox("the step vm-discs", () => {
  it("adds the second disc, and restarts a VM that has written nothing yet", () => {
    const sandbox = machine("ide2: local:iso/Win11.iso,media=cdrom,size=5G\nscsi0: local-lvm:vm-102-disk-0,size=64G\n");
    expect(sandbox.check("vm-discs", DISCS).status).toBe(2);
    expect(sandbox.read("var/calls")).not.toContain("set");
    expect(sandbox.apply("vm-discs", DISCS)).toMatchObject({ status: 0 });
    const calls = sandbox
      .read("var/calls")
      .trim()
      .split("\n")
      .filter((call) => !call.startsWith("status"));
    expect(calls).toEqual(["set 102 --ide0 local:iso/virtio-win.iso,media=cdrom", "stop 102", "start 102"]);
    expect(sandbox.apply("vm-discs", DISCS).output).toContain("done: 0 changed");
    expect(sandbox.check("vm-discs", DISCS).status).toBe(0);
  });

  it("never restarts one that has something on its disks, or has run for long: it says that a start is due", () => {
    for (const status of ["uptime: 60\ndiskwrite: 9000000000", "uptime: 86400\ndiskwrite: 0", "uptime: 60"]) {
      const sandbox = machine("ide2: local:iso/Win11.iso,media=cdrom\n", `status: running\n${status}`);
      expect(sandbox.apply("vm-discs", DISCS).output).toContain("its new drive is there after the next start");
      expect(sandbox.read("var/calls")).not.toMatch(/stop|reboot/);
    }
  });

  it("takes discs out of their drives", () => {
    const sandbox = machine("ide0: local:iso/virtio-win.iso,media=cdrom\nide2: local:iso/Win11.iso,media=cdrom\n");
    expect(sandbox.apply("vm-discs", { vmid: 102, ide2: "", ide0: "" })).toMatchObject({ status: 0 });
    expect(sandbox.read(CONFIG)).toBe("ide0: none,media=cdrom\nide2: none,media=cdrom\n");
    expect(sandbox.check("vm-discs", { vmid: 102, ide2: "", ide0: "" }).status).toBe(0);
  });

  it("leaves cloud-init's drive and what snapshots say alone, and refuses to replace a disk", () => {
    const cloud = "ide2: local-lvm:vm-102-cloudinit,media=cdrom\n[before]\nide0: local:iso/old.iso,media=cdrom\n";
    expect(machine(cloud).apply("vm-discs", { vmid: 102, ide2: "", ide0: "" }).output).toContain("done: 0 changed");
    const { output, status } = machine("ide0: local-lvm:vm-102-disk-1,size=8G\n").apply("vm-discs", DISCS);
    expect(status).not.toBe(0);
    expect(output).toContain("ide0 holds a disk (local-lvm:vm-102-disk-1,size=8G), where a disc is to go");
  });

  it("says so when the VM is not on this node", () => {
    expect(machine("").apply("vm-discs", { ...DISCS, vmid: 103 }).output).toContain("VM 103 is not on this node");
  });
});

/** A VM whose cloud-init goes on for a few looks. */
const vm = (states: string) =>
  new Sandbox({
    commands: {
      "cloud-init": `n=$(cat /var/looks 2>/dev/null || echo 1); echo $((n + 1)) >/var/looks; set -- ${states}; [ "$n" -lt $# ] && shift $((n - 1)) || shift $(($# - 1)); echo "status: $1"`,
      sleep: ":",
      "dpkg-query": `[ -e /var/agent ] && echo "installed 1.0"`,
      dpkg: ":",
      "apt-cache": ":",
      "apt-get": "touch /var/agent",
      systemctl: `echo "$*" >>/var/calls; case $1 in is-active | is-enabled) [ -e /var/running ] ;; enable) touch /var/running ;; esac`,
    },
    files: { "var/calls": "", "run/systemd/system/x": "" },
  });

describeInSandbox("the role cloud-init", () => {
  it("waits until cloud-init is done, then installs the agent", () => {
    const sandbox = vm("running running done");
    const { output, status } = sandbox.apply("cloud-init", {});
    expect({ status, output }).toMatchObject({
      status: 0,
      output: expect.stringContaining("packages qemu-guest-agent"),
    });
    expect(Number(sandbox.read("var/looks"))).toBeGreaterThan(3);
    expect(output).toContain("the VM has no channel for the guest agent");
    expect(sandbox.apply("cloud-init", {}).output).toContain("done: 0 changed");
  });

  it("says where to look when cloud-init met an error, and goes on", () => {
    expect(vm("error").apply("cloud-init", {})).toMatchObject({
      status: 0,
      output: expect.stringContaining("cloud-init met an error"),
    });
  });

  it("a check does not wait", () => {
    const sandbox = vm("running");
    expect(sandbox.check("cloud-init", {}).status).toBe(2);
    expect(Number(sandbox.read("var/looks"))).toBe(2);
  });
});
