import { publicKey } from "../support/ssh-key";
import type { Guest } from "./support/guest";
import { describeInGuests, proveRole } from "./support/proof";

const KEY = `${publicKey()} ann@desk`;
const VARIABLES = {
  base_timezone: "Europe/Berlin",
  base_locale: "de_DE.UTF-8",
  base_packages: ["htop"],
  base_users: [{ name: "ann", sudo: true, groups: ["adm"], ssh_keys: [KEY] }],
  base_node_exporter: true,
};

async function works(guest: Guest): Promise<void> {
  const script = `
    date -d @0 +%Z; . /etc/default/locale; echo "$LANG"; locale -a | grep -c de_DE.utf8
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
      works: async (guest) => {
        const script = "systemd-analyze cat-config systemd/journald.conf | grep ^SystemMaxUse";
        expect(await guest.sh(script)).toBe("SystemMaxUse=50M");
      },
    },
    failed: {
      variables: { ...VARIABLES, base_packages: ["htop", "no-such-package"] },
      says: /error: package no-such-package: .* look at: apt-cache policy no-such-package/,
    },
    removed: {
      variables: { base_security_upgrades: false },
      says: [
        /authorized_keys.d\/ann removed/,
        /changed: ann no longer in group adm/,
        /note: the package prometheus-node-exporter stays/,
      ],
      works: async (guest) => {
        const script =
          "systemctl is-active prometheus-node-exporter; ls /etc/sudoers.d /etc/ssh/authorized_keys.d; id -nG ann; apt-config dump APT::Periodic::Unattended-Upgrade";
        expect(await guest.run(script)).toMatchObject({
          output: expect.stringMatching(
            /^inactive\n\/etc\/ssh\/authorized_keys.d:\n\n\/etc\/sudoers.d:\nREADME\nann\nAPT::Periodic::Unattended-Upgrade "0";\n/,
          ),
        });
      },
    },
  });

  it("keeps its locale when Debian 13 boots, which makes a link of a file in its place", async () => {
    const guest = await world().guest("13");
    await guest.sh(`rm /etc/default/locale; echo LANG=C.UTF-8 >/etc/default/locale
      printf '# ours\\nen_US.UTF-8 UTF-8' >/etc/locale.gen`);
    const variables = { base_locale: "de_DE@euro" };
    expect(await guest.apply("base", variables)).toMatchObject({ status: 0 });
    expect(
      await guest.sh("LC_ALL=de_DE@euro locale charmap; locale -a | grep -x en_US.utf8; cat /etc/locale.gen"),
    ).toBe("ISO-8859-15\nen_US.utf8\n# ours\nen_US.UTF-8 UTF-8\nde_DE@euro ISO-8859-15");
    await guest.stop();
    await world().start(guest);
    expect(await guest.check("base", variables)).toMatchObject({ status: 0 });
    expect(await guest.sh("cat /etc/default/locale; systemctl show-environment | grep ^LANG")).toBe(
      "LANG=de_DE@euro\nLANG=de_DE@euro",
    );
    await world().remove(guest);
  }, 180_000);

  it("and packages say what only the guest knows, and agree about an sshd that comes later", async () => {
    const guest = await world().guest("13");
    const listen = { base_node_exporter: true, base_node_exporter_listen: "192.0.2.77:9100" };
    const wrong = [
      [listen, "base", /cannot assign requested address[\s\S]*error: base_node_exporter_listen: .* does not stay up/],
      [
        { base_users: [{ name: "ann", shell: "/bin/nosuch" }] },
        "base",
        /the shell of ann, \/bin\/nosuch, is not there/,
      ],
      [{ base_locale: "de_DE.UTF-9" }, "base", /knows no locale de_DE\.UTF-9; write one of .* such as de_DE/],
      [{ packages_install: ["dnsutils"] }, "packages", /package dnsutils: .* these provide: bind9-dnsutils;/],
      [{ packages_hold: ["nosuchpkgx"] }, "packages", /error: packages_hold: nosuchpkgx cannot be held; /],
    ] as const;
    for (const [variables, role, says] of wrong) {
      const { output, status } = await guest.apply(role, variables);
      expect({ status, output }).toMatchObject({ status: 1, output: expect.stringMatching(says) });
    }
    expect(await guest.sh("grep -c UTF-9 /etc/locale.gen || :; getent passwd ann || echo none")).toBe("0\nnone");

    await guest.sh("apt-get -qy purge openssh-server; rm -rf /etc/ssh/sshd_config*");
    expect(await guest.apply("base")).toMatchObject({ status: 0 });
    expect(await guest.apply("packages", { packages_install: ["openssh-server"] })).toMatchObject({ status: 0 });
    expect(await guest.sh("sshd -T | grep ^passwordauthentication")).toBe("passwordauthentication no");
    expect(await guest.check("base")).toMatchObject({ status: 0 });
    await guest.sh("echo PermitRootLogin yes >/etc/ssh/sshd_config.d/00-x.conf");
    expect((await guest.check("base")).output).toMatch(/"permitrootlogin yes" holds, .* out of \S+\/00-x\.conf,/);
    await world().remove(guest);
  }, 180_000);
});
