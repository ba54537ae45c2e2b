import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import nvidia from "../../provision/nvidia/role";
import { describeInSandbox, Sandbox, type SandboxProps } from "../support/sandbox";

const MODULE =
  "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue Sep 23 09:55:41 UTC 2025\nGCC version:  14\n";
const OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  595.71.05  Release Build  (x@y)\n";
const card = (device: string, vendor = "0x10de") => ({
  "var/n/sys/bus/pci/devices/a/vendor": `${vendor}\n`,
  "var/n/sys/bus/pci/devices/a/device": `${device}\n`,
  "var/n/sys/bus/pci/devices/a/class": "0x030200\n",
});
const P40 = card("0x1b38");
const DEVICES = { "var/n/dev/nvidia0": "", "var/n/dev/nvidiactl": "", "var/n/dev/nvidia-uvm": "" };
const NODE = { ...DEVICES, ...P40, "var/n/proc/driver/nvidia/version": MODULE, "var/held": "" };
/** NVIDIA's installer, which can be unpacked, and installs a library. */
const RUNFILE = `#!/bin/sh
[ "$1 $2" = "--extract-only --target" ] || exit 9
mkdir "$3"
cat >"$3/nvidia-installer" <<'END'
#!/bin/sh
echo "$*" >>/var/installer
case $1 in
  --advanced-options) echo "  --no-kernel-modules  leaves them out" ;;
  *) mkdir -p /var/lib/cuda; : >/var/lib/cuda/libcuda.so.580.95.05 ;;
esac
END
chmod 755 "$3/nvidia-installer"
`;
const runfile = {
  version: "580.95.05",
  url: "https://mirror.example/driver.run",
  sha256: createHash("sha256").update(RUNFILE).digest("hex"),
};
const COMMANDS = {
  ldconfig:
    '[ "$1" != -p ] || for f in /var/lib/cuda/*; do [ ! -f "$f" ] || echo "	libcuda.so.1 (libc6,x86-64) => $f"; done',
  "nvidia-smi": 'echo "GPU 0: Tesla P40"',
  "dpkg-query": `case "$*" in *nvidia* | *libcuda*) grep -qs . /var/packages && echo "installed 580.95.05-1" ;; *) echo "installed 1.0" ;; esac`,
  dpkg: '[ "$1" != --compare-versions ] || [ "$2" = 28.5.1 ]',
  "apt-get":
    'case "$*" in *--download-only*) ;; *" install "*) echo "$*" >/var/packages; mkdir -p /var/lib/cuda; : >/var/lib/cuda/libcuda.so.580.95.05 ;; esac',
  "apt-cache": 'echo " $2 | ${OFFERED:-580.95.05-1} | http://mirror"',
  "apt-mark":
    'case $1 in showhold) cat /var/held ;; hold) echo "$2" >>/var/held ;; unhold) sed -i "/^$2$/d" /var/held ;; esac',
  curl: 'while [ "$1" != -o ]; do shift; done; cp /var/driver.run "$2"',
};

function guest({ commands = {}, files = {}, ...rest }: SandboxProps = {}): Sandbox {
  return new Sandbox({ ...rest, commands: { ...COMMANDS, ...commands }, files: { ...NODE, ...files } });
}
/** Tests have no /proc, /sys and /dev of a node. */
const cfg = (nvidia_cfg = {}) => ({ nvidia_cfg, nvidia_root: "/var/n" });
const HELD = "nvidia-smi\nlibcuda1\nlibnvidia-encode1\n";

