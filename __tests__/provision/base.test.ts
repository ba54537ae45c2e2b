import { describeInSandbox, Sandbox } from "../support/sandbox";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv0 ann@desk";
const SSHD = { "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n" };
/** Packages are there already; users are kept by the real useradd. */
const DEBIAN = {
  "dpkg-query": 'echo "installed 1.0"',
  sshd: ":",
  visudo: ":",
};
const ANN = { name: "ann", ssh_keys: [KEY], sudo: true, groups: ["adm"] };
const ALL = {
  base_users: [ANN],
  base_packages: ["htop"],
  base_journal_max_use: "100M",
};

describeInSandbox("the base role", () => {
  it("makes users, with keys that only root can write, and sudo", () => {
    const guest = new Sandbox({ commands: DEBIAN, files: SSHD });
    expect(guest.apply("base", ALL).status).toBe(0);
    expect(guest.read("etc/passwd")).toMatch(/^ann:x:\d+:\d+:.*:\/home\/ann:\/bin\/(ba)?sh$/m);
    expect(guest.read("etc/group")).toMatch(/^adm:x:4:ann$/m);
    expect(guest.read("etc/ssh/authorized_keys.d/ann")).toBe(`${KEY}\n`);
    expect(guest.read("etc/sudoers.d/proxmox-lab")).toBe("ann ALL=(ALL:ALL) NOPASSWD: ALL\n");
  });

  it("changes no file the second time, and says so; a check agrees before and after", () => {
    const guest = new Sandbox({ commands: DEBIAN, files: SSHD });
    const untouched = guest.digest();
    expect(guest.check("base", ALL).status).toBe(2);
    expect(guest.digest()).toBe(untouched);
    guest.apply("base", ALL);
    const applied = guest.digest();
    expect(guest.apply("base", ALL).output).toMatch(/done: 0 changed/);
    expect(guest.check("base", ALL)).toMatchObject({ status: 0, output: expect.stringContaining("0 would change") });
    expect(guest.digest()).toBe(applied);
  });

  it("takes keys and sudo from a user who is no longer named, and leaves the account", () => {
    const guest = new Sandbox({ commands: DEBIAN, files: SSHD });
    guest.apply("base", ALL);
    const { output } = guest.apply("base", { ...ALL, base_users: [] });
    expect(output).toContain("changed: /etc/ssh/authorized_keys.d/ann removed");
    expect(output).toContain("changed: /etc/sudoers.d/proxmox-lab removed");
    expect(guest.read("etc/passwd")).toContain("ann:");
  });

  it("gives a user the group of that name that is there already", () => {
    const guest = new Sandbox({ commands: DEBIAN, files: SSHD });
    expect(guest.apply("base", { ...ALL, base_users: [{ name: "adm" }] }).status).toBe(0);
    expect(guest.read("etc/passwd")).toMatch(/^adm:x:\d+:4:/m);
  });

  it("installs nothing for sshd that sshd refuses, and says what it said", () => {
    const guest = new Sandbox({ commands: { ...DEBIAN, sshd: "echo bad option >&2; exit 255" }, files: SSHD });
    const { output, status } = guest.apply("base");
    expect(status).toBe(1);
    expect(output).toContain("sshd refuses what would be written: bad option");
    expect(() => guest.read("etc/ssh/sshd_config.d/10-proxmox-lab.conf")).toThrow();
  });

  it("hardens sshd only as far as it is told", () => {
    const guest = new Sandbox({ commands: DEBIAN, files: SSHD });
    const sshd = () => guest.read("etc/ssh/sshd_config.d/10-proxmox-lab.conf");
    guest.apply("base");
    expect(sshd()).toContain("PasswordAuthentication no\n");
    expect(sshd()).toContain("PermitRootLogin prohibit-password\n");
    guest.apply("base", { base_ssh_password_authentication: true });
    expect(sshd()).toContain("PasswordAuthentication yes\n");
    guest.apply("base", { base_ssh_hardening: false });
    expect(sshd()).toBe("AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n");
  });

  it("fails on a group that does not exist, by name", () => {
    const guest = new Sandbox({ commands: DEBIAN });
    const { output } = guest.apply("base", { base_users: [{ name: "ann", groups: ["video9"] }] });
    expect(output).toContain("ann cannot join the group video9");
  });

  it("says on Alpine what it leaves out", () => {
    const guest = new Sandbox({
      osRelease: "ID=alpine\n",
      commands: { apk: "exit 0", journalctl: "exit 1" },
    });
    const { output, status } = guest.apply("base", { base_locale: "de_DE.UTF-8" });
    expect(status).toBe(0);
    expect(output).toContain("skipped: base_locale: alpine has no locales to generate");
    expect(output).toContain("skipped: security upgrades: alpine has no unattended-upgrades");
  });

  describe("with the node exporter", () => {
    const EXPORTER = {
      ...DEBIAN,
      systemctl: 'case $1 in is-active | is-enabled) exit 0 ;; *) echo "$*" >>/var/calls ;; esac',
    };
    const RUNS = { "run/systemd/system/x": "", "var/calls": "" };
    const CONF = "etc/default/prometheus-node-exporter";

    it("lets it listen where it is told to, and restarts it when that changes", () => {
      const guest = new Sandbox({ commands: EXPORTER, files: RUNS });
      expect(guest.apply("base", { base_node_exporter: true }).status).toBe(0);
      expect(guest.read(CONF)).toBe('ARGS="--web.listen-address=:9100"\n');
      const there = { base_node_exporter: true, base_node_exporter_listen: "10.0.0.5:9100" };
      expect(guest.check("base", there)).toMatchObject({ status: 2 });
      guest.apply("base", there);
      expect(guest.read(CONF)).toBe('ARGS="--web.listen-address=10.0.0.5:9100"\n');
      expect(guest.read("var/calls").match(/^restart prometheus-node-exporter$/gm)).toHaveLength(2);
      const applied = guest.digest();
      expect(guest.apply("base", there).output).toContain("done: 0 changed");
      expect(guest.digest()).toBe(applied);
    });

    it("stops it when it is no longer wanted, but not one of somebody else's", () => {
      const guest = new Sandbox({ commands: EXPORTER, files: RUNS });
      guest.apply("base", { base_node_exporter: true });
      expect(guest.apply("base").output).toContain("changed: prometheus-node-exporter stopped and disabled");
      expect(guest.read("var/calls")).toContain("disable --now prometheus-node-exporter");
      expect(guest.apply("base").output).toContain("done: 0 changed");
      const other = new Sandbox({ commands: EXPORTER, files: { ...RUNS, [CONF]: "ARGS=\n" } });
      expect(other.apply("base").output).not.toContain("exporter");
      expect(other.read(CONF)).toBe("ARGS=\n");
    });
  });
});
