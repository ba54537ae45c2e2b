import { spawnSync } from "node:child_process";
import { describeInSandbox, Sandbox } from "../support/sandbox";

const OWN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv0 ann@desk\n";
const NODES = "ssh-rsa AAAAB3NzaC1yc2E root@pve2\n";
const COMMANDS = {
  "dpkg-query": 'echo "installed 1.0"',
  sshd: ":",
  sysctl:
    'grep -q no.such "$3" && { echo "sysctl: cannot stat /proc/sys/no/such" >&2; exit 1; }; cat "$3" >>/var/lib/loaded',
  udevadm: "echo udevadm $* >>/var/lib/calls",
  chronyc: "echo chronyc $* >>/var/lib/calls",
  systemctl: ":",
};

const node = (keys = NODES + OWN) =>
  new Sandbox({
    commands: COMMANDS,
    files: {
      "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
      "root/.ssh/authorized_keys": keys,
      "etc/pve/nodes/pve2/.keep": "",
      "run/systemd/system/.keep": "",
      "proc/1/.keep": "",
    },
  });

const ALL = {
  node_profile: "virtualization",
  node_sysctl: ["vm.swappiness=1"],
  node_time_servers: ["192.168.1.1", "ntp.example.org"],
  node_packages: ["htop"],
};

describeInSandbox("the role node-base", () => {
  it("tunes, hardens and keeps time, and then has nothing to do", () => {
    const pve = node();
    const untouched = pve.digest();
    expect(pve.check("node-base", ALL).status).toBe(2);
    expect(pve.digest()).toBe(untouched);
    expect(pve.apply("node-base", ALL)).toMatchObject({ status: 0 });
    expect(pve.read("etc/sysctl.d/60-proxmox-lab-profile.conf")).toContain("\nvm.dirty_background_ratio = 5\n");
    expect(pve.read("etc/sysctl.d/61-proxmox-lab-own.conf")).toBe("vm.swappiness = 1\n");
    expect(pve.read("etc/udev/rules.d/60-proxmox-lab-disks.rules")).toContain('KERNEL=="nvme*"');
    expect(pve.read("etc/ssh/sshd_config.d/10-proxmox-lab.conf")).toMatch(/^PasswordAuthentication no\n/);
    expect(pve.read("etc/chrony/sources.d/proxmox-lab.sources")).toBe(
      "server 192.168.1.1 iburst\nserver ntp.example.org iburst\n",
    );
    expect(pve.read("etc/systemd/journald.conf.d/60-proxmox-lab.conf")).toContain("MaxRetentionSec=31day");
    expect(pve.read("etc/apt/apt.conf.d/60proxmox-lab")).toContain('Unattended-Upgrade "1"');
    expect(pve.read("var/lib/calls")).toContain("chronyc reload sources");
    const applied = pve.digest();
    expect(pve.apply("node-base", ALL).output).toMatch(/done: 0 changed/);
    expect(pve.check("node-base", ALL).status).toBe(0);
    expect(pve.digest()).toBe(applied);
  });

  it.each([
    ["no key at all", ""],
    ["none but the nodes' own", NODES],
    ["a comment", "# ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n"],
  ])("locks nobody out: with %s it refuses to take passwords away", (_, keys) => {
    const pve = node(keys);
    const { output, status } = pve.apply("node-base");
    expect(status).toBe(1);
    expect(output).toContain("nobody could log in as root any more");
    expect(() => pve.read("etc/ssh/sshd_config.d/10-proxmox-lab.conf")).toThrow();
    expect(pve.apply("node-base", { node_ssh_hardening: false }).status).toBe(0);
  });

  it("keeps no kernel setting that the kernel refuses", () => {
    const pve = node();
    const { output, status } = pve.apply("node-base", { node_sysctl: ["no.such=1"] });
    expect(status).toBe(1);
    expect(output).toContain("the kernel refuses 61-proxmox-lab-own.conf: sysctl: cannot stat");
    expect(() => pve.read("etc/sysctl.d/61-proxmox-lab-own.conf")).toThrow();
  });

  it("takes away what is not wanted any more", () => {
    const pve = node();
    pve.apply("node-base", ALL);
    const { output } = pve.apply("node-base", { node_ssh_hardening: false, node_security_upgrades: false });
    for (const file of ["60-proxmox-lab-profile.conf", "61-proxmox-lab-own.conf", "60-proxmox-lab-disks.rules"])
      expect(output).toContain(`${file} removed`);
    expect(output).toContain("changed: /etc/ssh/sshd_config.d/10-proxmox-lab.conf removed");
    expect(output).toContain("changed: /etc/chrony/sources.d/proxmox-lab.sources removed");
  });

  it("has a profile of settings that this kernel knows", () => {
    const said = spawnSync("sh", [
      "-c",
      "sed -n 's/ = .*//p' provision/node-base/files/virtualization.conf | xargs -n 1 sysctl -n 2>&1 >/dev/null",
    ]);
    // A network namespace has no table of neighbours of its own.
    expect(
      String(said.stdout)
        .split("\n")
        .filter((line) => line && !line.includes("gc_thresh3")),
    ).toEqual([]);
  });
});