describeInSandbox("the nvidia role", () => {
  it("installs the distribution's packages where they have the version of the node's module, and holds them", () => {
    const sandbox = guest();
    expect(sandbox.check("nvidia", cfg()).status).toBe(2);
    expect(sandbox.apply("nvidia", cfg())).toMatchObject({
      status: 0,
      output: expect.stringContaining("note: GPU 0: Tesla P40"),
    });
    expect(sandbox.read("var/packages")).toContain(
      "install nvidia-smi=580.95.05-1 libcuda1=580.95.05-1 libnvidia-encode1=580.95.05-1",
    );
    expect(sandbox.read("var/held")).toBe(HELD);
    const applied = sandbox.digest();
    expect(sandbox.apply("nvidia", cfg()).output).toContain("done: 0 changed");
    expect(sandbox.check("nvidia", cfg())).toMatchObject({ status: 0 });
    expect(sandbox.digest()).toBe(applied);
  });

  it("asks Ubuntu for the packages of the branch", () => {
    const sandbox = guest({ osRelease: "ID=ubuntu\n" });
    sandbox.apply("nvidia", cfg());
    expect(sandbox.read("var/packages")).toContain(
      "nvidia-utils-580=580.95.05-1 libnvidia-compute-580=580.95.05-1 libnvidia-encode-580=580.95.05-1",
    );
  });

  it("says what is offered where that does not fit the node, and changes nothing", () => {
    const sandbox = guest({ commands: { "apt-cache": 'echo " $2 | 550.163.01-2 | http://mirror"' } });
    const { output, status } = sandbox.apply("nvidia", cfg());
    expect(status).toBe(1);
    expect(output).toContain("the node's module is 580.95.05");
    expect(output).toContain("have nvidia-smi in 550.163.01-2. Give nvidia_cfg: {runfile: {version: 580.95.05");
    expect(existsSync(join(sandbox.root, "var/packages"))).toBe(false);
  });

  it("installs from a run file without a kernel module, leaves nothing of it, and does it once", () => {
    const sandbox = guest({ files: { "var/driver.run": RUNFILE } });
    expect(sandbox.apply("nvidia", cfg({ runfile }))).toMatchObject({ status: 0 });
    expect(sandbox.read("var/installer")).toMatch(/--silent --no-kernel-modules --no-kernel-module-source /);
    expect(existsSync(join(sandbox.root, "var/lib/proxmox-lab/nvidia-work"))).toBe(false);
    const applied = sandbox.digest();
    expect(sandbox.apply("nvidia", cfg({ runfile })).output).toContain("done: 0 changed");
    expect(sandbox.digest()).toBe(applied);
  });

  it("does not take packages of the same version for a run file's driver, and keeps them held", () => {
    const sandbox = guest({ files: { "var/driver.run": RUNFILE } });
    sandbox.apply("nvidia", cfg());
    const { output, status } = sandbox.apply("nvidia", cfg({ runfile }));
    expect(status).toBe(1);
    expect(output).toContain("the driver is to come from a run file, and the package nvidia-smi is installed");
    expect(sandbox.read("var/held")).toBe(HELD);
  });

  it("prefers the version for what the packages depend on, too, beside the guest's own preferences, and leaves nothing", () => {
    const own = "Package: x\nPin: version 1\nPin-Priority: 1\n";
    const aptGet = `if [ -n "$APT_CONFIG" ]; then cp "$(sed 's/.*"\\(.*\\)".*/\\1/' "$APT_CONFIG")" /var/preferred; fi; ${COMMANDS["apt-get"]}`;
    const sandbox = guest({ commands: { "apt-get": aptGet }, files: { "etc/apt/preferences": own } });
    expect(sandbox.apply("nvidia", cfg())).toMatchObject({ status: 0 });
    expect(sandbox.read("var/preferred")).toBe(
      `${own}\nPackage: src:nvidia-graphics-drivers*\nPin: version 580.95.05-1\nPin-Priority: 1001\n`,
    );
    expect(sandbox.read("etc/apt/preferences")).toBe(own);
  });

  it("never runs a file with another checksum", () => {
    const sandbox = guest({ files: { "var/driver.run": `${RUNFILE}touch /var/pwned\n` } });
    const { output, status } = sandbox.apply("nvidia", cfg({ runfile }));
    expect(status).toBe(1);
    expect(output).toContain(`expected ${runfile.sha256}: nothing of it was run`);
    expect(existsSync(join(sandbox.root, "var/installer"))).toBe(false);
    expect(readdirSync(join(sandbox.root, "var/lib/proxmox-lab/nvidia-work"))).toEqual([]);
  });

  it("refuses a run file of another version before it is fetched", () => {
    const other = { ...runfile, version: "580.82.07" };
    const { output, status } = guest().apply("nvidia", cfg({ runfile: other }));
    expect(status).toBe(1);
    expect(output).toContain("the node's module is 580.95.05, and nvidia_cfg.runfile is 580.82.07");
  });

  it.each([
    ["Tesla P40", P40, "install the driver of branch 580, the last one for its card"],
    ["Tesla K80", card("0x102d"), "install the driver of branch 470, the last one for its card"],
    ["a card that current drivers know", card("0x2684"), "On the node: install the driver, run modprobe"],
    ["no card", card("0x1b38", "0x8086"), "No NVIDIA card: enable_gpu: false"],
  ])("says what to do on a node without the module: %s", (_, files, message) => {
    const sandbox = new Sandbox({ commands: COMMANDS, files: { ...DEVICES, ...files } });
    const { output, status } = sandbox.apply("nvidia", cfg());
    expect(status).toBe(1);
    expect(output).toContain("the node has no NVIDIA kernel module loaded");
    expect(output).toContain(message);
  });

  it("reads the version of the open module, too, and warns where it no longer drives the card", () => {
    const files = { "var/n/proc/driver/nvidia/version": OPEN };
    const { output } = guest({ files, commands: { "apt-cache": ":" } }).apply("nvidia", cfg());
    expect(output).toContain("note: the node's module is 595.71.05, and it has a card that no branch after 580 drives");
  });

  it("lets go what it held when no driver is wanted any more, and nothing else, and says what stays", () => {
    const sandbox = guest({ files: { "var/held": "mine\n" } });
    sandbox.apply("nvidia", cfg());
    expect(sandbox.read("var/held")).toBe(`mine\n${HELD}`);
    const none = cfg({ driver: "none" });
    expect(sandbox.check("nvidia", none)).toMatchObject({ status: 2 });
    expect(sandbox.apply("nvidia", none)).toMatchObject({
      status: 0,
      output: expect.stringContaining("note: the driver's libraries of version 580.95.05 stay in this guest"),
    });
    expect(sandbox.read("var/held")).toBe("mine\n");
    const applied = sandbox.digest();
    expect(sandbox.apply("nvidia", none).output).toContain("done: 0 changed");
    expect(sandbox.check("nvidia", none)).toMatchObject({ status: 0 });
    expect(sandbox.digest()).toBe(applied);
  });

  it("installs again what a killed run had unpacked, and a check leaves that alone", () => {
    const sandbox = guest({ files: { "var/driver.run": RUNFILE } });
    sandbox.apply("nvidia", cfg({ runfile }));
    const unpacked = join(sandbox.root, "var/lib/proxmox-lab/nvidia-work/unpacked");
    mkdirSync(unpacked, { recursive: true });
    expect(sandbox.check("nvidia", cfg({ runfile }))).toMatchObject({ status: 2 });
    expect(existsSync(unpacked)).toBe(true);
    expect(sandbox.apply("nvidia", cfg({ runfile })).output).toContain("changed: driver 580.95.05\n");
    expect(existsSync(unpacked)).toBe(false);
  });

  it("takes a download up only where it is of the same run file", () => {
    const resuming = 'while [ "$1" != -o ]; do shift; done; cat /var/driver.run >>"$2"';
    const work = "var/lib/proxmox-lab/nvidia-work";
    const files = { "var/driver.run": RUNFILE, [`${work}/${"0".repeat(64)}.run`]: "of another" };
    const sandbox = guest({ files, commands: { curl: resuming } });
    expect(sandbox.apply("nvidia", cfg({ runfile }))).toMatchObject({ status: 0 });
  });

  it("does nothing where no driver is wanted, or the card is of another vendor", () => {
    const none = new Sandbox({ commands: COMMANDS }).apply("nvidia", cfg({ driver: "none" }));
    expect(none).toMatchObject({ status: 0, output: expect.stringContaining("nvidia_cfg.driver is none") });
    const intel = { "var/n/dev/dri/renderD128": "", "var/n/sys/class/drm/renderD128/device/vendor": "0x8086\n" };
    const other = new Sandbox({ commands: COMMANDS, files: intel }).apply("nvidia", cfg());
    expect(other).toMatchObject({ status: 0, output: expect.stringContaining("not applicable") });
  });

  it("fails with what nvidia-smi says, when both parts do not fit each other after all", () => {
    const commands = { "nvidia-smi": 'echo "Driver/library version mismatch"; exit 18' };
    const { output, status } = guest({ commands }).apply("nvidia", cfg());
    expect(status).toBe(1);
    expect(output).toContain("Driver/library version mismatch");
  });

  it("gives Docker its GPUs as CDI devices, without daemon.json", () => {
    const docker = {
      dockerd: 'echo "Docker version 27.5.1, build x"',
      gpg: "echo fpr:::::::::C95B321B61E88C1809C4F759DDCAE044F796ECB0:",
      "nvidia-ctk": 'echo "cdiVersion: 0.5.0"; echo "level=info" >&2',
      curl: 'while [ "$1" != -o ]; do shift; done; echo key >"$2"',
    };
    const sandbox = guest({ commands: docker });
    const { output, status } = sandbox.apply("nvidia", cfg());
    expect(status).toBe(0);
    expect(sandbox.read("etc/cdi/nvidia.yaml")).toBe("cdiVersion: 0.5.0\n");
    expect(sandbox.read("etc/apt/sources.list.d/nvidia-container-toolkit.sources")).toContain(
      "Signed-By: /etc/apt/keyrings/",
    );
    expect(output).toContain('Docker 27.5.1 takes CDI devices only with "features": {"cdi": true}');
    expect(existsSync(join(sandbox.root, "etc/docker"))).toBe(false);
    expect(sandbox.apply("nvidia", cfg()).output).toContain("done: 0 changed");
    const other = guest({ commands: { ...docker, gpg: "echo fpr:::::::::BAD:" } }).apply("nvidia", cfg());
    expect(other).toMatchObject({ status: 1, output: expect.stringContaining("nothing is installed") });
  });
});

describe("settings of nvidia", () => {
  const accepts = (nvidia_cfg: object) => nvidia.variables.safeParse({ nvidia_cfg }).success;

  it.each([{}, { driver: "none" }, { runfile }, { driver: "distribution", container_toolkit: false }])(
    "accept %j",
    (value) => expect(accepts(value)).toBe(true),
  );

  it.each([
    { driver: "runfile" },
    { runfile: { ...runfile, path: "/x" } },
    { runfile: { version: "580.95.05", sha256: runfile.sha256 } },
    { runfile: { ...runfile, sha256: "0" } },
    { runfile: { ...runfile, version: "580" } },
    { runfile: { ...runfile, url: "https://x/'$(id)" } },
    { container_toolkit_version: "--x" },
    { branch: 580 },
  ])("refuse %j", (value) => expect(accepts(value)).toBe(false));
});
