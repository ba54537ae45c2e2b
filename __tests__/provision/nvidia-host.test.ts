import { createHash } from "node:crypto";
import { describeInSandbox, Sandbox, type SandboxProps } from "../support/sandbox";

const INSTALLER = `#!/bin/sh
mkdir "$3"
cat >"$3/nvidia-installer" <<'END'
#!/bin/sh
case $1 in
  --advanced-options) printf '  %s\\n' --kernel-module-type=KIND --allow-installation-with-running-driver ;;
  *)
    case $* in *--allow-installation-with-running-driver*) ;; *) [ ! -e /var/n/proc/driver/nvidia/version ] || exit 1 ;; esac
    echo "$*" >>/var/installer; echo 580.95.05 >/var/built ;;
esac
END
chmod 755 "$3/nvidia-installer"
`;
const DRIVER = {
  version: "580.95.05",
  path: "/var/driver.run",
  sha256: createHash("sha256").update(INSTALLER).digest("hex"),
};
const settings = (driver: object = DRIVER) => ({ node_nvidia_driver: { ...driver }, nvidia_root: "/var/n" });
const LOADED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  VERSION  Tue Sep 23 09:55:41 UTC 2025\n";

function node({ commands = {}, files = {} }: SandboxProps = {}): Sandbox {
  return new Sandbox({
    commands: {
      "dpkg-query": 'echo "installed 1.0"',
      modinfo: "cat /var/built 2>/dev/null",
      modprobe: `mkdir -p /var/n/proc/driver/nvidia; sed s/VERSION/$(cat /var/built)/ /var/loaded >/var/n/proc/driver/nvidia/version`,
      "nvidia-smi": 'echo "GPU 0: Tesla P40"',
      "update-initramfs": "echo initramfs >>/var/calls",
      systemctl: "case $1 in is-enabled | is-active) [ -e /var/enabled ] ;; enable) : >/var/enabled ;; esac",
      ...commands,
    },
    files: {
      "var/n/sys/bus/pci/devices/a/vendor": "0x10de\n",
      "var/n/sys/bus/pci/devices/a/device": "0x1b38\n",
      "var/n/sys/bus/pci/devices/a/class": "0x030200\n",
      "var/driver.run": INSTALLER,
      "var/loaded": LOADED,
      "run/systemd/system/.keep": "",
      ...files,
    },
  });
}

describeInSandbox("the role nvidia-host", () => {
  it("builds the module by DKMS, of the kind that the card needs, once", () => {
    const pve = node();
    expect(pve.check("nvidia-host", settings()).status).toBe(2);
    const { output, status } = pve.apply("nvidia-host", settings());
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining("GPU 0: Tesla P40") });
    expect(pve.read("var/installer")).toContain("--silent --dkms --kernel-module-type=proprietary --no-x-check");
    expect(pve.read("var/n/etc/modprobe.d/proxmox-lab-nouveau.conf")).toContain("blacklist nouveau");
    expect(pve.read("var/calls")).toBe("initramfs\n");
    expect(pve.read("var/n/etc/systemd/system/proxmox-lab-nvidia.service")).toContain("Before=pve-guests.service");
    const again = pve.apply("nvidia-host", settings());
    expect(again.output).toMatch(/done: 0 changed/);
    expect(pve.read("var/installer").split("\n")).toHaveLength(2);
    expect(pve.check("nvidia-host", settings()).status).toBe(0);
  });

  it.each<[string, SandboxProps, object, RegExp]>([
    [
      "a version that drives the card no more",
      {},
      { ...DRIVER, version: "595.71.05" },
      /branch 580 is the last one for it/,
    ],
    [
      "a node without a card",
      { files: { "var/n/sys/bus/pci/devices/a/vendor": "0x8086\n" } },
      DRIVER,
      /has no NVIDIA card/,
    ],
    ["a file with another checksum", {}, { ...DRIVER, sha256: "0".repeat(64) }, /nothing of it was run/],
    [
      "a card that nouveau holds, until the node was restarted",
      { files: { "var/n/sys/module/nouveau/.keep": "" } },
      DRIVER,
      /switched off for the next boot: restart the node/,
    ],
    [
      "a module in use, until the node was restarted",
      { files: { "var/n/proc/driver/nvidia/version": LOADED.replace("VERSION", "550.163.01") } },
      DRIVER,
      /the module that is loaded is 550.163.01: guests still use it/,
    ],
  ])("refuses %s", (_, props, driver, message) => {
    const { output, status } = node(props).apply("nvidia-host", settings(driver));
    expect({ status, output }).toMatchObject({ status: 1, output: expect.stringMatching(message) });
  });
});
