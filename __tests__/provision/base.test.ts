import { writeFileSync } from "node:fs";
import { join } from "node:path";
import base from "../../provision/base/role";
import { describeInSandbox, Sandbox } from "../support/sandbox";
import { publicKey } from "../support/ssh-key";

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

  it("finds what holds in sshd instead of its settings, and says in which file it stands", () => {
    // As sshd does, the first value that is read.
    const sshd = `for f; do :; done
{ sed '/^Include/,$d' "$f"; cat /etc/ssh/sshd_config.d/*.conf 2>/dev/null; sed '1,/^Include/d' "$f"; } | tr A-Z a-z | awk '!seen[$1]++'`;
    const guest = new Sandbox({ commands: { ...DEBIAN, sshd }, files: SSHD });
    const folder = join(guest.root, "etc/ssh/sshd_config.d");
    expect(guest.apply("base")).toMatchObject({ status: 0 });
    writeFileSync(join(folder, "50-later.conf"), "PermitRootLogin yes\n");
    expect(guest.check("base")).toMatchObject({ status: 0 });
    writeFileSync(join(folder, "00-sooner.conf"), "X11Forwarding no\nPermitRootLogin yes\n");
    for (const { output, status } of [guest.apply("base"), guest.check("base")]) {
      expect(status).toBe(1);
      expect(output).toContain('sshd: "permitrootlogin yes" holds, not what');
      expect(output).toContain("Take the line out of /etc/ssh/sshd_config.d/00-sooner.conf");
    }
    writeFileSync(join(folder, "00-sooner.conf"), "");
    writeFileSync(join(guest.root, "etc/ssh/sshd_config"), `permitrootlogin yes\n${SSHD["etc/ssh/sshd_config"]}`);
    expect(guest.check("base").output).toContain("Take the line out of /etc/ssh/sshd_config,");
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

  describe("of the groups of its users", () => {
    const MEMBERSHIPS = "var/lib/proxmox-lab/base-groups";
    const groupsOf = (guest: Sandbox) => guest.read("etc/group").match(/^(adm|docker):.*$/gm);
    const ann = (...groups: string[]) => ({ base_users: [{ name: "ann", groups }] });
    const files = {
      "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/bash\n",
      "etc/group": "root:x:0:\nadm:x:4:\ndocker:x:998:\nann:x:1000:\n",
    };

    it.each([
      ["a group that is taken off the list", ann()],
      ["every group of a user who is taken off the list", {}],
    ])("takes back %s, and says what that leaves", (_, later) => {
      const guest = new Sandbox({ commands: DEBIAN, files });
      guest.apply("base", ann("adm", "docker"));
      expect(groupsOf(guest)).toEqual(["adm:x:4:ann", "docker:x:998:ann"]);
      expect(guest.check("base", later)).toMatchObject({ status: 2 });
      const { output } = guest.apply("base", later);
      expect(output).toContain("changed: ann no longer in group adm");
      expect(output).toContain("note: what ann has started before keeps the group docker until it ends");
      expect(groupsOf(guest)).toEqual(["adm:x:4:", "docker:x:998:"]);
      expect(guest.check("base", later)).toMatchObject({ status: 0 });
      expect(() => guest.read(MEMBERSHIPS)).toThrow();
    });

    it("leaves those that were there before", () => {
      const group = files["etc/group"].replace("adm:x:4:", "adm:x:4:ann");
      const guest = new Sandbox({ commands: DEBIAN, files: { ...files, "etc/group": group } });
      guest.apply("base", ann("adm"));
      expect(guest.apply("base", ann()).output).toContain("done: 0 changed");
      expect(groupsOf(guest)).toContain("adm:x:4:ann");
    });

    it("takes back what a run that was killed had joined, and forgets what it had not", () => {
      const group = files["etc/group"].replace("adm:x:4:", "adm:x:4:ann");
      const state = { [MEMBERSHIPS]: "ann adm\nann docker\nben adm\n" };
      const guest = new Sandbox({ commands: DEBIAN, files: { ...files, ...state, "etc/group": group } });
      expect(guest.apply("base", ann("docker"))).toMatchObject({ status: 0 });
      expect(groupsOf(guest)).toEqual(["adm:x:4:", "docker:x:998:ann"]);
      expect(guest.read(MEMBERSHIPS)).toBe("ann docker\n");
    });

    it("shares docker with the role docker: who came by both stays until neither wants it", () => {
      const group = files["etc/group"].replace("docker:x:998:", "docker:x:998:ann");
      const byDocker = { "var/lib/proxmox-lab/docker-user": "ann\n", "etc/group": group };
      const guest = new Sandbox({ commands: DEBIAN, files: { ...files, ...byDocker } });
      guest.apply("base", ann("docker"));
      expect(guest.read(MEMBERSHIPS)).toBe("ann docker\n");
      expect(guest.apply("base", ann()).output).toContain("done: 0 changed");
      expect(groupsOf(guest)).toContain("docker:x:998:ann");
      expect(() => guest.read(MEMBERSHIPS)).toThrow();
    });
  });

  it("lets nobody in by a shell that is not there", () => {
    const guest = new Sandbox({ commands: DEBIAN });
    const settings = { base_users: [{ name: "ann", shell: "/bin/nosuch" }] };
    expect(guest.check("base", settings)).toMatchObject({ status: 2 });
    const { output, status } = guest.apply("base", settings);
    expect({ status, output }).toMatchObject({
      status: 1,
      output: expect.stringContaining(
        "base_users: the shell of ann, /bin/nosuch, is not there, so ann could not log in",
      ),
    });
    expect(guest.read("etc/passwd")).not.toContain("ann");
  });

  it("has its settings ready for an sshd that is installed later, and nothing to do then", () => {
    const guest = new Sandbox({ commands: DEBIAN });
    expect(guest.apply("base", { base_ssh_hardening: true })).toMatchObject({ status: 0 });
    expect(guest.read("etc/ssh/sshd_config.d/10-proxmox-lab.conf")).toContain("PasswordAuthentication no\n");
    writeFileSync(join(guest.root, "etc/ssh/sshd_config"), SSHD["etc/ssh/sshd_config"]);
    expect(guest.check("base", { base_ssh_hardening: true })).toMatchObject({ status: 0 });
  });

  it("turns upgrades off, which the package turns on by itself", () => {
    const guest = new Sandbox({ commands: DEBIAN });
    guest.apply("base");
    guest.apply("base", { base_security_upgrades: false });
    expect(guest.read("etc/apt/apt.conf.d/60proxmox-lab")).toBe('APT::Periodic::Unattended-Upgrade "0";\n');
    expect(guest.check("base", { base_security_upgrades: false })).toMatchObject({ status: 0 });
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

    it.each([
      ["systemd starts it again and again", "ActiveState=activating\\nNRestarts=3"],
      ["it has failed", "ActiveState=failed\\nNRestarts=0"],
    ])("fails when %s, with the setting and the reason", (_, state) => {
      const commands = {
        ...EXPORTER,
        systemctl: `case $1 in is-active | is-enabled) exit 1 ;; show) printf '${state}\\n' ;; esac`,
        journalctl: "echo listen tcp: bind: cannot assign requested address",
      };
      const guest = new Sandbox({ commands, files: RUNS });
      const there = { base_node_exporter: true, base_node_exporter_listen: "192.0.2.77:9100" };
      const { output, status } = guest.apply("base", there);
      expect({ status, output }).toMatchObject({
        status: 1,
        output: expect.stringMatching(
          /cannot assign requested address\n.*error: base_node_exporter_listen: .* does not stay up with --web\.listen-address=192\.0\.2\.77:9100/,
        ),
      });
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

describe("users of base", () => {
  const messages = (base_users: object) =>
    base.variables.safeParse({ base_users }).error?.issues.map(({ message, path }) => `${path.join(".")} ${message}`);

  it("are each in the list once", () => {
    expect(messages([{ name: "ann" }, { name: "ben" }])).toBeUndefined();
    expect(messages([{ name: "ann" }, { name: "ben" }, { name: "ann" }])).toEqual([
      "base_users.2.name ann is in the list twice",
    ]);
  });

  const lengths = { "ssh-rsa": [3, 257], "ecdsa-sha2-nistp256": [8, 65], "sk-ssh-ed25519@openssh.com": [32, 4] };
  const keys = [
    publicKey(),
    ...Object.entries(lengths).map(([type, each]) =>
      publicKey(
        type,
        each.map((length) => Buffer.alloc(length, 7)),
      ),
    ),
  ];

  it.each(keys)("have keys such as %s, but no part of one", (key) => {
    const told = (text: string) => messages([{ name: "ann", ssh_keys: [`${text} ann@desk`] }]);
    expect(told(key)).toBeUndefined();
    const parts = Array.from({ length: 12 }, (_, each) => key.slice(0, -1 - each)).filter((part) => !/ $/.test(part));
    // Padding that is missing is damage, too: sshd would not read the line.
    for (const part of [...parts, `${key}AAAA`])
      expect(told(part)?.join()).toMatch(/^base_users\.0\.ssh_keys\.0 nobody could log in with this public key: /);
  });

  it("have keys whose two types are one", () => {
    const [, body] = publicKey().split(" ");
    expect(messages([{ name: "ann", ssh_keys: [`ssh-rsa ${body}`] }])?.join()).toMatch(/is no ssh-rsa key$/);
  });
});
