import type { Guest } from "./support/guest";
import { describeInGuests, proveRole } from "./support/proof";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv0 ann@desk";
const VARIABLES = {
  base_timezone: "Europe/Berlin",
  base_locale: "de_DE.UTF-8",
  base_packages: ["htop"],
  base_users: [{ name: "ann", sudo: true, groups: ["adm"], ssh_keys: [KEY] }],
  base_node_exporter: true,
};

async function works(guest: Guest): Promise<void> {
  const script = `
    date -d @0 +%Z; . /etc/default/locale; echo "$LANG"; locale -a | grep -c de_DE
    htop --version | cut -d ' ' -f 1
    su ann -c 'sudo -n id -u'; id -nG ann
    sshd -T -C user=ann | grep -E '^(passwordauthentication|permitrootlogin|authorizedkeysfile)'
    systemctl is-active ssh prometheus-node-exporter
    apt-config dump APT::Periodic::Unattended-Upgrade; systemctl is-enabled apt-daily-upgrade.timer
    ss -Hltn 'sport = :9100' | wc -l`;
  expect((await guest.sh(script)).split("\n")).toEqual([
    "CET",
    "de_DE.UTF-8",
    "1",
    "htop",
    "0",
    "ann adm",
    "permitrootlogin without-password",
    "passwordauthentication no",
    "authorizedkeysfile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u",
    "active",
    "active",
    'APT::Periodic::Unattended-Upgrade "1";',
    "enabled",
    "1",
  ]);
}

describeInGuests("base", (world) => {
  proveRole(world, "base", {
    variables: VARIABLES,
    works,
    changed: {
      variables: { ...VARIABLES, base_journal_max_use: "50M" },
      says: ["/etc/systemd/journald.conf.d/60-proxmox-lab.conf", "systemd-journald restarted"],
      works: async (guest) =>
        expect(await guest.sh("systemd-analyze cat-config systemd/journald.conf | grep ^SystemMaxUse")).toBe(
          "SystemMaxUse=50M",
        ),
    },
    failed: {
      variables: { ...VARIABLES, base_packages: ["htop", "no-such-package"] },
      says: /error: package no-such-package: .* look at: apt-cache policy no-such-package/,
    },
    removed: {
      variables: { base_security_upgrades: false },
      says: [/authorized_keys.d\/ann removed/, /note: the package prometheus-node-exporter stays/],
      works: async (guest) => {
        const script =
          "systemctl is-active prometheus-node-exporter; ls /etc/sudoers.d /etc/ssh/authorized_keys.d; id -u ann; ls /etc/apt/apt.conf.d/60proxmox-lab 2>&1";
        expect(await guest.run(script)).toMatchObject({
          output: expect.stringMatching(
            /^inactive\n\/etc\/ssh\/authorized_keys.d:\n\n\/etc\/sudoers.d:\nREADME\n\d+\n.*No such file/,
          ),
        });
      },
    },
  });
});
